"""A client of an application in its own process, which sends what no other client lets through."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

Headers = list[tuple[bytes, bytes]]


@dataclass
class Asked:
    """A request.

    Attributes:
        method: of it.
        target: path and query, as they are on the wire.
        headers: names in small letters.
        body: in its pieces.
    """

    method: str
    target: str
    headers: Headers = field(default_factory=list)
    body: list[bytes] = field(default_factory=lambda: [b""])

    def __repr__(self) -> str:
        shown = b"".join(self.body)
        head = f"{self.method} {self.target[:400]} {self.headers!r:.600}"
        return f"{head} {shown[:600]!r} ({len(shown)})"


@dataclass
class Answered:
    """An answer.

    Attributes:
        status: of it; 0 where there is none.
        headers: names in small letters.
        body: whole.
    """

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


class AsgiClient:
    """Asks an application, one request after the other.

    Args:
        app: that answers; what it raises goes through.
    """

    def __init__(self, app: Any) -> None:
        self._app = app
        self._loop = asyncio.new_event_loop()

    def ask(self, asked: Asked) -> Answered:
        """The answer to a request."""
        return self._loop.run_until_complete(self._ask(asked))

    async def _ask(self, asked: Asked) -> Answered:
        answered = Answered()
        pieces = iter([*((piece, True) for piece in asked.body), (b"", False)])
        # What listens for the end of a connection waits, as one that is still there does not end.
        never = asyncio.Event()

        async def receive() -> dict[str, Any]:
            piece, is_more = next(pieces, (None, False))
            if piece is None:
                await never.wait()
            return {"type": "http.request", "body": piece, "more_body": is_more}

        async def send(message: dict[str, Any]) -> None:
            if message["type"] == "http.response.start":
                answered.status = message["status"]
                answered.headers = _as_text(message.get("headers", ()))
            else:
                answered.body += message.get("body", b"")

        await self._app(scope_of(asked), receive, send)
        return answered


def scope_of(asked: Asked) -> dict[str, Any]:
    """What a server hands to an application."""
    path, _, query = asked.target.partition("?")
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("ascii", "replace"),
        "query_string": query.encode("ascii", "replace"),
        "root_path": "",
        "headers": asked.headers,
        "client": ("127.0.0.1", 1234),
        "server": ("127.0.0.1", 8000),
        "state": {},
    }


def _as_text(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
