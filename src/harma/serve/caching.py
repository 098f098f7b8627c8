"""Answers that clients may keep: ETag, Cache-Control, and 304 where theirs is still right."""

from collections.abc import Mapping
from typing import Any

from fastapi import Request, Response

# Only the client itself keeps answers: what it may see is not for all behind one proxy.
AN_HOUR = "private, max-age=3600"
ASK_FIRST = "private, no-cache"
FOR_EVER = "private, max-age=31536000, immutable"
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {
    304: {"description": "what the client has is still right"}
}


def is_known(request: Request, tag: str) -> bool:
    """Whether a client has the content of a tag already."""
    known = request.headers.get("if-none-match", "")
    tags = {one.strip().removeprefix("W/") for one in known.split(",")}
    return quoted_tag(tag) in tags or "*" in tags


def cached(response: Response, tag: str, lifetime: str) -> Response:
    """Say how long an answer may be kept.

    Args:
        response: the answer.
        tag: of its content.
        lifetime: one of the above.
    """
    response.headers.update(_headers(tag, lifetime))
    return response


def not_modified(tag: str, lifetime: str) -> Response:
    """Tell a client that what it has is still right."""
    return Response(status_code=304, headers=_headers(tag, lifetime))


def quoted_tag(tag: str) -> str:
    """A tag as headers write it."""
    return f'"{tag}"'


def _headers(tag: str, lifetime: str) -> Mapping[str, str]:
    return {"ETag": quoted_tag(tag), "Cache-Control": lifetime}
