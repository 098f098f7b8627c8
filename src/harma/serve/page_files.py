"""Files of the map page: read once from the package, sent by their names, never by a path."""

import mimetypes
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from importlib.resources import files

from fastapi import Request, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from harma.serve.caching import ASK_FIRST, FOR_EVER, cached, is_known, not_modified
from harma.serve.problems import plain_problem

INDEX = "index.html"
# The bundler puts a hash of the content into a name: it never means anything else.
HASHED = re.compile(r"[-.][0-9A-Za-z]{8,}\.\w+$")
# Not known to every system's table.
TYPES = {".js": "text/javascript", ".css": "text/css", ".json": "application/json"}
TEXTS = ("text/", "application/json", "image/svg")


@dataclass(frozen=True)
class PageFile:
    """A file of the page.

    Attributes:
        content: its bytes.
        media_type: of it.
        tag: of its content.
        lifetime: how long a browser keeps it.
    """

    content: bytes
    media_type: str
    tag: str
    lifetime: str


@cache
def page_files() -> dict[str, PageFile]:
    """Name → file of the page; empty where the package has none."""
    return dict(_read())


def _read() -> Iterator[tuple[str, PageFile]]:
    folder = files("harma.serve").joinpath("page")
    if not folder.is_dir():
        return
    for entry in folder.iterdir():
        if entry.is_file() and not entry.name.startswith((".", "_")):
            yield entry.name, _file(entry.name, entry.read_bytes())


def _file(name: str, content: bytes) -> PageFile:
    suffix = name[name.rfind(".") :]
    media_type = TYPES.get(suffix) or mimetypes.guess_type(name)[0] or "application/octet-stream"
    if media_type.startswith(TEXTS):
        media_type += "; charset=utf-8"
    lifetime = FOR_EVER if HASHED.search(name) else ASK_FIRST
    return PageFile(content, media_type, sha256(content).hexdigest()[:32], lifetime)


def page_response(request: Request, name: str) -> Response:
    """A file of the page as an answer, or the problem that there is none."""
    file = page_files().get(name)
    if file is None:
        return plain_problem(404, f"the page has no file {name!r}")
    if is_known(request, file.tag):
        return not_modified(file.tag, file.lifetime)
    response = Response(file.content, media_type=file.media_type)
    return cached(response, file.tag, file.lifetime)


class PageAtRoot:
    """Answers browsers at `/` with the page; all others get what the API has there.

    Args:
        app: what answers the others.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http" and wants_page(Request(scope)):
            await page_response(Request(scope), INDEX)(scope, receive, send)
            return
        await self._app(scope, receive, send)


def wants_page(request: Request) -> bool:
    """Whether a request is a browser's that opens the page."""
    if request.method != "GET" or INDEX not in page_files():
        return False
    root_path = request.scope.get("root_path", "")
    if request.scope["path"].removeprefix(root_path) not in ("", "/"):
        return False
    form = request.query_params.get("f")
    if form is not None:
        return form == "html"
    return "text/html" in request.headers.get("accept", "")
