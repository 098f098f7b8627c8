"""Addresses of the API as its clients see it: below the root path, by the name that they used."""

from typing import Any
from urllib.parse import urlencode

from fastapi import Request


def link(request: Request, path: str, **query: Any) -> str:
    """An address of this server.

    Args:
        request: that is answered.
        path: below the root path, beginning with a slash.
        **query: values of it; None leaves one out.
    """
    values = {name: value for name, value in query.items() if value is not None}
    address = str(request.base_url).rstrip("/") + path
    if values:
        address = f"{address}?{urlencode(values)}"
    return address
