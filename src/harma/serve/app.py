"""The application: routes, errors, headers, start and end of a server."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI

from harma.ground.version import __version__
from harma.serve.embedding import share_cores
from harma.serve.problems import add_problem_handlers
from harma.serve.routes import uploads
from harma.serve.service import Service

# What makes the routes of each thing that is served.
ROUTES: tuple[Callable[[Service], APIRouter], ...] = (uploads.routes,)


def make_app(service: Service) -> FastAPI:
    """The application of a server; its indexes are warmed up when it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        threading.Thread(target=_warm_up, args=[service], daemon=True).start()
        yield
        service.search_work.close()
        service.tile_work.close()
        service.uploads.close()

    app = FastAPI(title="HarMA", version=__version__, lifespan=lifespan)
    add_problem_handlers(app)
    for routes in ROUTES:
        app.include_router(routes(service))
    return app


def _warm_up(service: Service) -> None:
    share_cores(service.settings.limits.threads)
    for index in service.indexes.values():
        index.warm_up()
