"""Security headers of every answer: what a page may load (CSP), who may frame it, no guessing."""

import re
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from harma.serve.settings import ServeSettings


class SecurityHeaders:
    """Adds headers to every answer.

    Args:
        app: what answers.
        headers: name → value.
    """

    def __init__(self, app: ASGIApp, headers: Mapping[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""

        async def add(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(self._headers)
            await send(message)

        await self._app(scope, receive, add)


def headers_of(settings: ServeSettings) -> dict[str, str]:
    """The security headers of a server."""
    referrer = "same-origin"
    if settings.basemap:
        # Servers of base maps ask which site their tiles are for.
        referrer = "strict-origin"
    headers = {
        "Content-Security-Policy": policy_of(settings),
        "X-Content-Type-Options": "nosniff",
        "Referrer-Policy": referrer,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "cross-origin" if settings.origins else "same-origin",
    }
    if not settings.frame_ancestors:
        headers["X-Frame-Options"] = "DENY"
    return headers


def policy_of(settings: ServeSettings) -> str:
    """What pages of a server may load: its own files, and the operator's base map."""
    basemap = basemap_source(settings.basemap)
    ancestors = " ".join(settings.frame_ancestors) or "'none'"
    parts = [
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        f"img-src 'self' data: blob: {basemap}",
        f"connect-src 'self' {basemap}",
        "font-src 'self'",
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        f"frame-ancestors {ancestors}",
    ]
    return "; ".join(part.strip() for part in parts)


def basemap_source(basemap: str) -> str:
    """The origin of a base map as a policy writes it; "" for none.

    Its subdomains may be in braces: https://{a-c}.tile.example.org/{z}/{x}/{y}.png.
    """
    if not basemap:
        return ""
    split = urlsplit(basemap)
    host = re.sub(r"^\{[^}]*\}", "*", split.netloc)
    return f"{split.scheme}://{host}"
