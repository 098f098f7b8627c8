"""Hosts that webhooks may tell: named by who runs the program, checked again at each connection.

An address that a stranger gave would make this machine speak to whatever it names. So only hosts
that were named are told, none of a private network unless it was named as such, and what a name
resolves to is looked at when it is connected to: a name may lead elsewhere tomorrow.
"""

import ipaddress
import re
import socket
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from harma.errors import ConfigError, HarmaError, QueryError

PRIVATE = "private:"
PORTS = {"https": 443, "http": 80}
ADDRESS_LENGTH = 500
_PLAIN = re.compile(r"https?://[!\"$-~]+", re.IGNORECASE)
# Addresses of IPv6 that stand for one of IPv4, which a gateway would take apart.
_TRANSLATED = (ipaddress.ip_network("64:ff9b::/96"), ipaddress.ip_network("64:ff9b:1::/48"))

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address


class NotToldError(HarmaError, OSError):
    """Somebody could not be told of events; the message says why, and it is tried again."""


@dataclass(frozen=True)
class WebhookHost:
    """A host that may be told.

    Attributes:
        name: of it, in lower case.
        port: that is allowed; None allows the usual ones, 443 and 80.
        is_private: it may lie in a private network, or be this machine.
    """

    name: str
    port: int | None
    is_private: bool

    @classmethod
    def of(cls, text: str) -> "WebhookHost":
        """Read a host as it is named: hooks.example.org, localhost:9000, private:tasks.lan.

        Raises:
            ConfigError: it is none.
        """
        named = text.strip()
        is_private = named.startswith(PRIVATE)
        named = named.removeprefix(PRIVATE)
        try:
            parts = urlsplit(f"//{named}")
            port = parts.port
        except ValueError:
            parts = SplitResult("", "", "", "", "")
            port = None
        if not parts.hostname or parts.netloc != named or "@" in named:
            raise ConfigError(
                f"{text!r} is no host that webhooks may tell; name it as hooks.example.org,"
                " hooks.example.org:8443, or private:tasks.lan where it lies in a private network"
            )
        # Who names an address of this network, or this machine, means it.
        is_private = is_private or parts.hostname == "localhost" or _is_ip(parts.hostname)
        return cls(parts.hostname, port, is_private)


@dataclass(frozen=True)
class WebhookTarget:
    """Where a webhook is told.

    Attributes:
        scheme: "https" or "http".
        host: name of it.
        port: of it.
        path: with its query, beginning with a slash.
        is_private: the host was named as one that may be private.
    """

    scheme: str
    host: str
    port: int
    path: str
    is_private: bool


def target_of(address: str, hosts: Iterable[str]) -> WebhookTarget:
    """Where an address leads, if it may be told.

    Args:
        address: of a webhook.
        hosts: that may be told, as they were named.

    Raises:
        QueryError: it may not, or is no address.
    """
    parts, port = _split(address)
    host = parts.hostname or ""
    for named in map(WebhookHost.of, hosts):
        ports = PORTS.values() if named.port is None else [named.port]
        if named.name == host and port in ports:
            path = parts.path or "/"
            if parts.query:
                path = f"{path}?{parts.query}"
            return WebhookTarget(parts.scheme, host, port, path, named.is_private)
    where = host if port in PORTS.values() else f"{host}:{port}"
    raise QueryError(
        f"the webhook's host {where} is not among those that may be told; who runs this names"
        f" them at start (--webhook-host {where})"
    )


def resolved(target: WebhookTarget) -> str:
    """The address of a target's host, to connect to; a private one only if it was named as such.

    Raises:
        NotToldError: it has none, or one that may not be told.
    """
    try:
        found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise NotToldError(
            f"the webhook's host {target.host} is not found ({error.strerror or error})"
        ) from error
    addresses = [str(entry[4][0]) for entry in found]
    check_addresses(target, addresses)
    return addresses[0]


def check_addresses(target: WebhookTarget, addresses: Sequence[str]) -> None:
    """Check that what a name leads to may be told.

    Raises:
        NotToldError: one of the addresses is private, and the host was not named as such.
    """
    private = [address for address in addresses if not is_public(address)]
    if private and not target.is_private:
        raise NotToldError(
            f"the webhook's host {target.host} leads into a private network, and is not told; if"
            f" it should be, name it as {PRIVATE}{target.host}"
        )


def is_public(address: str) -> bool:
    """Whether an address of IP can be reached from everywhere."""
    # Of a link: fe80::1%eth0.
    ip: IpAddress = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        if ip.ipv4_mapped is not None:
            ip = ip.ipv4_mapped
        elif ip.sixtofour or ip.teredo or any(ip in network for network in _TRANSLATED):
            return False
    return ip.is_global and not ip.is_multicast


def _split(address: str) -> tuple[SplitResult, int]:
    """The parts of an address, and its port.

    Raises:
        QueryError: it is none that a webhook can have.
    """
    wrong = QueryError(
        f"the webhook is {address[:100]!r}; give an address such as https://hooks.example.org/harma,"
        " without a name or password"
    )
    # Signs that an address has: no spaces, no line breaks, none that look like others.
    if len(address) > ADDRESS_LENGTH or not _PLAIN.fullmatch(address):
        raise wrong
    try:
        parts = urlsplit(address)
        port = parts.port or PORTS[parts.scheme]
    except (ValueError, KeyError) as error:
        raise wrong from error
    if not parts.hostname or "@" in parts.netloc:
        raise wrong
    return parts, port


def _is_ip(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True
