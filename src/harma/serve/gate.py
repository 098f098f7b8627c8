"""The gate: what is refused before it reaches a route, by host, page, key, or since it would write.

Each check says what is wrong with a request, or nothing.
"""

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

from fastapi import Request
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from harma.serve.keys import Keys, read_keys
from harma.serve.problems import plain_problem, route_path
from harma.serve.proxies import IS_FROM_PROXY, REAL_HOST
from harma.serve.settings import ServeSettings
from harma.serve.settings_checks import is_loopback

Check = Callable[[Request], JSONResponse | None]
READING = ("GET", "HEAD", "OPTIONS")
# What is asked with POST and writes nothing that stays.
ASKING = re.compile(r"(/v1/indexes/[^/]+/search|/v1/searches/[^/]+/search|/search|/v1/uploads)/?")
# What anybody may have: whether the server is alive, and the page, which asks for the key.
OPEN_TO_ALL = re.compile(r"/?|/healthz|/readyz|/v1/page|/assets/[^/]+")
HEALTH = ("/healthz", "/readyz")
# What a browser says of pages that may call: its own, and none (the address was typed).
OWN_PAGES = ("same-origin", "none")
# Whom a request is of, in its state.
WHO = "who"


def who_of(request: Request) -> str:
    """The person whose key it is, or whom a trusted proxy names; "" where that is not known."""
    return str(getattr(request.state, WHO, ""))


class Gate:
    """Answers what a check refuses, and lets everything else in.

    Args:
        app: what answers the rest.
        checks: in their order.
    """

    def __init__(self, app: ASGIApp, checks: Sequence[Check]) -> None:
        self._app = app
        self._checks = checks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            request = Request(scope)
            for check in self._checks:
                refusal = check(request)
                if refusal is not None:
                    await refusal(scope, receive, send)
                    return
        await self._app(scope, receive, send)


def checks_of(settings: ServeSettings) -> list[Check]:
    """The checks that the settings of a server ask for."""
    checks: list[Check] = []
    has_lock = settings.key_file is not None or bool(settings.trust_header)
    if settings.hosts or not has_lock:
        checks.append(host_check(settings))
    checks.append(foreign_page_check(settings))
    if has_lock:
        keys = None
        if settings.key_file is not None:
            keys = read_keys(settings.key_file)
        checks.append(access_check(keys, settings.trust_header))
    if settings.is_read_only:
        checks.append(refuse_writing)
    return checks


def host_check(settings: ServeSettings) -> Check:
    """Only names of this machine: a page elsewhere may give its own name this machine's address."""
    known = {settings.host, *settings.hosts}

    def check(request: Request) -> JSONResponse | None:
        if route_path(request) in HEALTH:
            # Asked by address, by what looks after servers.
            return None
        host = _host_name(request.scope.get(REAL_HOST, ""))
        if host in known or is_loopback(host):
            return None
        return plain_problem(
            421, "this server does not answer to that name; start it with --name NAME if it should"
        )

    return check


def _host_name(host: str) -> str:
    """A host without its port, and without the brackets of IPv6."""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""


def foreign_page_check(settings: ServeSettings) -> Check:
    """No page of another origin changes anything; those that are named may."""

    def check(request: Request) -> JSONResponse | None:
        if request.method in READING or not _is_foreign(request, settings.origins):
            return None
        return plain_problem(
            403, "a page of another origin may not do this; start the server with --origin ORIGIN"
        )

    return check


def _is_foreign(request: Request, origins: Sequence[str]) -> bool:
    """Whether a browser says that a page of elsewhere sends a request."""
    origin = request.headers.get("origin")
    if origin in origins:
        return False
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site not in OWN_PAGES
    if origin is None:
        return False
    return urlsplit(origin).netloc != request.headers.get("host")


def access_check(keys: Keys | None, trust_header: str) -> Check:
    """A key, or the name of a person from a proxy that is trusted.

    Args:
        keys: that are taken; None takes none.
        trust_header: in which a proxy names the person; "" trusts none.
    """

    def check(request: Request) -> JSONResponse | None:
        name = ""
        if trust_header and request.scope.get(IS_FROM_PROXY, False):
            name = request.headers.get(trust_header, "").strip()
        if not name and keys is not None:
            name = keys.name_of(_bearer(request)) or ""
        if name:
            setattr(request.state, WHO, name)
            return None
        if request.method in ("GET", "HEAD") and OPEN_TO_ALL.fullmatch(route_path(request)):
            return None
        return plain_problem(
            401,
            "this server asks for a key: send it as `Authorization: Bearer KEY`",
            headers={"WWW-Authenticate": "Bearer"},
        )

    return check


def _bearer(request: Request) -> str:
    scheme, _, key = request.headers.get("authorization", "").partition(" ")
    return key.strip() if scheme.lower() == "bearer" else ""


def refuse_writing(request: Request) -> JSONResponse | None:
    """Refuse what would change something."""
    if request.method in READING:
        return None
    if request.method == "POST" and ASKING.fullmatch(route_path(request)):
        return None
    return plain_problem(403, "this server only reads: nothing is saved, marked or watched here")
