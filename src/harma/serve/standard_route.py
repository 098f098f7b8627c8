"""Routes of OGC and STAC: a wrong request is answered with 400, as their standards have it."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute

from harma.errors import QueryError
from harma.ground.messages import sendable
from harma.serve.problems import plain_problem

Handler = Callable[[Request], Coroutine[Any, Any, Response]]


class StandardRoute(APIRoute):
    """A route that answers 400 where others answer 422."""

    def get_route_handler(self) -> Handler:
        """See `APIRoute.get_route_handler`."""
        handler = super().get_route_handler()

        async def handle(request: Request) -> Response:
            try:
                return await handler(request)
            except QueryError as error:
                return plain_problem(400, error.problem)
            except RequestValidationError as error:
                first = error.errors()[0]
                field = ".".join(str(part) for part in first["loc"][1:])
                return plain_problem(400, f"{field or 'body'}: {sendable(first['msg'])}")

        return handle
