"""Pages of items: of one collection (OGC API Features) or of several (STAC), with their links."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from fastapi import Request

from harma.errors import QueryError
from harma.serve.feature_collections import FeatureCollection, FeatureCollections
from harma.serve.features import Feature
from harma.serve.item_features import Told, item_features
from harma.serve.item_filter import ItemFilter
from harma.serve.items import Item, Items

LIMIT = 100
MOST_LIMIT = 10_000
# Between the parts of a token: no id of an index or a saved search has them.
AFTER_COLLECTION = "~"
AFTER_VERSION = "."


@dataclass(frozen=True)
class ItemsAsked:
    """What a client asks for.

    Attributes:
        collections: in their order.
        filter: which of their items.
        text: what should be seen, or "".
        limit: items of a page, at most.
        token: of the page; "" for the first one.
    """

    collections: Sequence[FeatureCollection]
    filter: ItemFilter
    text: str
    limit: int
    token: str


@dataclass(frozen=True)
class Position:
    """Where a page begins.

    Attributes:
        number: of the collection, among those that are asked for.
        version: of its index; 0 is the present one.
        inner: token of the items; "" for the first page.
    """

    number: int = 0
    version: int = 0
    inner: str = ""


@dataclass(frozen=True)
class FeaturePage:
    """A page.

    Attributes:
        features: items of STAC.
        num_matched: all items that match.
        token: of the next page; "" where there is none.
    """

    features: Sequence[Feature]
    num_matched: int
    token: str


def page_of(request: Request, kept: FeatureCollections, asked: ItemsAsked) -> FeaturePage:
    """A page of items.

    Args:
        request: that is answered.
        kept: all collections.
        asked: what a client asks for.

    Raises:
        QueryError: what is asked is not usable.
        GoneError: the index has changed since the pages began.
    """
    begin = _position(asked)
    all_items = [_items(kept, asked, number, begin) for number in range(len(asked.collections))]
    features: list[Feature] = []
    following = begin
    for number in range(begin.number, len(all_items)):
        collection = asked.collections[number]
        version = begin.version if number == begin.number else 0
        inner = begin.inner if number == begin.number else ""
        page = all_items[number].page(asked.limit - len(features), inner)
        told = Told(request, collection.id, collection.index.id, kept.sources(collection))
        features += item_features(told, page.items)
        following = Position(number, version or kept.version(collection), page.token)
        if page.token:
            break
        following = Position(number + 1)
        if len(features) >= asked.limit:
            break
    num_matched = sum(items.count() for items in all_items)
    return FeaturePage(features, num_matched, _token(asked, following))


def single_item(
    request: Request, kept: FeatureCollections, collection: FeatureCollection, item: Item
) -> Feature:
    """An item as a feature."""
    told = Told(request, collection.id, collection.index.id, kept.sources(collection))
    return item_features(told, [item])[0]


def _items(kept: FeatureCollections, asked: ItemsAsked, number: int, begin: Position) -> Items:
    version = begin.version if number == begin.number else 0
    return kept.items(asked.collections[number], asked.filter, text=asked.text, version=version)


def _position(asked: ItemsAsked) -> Position:
    if not asked.token:
        return Position()
    name, _, rest = asked.token.rpartition(AFTER_COLLECTION)
    version, _, inner = rest.partition(AFTER_VERSION)
    names = [collection.id for collection in asked.collections]
    is_number = version.isascii() and version.isdigit() and len(version) < 19
    if name not in names or not is_number:
        raise QueryError(
            f"token is {asked.token[:40]!r}; take a next link as it is, or begin without a token"
        )
    return Position(names.index(name), int(version), inner)


def _token(asked: ItemsAsked, following: Position) -> str:
    if following.number >= len(asked.collections):
        return ""
    name = asked.collections[following.number].id
    return f"{name}{AFTER_COLLECTION}{following.version}{AFTER_VERSION}{following.inner}"


def check_known(given: Mapping[str, str], allowed: Sequence[str]) -> None:
    """Check that a request has no parameters that would be overlooked.

    Raises:
        QueryError: it has.
    """
    unknown = sorted(set(given) - set(allowed))
    if unknown:
        raise QueryError(
            f"{unknown[0][:40]} is no parameter of this address; there are {', '.join(allowed)}"
        )
