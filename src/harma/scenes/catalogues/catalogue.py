"""A catalogue that a person names: item, collection of items, catalogue, table, service."""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from harma.errors import DataError, HarmaError, MissingDependencyError
from harma.ground.storage.addresses import in_bucket
from harma.ground.storage.object_files import open_object
from harma.scenes.addresses import is_address, unsigned
from harma.scenes.catalogues import service
from harma.scenes.catalogues.documents import read_document
from harma.scenes.catalogues.items import Document, sources_of
from harma.scenes.catalogues.table import is_table_of_items
from harma.scenes.catalogues.table import items_of as items_of_table
from harma.scenes.catalogues.walk import walk
from harma.scenes.edge import library_call
from harma.scenes.source import Source

logger = logging.getLogger(__name__)

JSON_SUFFIXES = (".json", ".geojson")
TABLE_SUFFIXES = (".parquet", ".geoparquet")
# Addresses of a STAC API end so, without a suffix.
OF_API = re.compile(r"/(?:collections/[^/?#]+(?:/items(?:/[^/?#]+)?)?|search)/?$")
# Behind a catalogue's name: which assets are read.
ASKED = re.compile(r"#assets=(?P<assets>[^#]+)$")


def of_catalogue(item: str, base: Path) -> list[Source] | None:
    """The sources of a catalogue.

    Args:
        item: what a person named: a path, an address, or a search at a service (stac+https://…),
            and behind it, where he says so, which assets are read (#assets=red,green,blue).
        base: folder that a relative path is relative to.

    Returns:
        None where it is no catalogue.

    Raises:
        DataError: it is one and cannot be read, or holds no item.
        MissingFileError: an address is not there.
        MissingDependencyError: what reads it is not installed.
    """
    name, asked = _split(item)
    if service.is_service(name):
        items = service.items_of(name)
        document = Document(name.removeprefix("stac+"), item, asked)
        return _some(sources_of(items, document), name)
    where = name
    if not is_address(name):
        where = str(base / name)
        if not Path(where).is_file():
            return None
    suffix = _suffix(where)
    absolute = _absolute(where)
    # Read again from anywhere.
    document = Document(absolute, absolute + item.removeprefix(name), asked)
    if suffix in TABLE_SUFFIXES:
        return _of_table(document)
    if suffix in JSON_SUFFIXES or (is_address(where) and _is_of_api(where)):
        return _of_json(document)
    return None


def _split(item: str) -> tuple[str, tuple[str, ...]]:
    """A catalogue's name, and the keys of the assets asked for."""
    match = ASKED.search(item)
    if match is None:
        return item, ()
    asked = [key.strip() for key in match["assets"].split(",")]
    if len(asked) not in (1, 3) or not all(asked):
        raise DataError(f"{item} asks for {len(asked)} assets; name one, or red, green and blue")
    return item[: match.start()], tuple(asked)


def _suffix(where: str) -> str:
    path = where.partition("?")[0] if is_address(where) else where
    return PurePosixPath(path).suffix.lower()


def _is_of_api(address: str) -> bool:
    return OF_API.search(address.partition("?")[0]) is not None


def _absolute(where: str) -> str:
    return where if is_address(where) else str(Path(where).absolute())


def _of_table(document: Document) -> list[Source] | None:
    where = document.where
    if is_address(where) and not in_bucket(where):
        raise DataError(
            f"{unsigned(where)}: a table of items is read from this machine or a bucket; copy it"
        )
    with _file_of(where) as file:
        if not is_table_of_items(file):
            raise DataError(
                f"{where} is no table of STAC items: it has no columns id and assets. A file of"
                " embeddings is brought in by `harma index import`"
            )
        return _some(sources_of(list(items_of_table(file)), document), where)


def _file_of(where: str) -> BinaryIO:
    return open_object(where) if in_bucket(where) else Path(where).open("rb")


def _of_json(document: Document) -> list[Source] | None:
    values = read_document(document.where)
    kind = values.get("type")
    name = unsigned(document.where)
    if kind == "Feature" and "assets" in values:
        return sources_of([_latest(values)], document)
    features = values.get("features")
    if kind in ("FeatureCollection", "ItemCollection") and _are_items(features):
        _tell_of_further_pages(values, name)
        items = [_latest(feature) for feature in values["features"]]
        return _some(sources_of(items, document), name)
    if kind in ("Catalog", "Collection") or "stac_version" in values:
        return _some(list(walk(values, document)), name)
    # GDAL reads some files of JSON as rasters.
    if is_address(document.where):
        raise DataError(f"{name} is JSON, but no STAC item, collection or catalogue")
    return None


def _are_items(features: object) -> bool:
    if not isinstance(features, Sequence) or not features:
        return False
    return all(isinstance(feature, Mapping) and "assets" in feature for feature in features)


def _latest(values: dict[str, Any]) -> dict[str, Any]:
    """An item as the present version of STAC has it; those before 1.0 differ."""
    if not str(values.get("stac_version", "1")).startswith("0."):
        return values
    try:
        from pystac.serialization import identify_stac_object, migrate_to_latest
    except ImportError as error:
        raise MissingDependencyError(
            "items of STAC before 1.0 need pystac: pip install 'harma[search]'"
        ) from error
    try:
        with library_call("it is an item of STAC before 1.0, which cannot be read"):
            return dict(migrate_to_latest(values, identify_stac_object(values)))
    except HarmaError:
        # As it is: the assets of most such items say what they are.
        return values


def _tell_of_further_pages(values: Mapping[str, Any], name: str) -> None:
    links = values.get("links") or ()
    if not any(isinstance(link, Mapping) and link.get("rel") == "next" for link in links):
        return
    matched = values.get("numberMatched") or (values.get("context") or {}).get("matched")
    of_all = f" of {matched:,}" if isinstance(matched, int) else ""
    logger.warning(
        "%s is one page of a search: %s%s items; more follow, which are read from the service"
        " itself (stac+https://…)",
        name,
        f"{len(values['features']):,}",
        of_all,
    )


def _some(sources: list[Source], name: str) -> list[Source]:
    if not sources:
        raise DataError(f"{unsigned(name)} holds no items")
    return sources
