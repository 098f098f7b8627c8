"""Faults: errors that nobody thought of become a 500 inside all that adds headers to answers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harma.serve.problems import fault


class Faults:
    """Answers 500 where something else goes wrong.

    Args:
        app: what answers.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        has_begun = False

        async def watch(message: Message) -> None:
            nonlocal has_begun
            has_begun = True
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except Exception as error:
            # Half an answer cannot be taken back; the connection breaks off.
            if has_begun or scope["type"] != "http":
                raise
            await fault(error)(scope, receive, send)
