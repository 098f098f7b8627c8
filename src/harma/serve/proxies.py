"""Proxies: what one that is trusted says of host, protocol, sub-path and client is believed.

Of everybody else these headers are ignored: they would make links of a stranger's choice.
"""

import ipaddress
import re
from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from harma.serve.settings_checks import ROOT_PATH

# In the scope of a request: whether a trusted proxy handed it on.
IS_FROM_PROXY = "harma.is_from_proxy"
# And the host that it really came to: a page that gives its own name this machine's address may say
# what it likes in all other headers.
REAL_HOST = "harma.real_host"
HOST = re.compile(r"[\w.-]+(:\d{1,5})?|\[[0-9a-fA-F:.]+\](:\d{1,5})?")
PROTOCOLS = ("http", "https")


class Proxies:
    """Puts into a request what its proxy says of it.

    Args:
        app: what answers.
        trusted: addresses and networks of proxies.
        root_path: where a proxy has the server, if it does not say so itself.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[str], root_path: str = "") -> None:
        self._app = app
        self._trusted = [ipaddress.ip_network(one, strict=False) for one in trusted]
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            scope = {
                **scope,
                IS_FROM_PROXY: self._is_trusted(scope.get("client")),
                REAL_HOST: Headers(scope=scope).get("host", ""),
            }
            root_path = self._root_path
            if scope[IS_FROM_PROXY]:
                root_path = _believe(scope) or root_path
            _put_below(scope, root_path)
        await self._app(scope, receive, send)

    def _is_trusted(self, client: Sequence[object] | None) -> bool:
        if not client:
            return False
        try:
            address = ipaddress.ip_address(str(client[0]))
        except ValueError:
            return False
        return any(address in network for network in self._trusted)


def _believe(scope: Scope) -> str:
    """Put what a proxy says into a request; what it has of the sub-path is given back."""
    headers = Headers(scope=scope)
    protocol = _first(headers, "x-forwarded-proto")
    if protocol in PROTOCOLS:
        scope["scheme"] = protocol
    host = _first(headers, "x-forwarded-host")
    if HOST.fullmatch(host):
        others = [pair for pair in scope["headers"] if pair[0] != b"host"]
        scope["headers"] = [(b"host", host.encode()), *others]
    prefix = _first(headers, "x-forwarded-prefix").rstrip("/")
    return prefix if ROOT_PATH.fullmatch(prefix) else ""


def _first(headers: Headers, name: str) -> str:
    """What the proxy nearest to the client said."""
    return headers.get(name, "").partition(",")[0].strip()


def _put_below(scope: Scope, root_path: str) -> None:
    """Put a request below a root path, whether or not its proxy has cut that off."""
    scope["root_path"] = root_path
    if not f"{scope['path']}/".startswith(f"{root_path}/"):
        scope["path"] = root_path + scope["path"]
