"""The application: routes, errors, headers, start and end of a server."""

import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import APIRouter, FastAPI
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware

from harma.ground.version import __version__
from harma.serve.body_limit import BodyLimit
from harma.serve.faults import Faults
from harma.serve.gate import Gate, checks_of
from harma.serve.headers import SecurityHeaders, headers_of
from harma.serve.heads import Heads
from harma.serve.metrics import MetricsMiddleware
from harma.serve.openapi import DESCRIPTION, describe
from harma.serve.page_files import PageAtRoot
from harma.serve.problems import add_problem_handlers
from harma.serve.proxies import Proxies
from harma.serve.routes import (
    chips,
    health,
    indexes,
    marks,
    ogc,
    page,
    search,
    searches,
    sources,
    stac,
    uploads,
    watches,
)
from harma.serve.service import Service
from harma.serve.upkeep import keep_up_to_date

# What makes the routes of each thing that is served.
ROUTES: tuple[Callable[[Service], APIRouter], ...] = (
    health.routes,
    page.routes,
    indexes.routes,
    search.routes,
    chips.routes,
    uploads.routes,
    searches.routes,
    marks.routes,
    watches.routes,
    sources.routes,
    ogc.routes,
    stac.routes,
)
# Smaller answers do not get smaller.
LEAST_ZIPPED = 1000
# Of 1 to 9: higher ones take twice as long for a few bytes.
ZIP_LEVEL = 5


def make_app(service: Service) -> FastAPI:
    """The application of a server; its indexes are warmed up when it starts."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        is_ended = threading.Event()
        threading.Thread(target=keep_up_to_date, args=[service, is_ended], daemon=True).start()
        yield
        is_ended.set()
        service.close()

    app = FastAPI(
        title="HarMA",
        description=DESCRIPTION,
        version=__version__,
        lifespan=lifespan,
        # Their pages load scripts from elsewhere.
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
    )
    add_problem_handlers(app)
    for routes in ROUTES:
        app.include_router(routes(service))
    describe(app)
    _wrap(app, service)
    return app


def _wrap(app: FastAPI, service: Service) -> None:
    """Put around an application what every request goes through; the first is the innermost."""
    settings = service.settings
    app.add_middleware(Faults)
    app.add_middleware(PageAtRoot)
    app.add_middleware(GZipMiddleware, minimum_size=LEAST_ZIPPED, compresslevel=ZIP_LEVEL)
    app.add_middleware(Heads)
    app.add_middleware(BodyLimit, limits=settings.limits)
    app.add_middleware(Gate, checks=checks_of(settings))
    if settings.origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=settings.origins,
            allow_methods=["GET", "POST", "PUT", "PATCH", "DELETE"],
            allow_headers=["Authorization", "Content-Type"],
            expose_headers=["Content-Disposition", "ETag", "Retry-After"],
        )
    app.add_middleware(SecurityHeaders, headers=headers_of(settings))
    app.add_middleware(MetricsMiddleware, metrics=service.metrics)
    app.add_middleware(Proxies, trusted=settings.trusted_proxies, root_path=settings.root_path)
