"""HEAD wherever GET is: the same headers without the content, as HTTP has it (RFC 9110)."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Answers HEAD as GET is answered, without the content.

    Args:
        app: what answers GET.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def without_content(message: Message) -> None:
            # What sends it knows that an answer to HEAD is shorter than it says.
            scope["method"] = "HEAD"
            if message["type"] == "http.response.body":
                # An answer in parts ends when its last part would.
                message = {**message, "body": b""}
            await send(message)

        # The same scope, not a copy: those outside look up its route.
        scope["method"] = "GET"
        await self._app(scope, receive, without_content)
