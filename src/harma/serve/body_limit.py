"""Bodies of requests that are too large: 413 by their header, or when too much has come."""

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harma.serve.problems import plain_problem
from harma.serve.settings import Limits

# Ends of addresses that take files.
FILES = ("/v1/uploads", "/marks/import")


class BodyLimit:
    """Refuses bodies that are too large.

    Args:
        app: what answers.
        limits: of the server.
    """

    def __init__(self, app: ASGIApp, limits: Limits) -> None:
        self._app = app
        self._limits = limits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        most = self._limits.body_bytes
        if scope["path"].rstrip("/").endswith(FILES):
            most = self._limits.upload_bytes
        too_large = f"the body is larger than {most:,} bytes, the most that is taken here"
        length = Headers(scope=scope).get("content-length", "")
        if length.isdecimal() and int(length) > most:
            await _let_come(receive, self._limits.upload_bytes)
            await plain_problem(413, too_large)(scope, receive, send)
            return
        num_bytes = 0

        async def counted() -> Message:
            nonlocal num_bytes
            message = await receive()
            num_bytes += len(message.get("body", b""))
            # A body in pieces does not say before how large it is.
            if num_bytes > most:
                raise HTTPException(413, too_large)
            return message

        await self._app(scope, counted, send)


async def _let_come(receive: Receive, most: int) -> None:
    """Take a body and forget it, up to a size.

    A proxy that is still sending when the connection closes tells its client of a broken server
    (502), and not what is wrong.
    """
    num_bytes = 0
    has_more = True
    while has_more and num_bytes <= most:
        message = await receive()
        num_bytes += len(message.get("body", b""))
        has_more = message.get("more_body", False)
