"""Live STAC APIs: a search at a service, named by an address (stac+https://host/v1?…)."""

import logging
from typing import Any
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from harma.errors import ConfigError, MissingDependencyError
from harma.scenes.addresses import unsigned
from harma.scenes.edge import library_call

logger = logging.getLogger(__name__)

PREFIXES = ("stac+https://", "stac+http://")
# Lists, separated by commas.
LISTS = ("collections", "ids", "bbox", "query")
TEXTS = ("datetime",)
# A search without a limit could be of a whole mission.
MOST_ITEMS = 10_000
PAGE = 250


def is_service(name: str) -> bool:
    """Whether a name is that of a search at a service."""
    return name.startswith(PREFIXES)


def items_of(name: str) -> list[dict[str, Any]]:
    """The items that a service finds.

    Args:
        name: "stac+" and the address of the API, with what is looked for as parameters:
            collections, ids, bbox, datetime, query (eo:cloud_cover<20), max_items. Other parameters
            are handed to the service.

    Raises:
        MissingDependencyError: pystac-client is not installed.
        ConfigError: a parameter is not usable.
        DataError: the service does not answer so.
    """
    address, asked, rest = _parts(name)
    try:
        from pystac_client import Client
    except ImportError as error:
        raise MissingDependencyError(
            "a search at a STAC service needs pystac-client: pip install 'harma[stac]'"
        ) from error
    with library_call(f"the STAC service {unsigned(address)} does not answer"):
        client = Client.open(address, parameters=rest or None, timeout=60)
        # Every service answers GET; long queries go by POST where that is offered.
        methods = [link.extra_fields.get("method") for link in client.get_links("search")]
        method = "POST" if "POST" in methods else "GET"
        search = client.search(method=method, limit=PAGE, **asked)
        items = list(search.items_as_dicts())
    if len(items) == asked["max_items"]:
        logger.warning(
            "%s: the first %s items; there may be more (max_items)", unsigned(name), len(items)
        )
    return items


def _parts(name: str) -> tuple[str, dict[str, Any], dict[str, str]]:
    """Address of the API, what is looked for, and further parameters."""
    parts = urlsplit(name.removeprefix("stac+"))
    asked: dict[str, Any] = {"max_items": MOST_ITEMS}
    rest: dict[str, str] = {}
    for key, value in parse_qsl(parts.query):
        if key in LISTS:
            asked[key] = [part.strip() for part in value.split(",") if part.strip()]
        elif key in TEXTS:
            asked[key] = value
        elif key in ("max_items", "limit"):
            asked["max_items"] = _count(key, value)
        else:
            rest[key] = value
    if "bbox" in asked:
        asked["bbox"] = _box(asked["bbox"])
    path = parts.path.removesuffix("/search")
    return urlunsplit((parts.scheme, parts.netloc, path, "", "")), asked, rest


def _count(key: str, value: str) -> int:
    if not value.isdecimal() or int(value) < 1:
        raise ConfigError(f"{key} is {value!r}; give a number of items, 1 or more")
    return int(value)


def _box(sides: list[str]) -> list[float]:
    try:
        box = [float(side) for side in sides]
    except ValueError as error:
        raise ConfigError(f"bbox is {','.join(sides)!r}; give west,south,east,north") from error
    if len(box) not in (4, 6):
        raise ConfigError(f"bbox has {len(box)} numbers; give west,south,east,north")
    return box
