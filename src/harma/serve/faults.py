"""Faults: errors that nobody thought of become a 500 inside all that adds headers to answers."""

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harma.serve.problems import fault, plain_problem

ENDS = "the server ends, and could not finish this; ask again when it is back"


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
        except asyncio.CancelledError:
            # The server ends, and has waited for this as long as it does.
            if has_begun or scope["type"] != "http":
                raise
            await plain_problem(503, ENDS)(scope, receive, send)
        except Exception as error:
            # Half an answer cannot be taken back; the connection breaks off.
            if has_begun or scope["type"] != "http":
                raise
            await fault(error)(scope, receive, send)
