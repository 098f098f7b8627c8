"""Checks of a server's settings, before anything is loaded: addresses, names, who may come in."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from harma.errors import ConfigError
from harma.ground.storage.home import Place, home_of
from harma.index.joined_store import check_same_settings
from harma.index.settings import read_settings
from harma.searches.webhook import SECRET_VARIABLE, read_secret
from harma.searches.webhook_hosts import WebhookHost
from harma.serve.settings import SEARCH_PREFIX, ServeSettings

INDEX_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
LEAST_PARTS = 2
ROOT_PATH = re.compile(r"(/[\w.~-]+)*")
HEADER = re.compile(r"[A-Za-z0-9-]+")
TILE_FIELDS = ("{z}", "{x}", "{y}")
# What would end an address inside of a policy or an attribute.
NOT_IN_ADDRESS = re.compile(r"[\s;,'\"<>]")


def check_serve_settings(settings: ServeSettings) -> None:
    """Check the settings of a server.

    Raises:
        ConfigError: something is not usable, or the server would be open to a network.
        MissingFileError: an index is not there.
    """
    if not settings.indexes and not settings.groups:
        raise ConfigError("no index is named; give the directory of one: harma serve archive")
    for name, directory in settings.indexes.items():
        _check_name(name)
        read_settings(directory)
    for name, directories in settings.groups.items():
        _check_name(name)
        _check_group(name, directories, settings)
    _check_access(settings)
    if not ROOT_PATH.fullmatch(settings.root_path):
        raise ConfigError(
            f"the root path is {settings.root_path!r}; give one such as /harma, without a slash at"
            " its end"
        )
    if settings.trust_header and not HEADER.fullmatch(settings.trust_header):
        raise ConfigError(f"{settings.trust_header!r} is no name of a header")
    _check_networks(settings.trusted_proxies)
    _check_origins("--origin", settings.origins)
    _check_origins("--frame-ancestor", settings.frame_ancestors)
    if settings.basemap:
        check_basemap(settings.basemap)
    _check_webhooks(settings)


def _check_webhooks(settings: ServeSettings) -> None:
    """Check who may be told, and that there is a secret to sign with."""
    for host in settings.webhook_hosts:
        WebhookHost.of(host)
    secret = read_secret(settings.webhook_secret_file)
    if settings.webhook_hosts and secret is None:
        raise ConfigError(
            f"webhooks are signed, and no secret is named: set {SECRET_VARIABLE}, or give"
            " --webhook-secret-file FILE"
        )


def _check_group(name: str, directories: Sequence[Place], settings: ServeSettings) -> None:
    """Check that several indexes can be searched as one, before any is opened."""
    if name in settings.indexes:
        raise ConfigError(
            f"{name} is both an index and several that are searched as one; give one of them"
            " another NAME"
        )
    if len(directories) < LEAST_PARTS:
        raise ConfigError(f"{name} has {len(directories)} parts; give two or more")
    seen: set[str] = set()
    for directory in directories:
        place = home_of(directory).key
        if place in seen:
            raise ConfigError(f"the index {directory} is in {name} twice; name each once")
        seen.add(place)
    first = read_settings(directories[0])
    for directory in directories[1:]:
        check_same_settings(str(directories[0]), first, str(directory), read_settings(directory))


def _check_name(name: str) -> None:
    if not INDEX_ID.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no id of an index: letters, digits, - and _ are allowed, 64 at most. Give"
            " NAME=DIRECTORY"
        )
    if name.startswith(SEARCH_PREFIX):
        raise ConfigError(
            f"{name!r} begins as the collections of saved searches do; give NAME=DIRECTORY"
        )


def _check_access(settings: ServeSettings) -> None:
    """Check that nobody comes in unasked from elsewhere."""
    has_lock = settings.key_file is not None or bool(settings.trust_header)
    if is_loopback(settings.host) or has_lock:
        return
    raise ConfigError(
        f"the host {settings.host} can be reached from other machines: give --key-file FILE (make"
        " one with --make-key NAME), or --trust-header HEADER behind a proxy that asks who comes."
        " Without them only 127.0.0.1 is served"
    )


def is_loopback(host: str) -> bool:
    """Whether a name or address is this machine's own."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_networks(networks: Iterable[str]) -> None:
    for network in networks:
        try:
            ipaddress.ip_network(network, strict=False)
        except ValueError as error:
            raise ConfigError(
                f"the trusted proxy {network!r} is no address or network such as 10.0.0.0/8"
            ) from error


def _check_origins(option: str, origins: Iterable[str]) -> None:
    for origin in origins:
        split = urlsplit(origin)
        is_plain = origin == f"{split.scheme}://{split.netloc}"
        if not is_plain or not _is_web(origin):
            raise ConfigError(f"{option} is {origin!r}; give one such as https://maps.example.org")


def _is_web(address: str) -> bool:
    split = urlsplit(address)
    has_host = split.scheme in ("http", "https") and bool(split.netloc)
    return has_host and not NOT_IN_ADDRESS.search(address)


def check_basemap(address: str) -> None:
    """Check the address of a base map.

    Raises:
        ConfigError: it is none.
    """
    if not _is_web(address) or "@" in urlsplit(address).netloc:
        raise ConfigError(
            f"the base map is {address!r}; give an address with {{z}}, {{x}} and {{y}}, such as"
            " https://tiles.example.org/{z}/{x}/{y}.png, or the address of a WMS"
        )
    fields = [field for field in TILE_FIELDS if field in address]
    if fields and len(fields) < len(TILE_FIELDS):
        raise ConfigError(f"the base map {address!r} needs {{z}}, {{x}} and {{y}}, all three")


def basemap_kind(address: str) -> str:
    """What a base map is: "xyz" for tiles, "wms" for a WMS."""
    return "xyz" if "{z}" in address else "wms"
