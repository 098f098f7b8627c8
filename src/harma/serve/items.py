"""Items of collections: the chips of an index in a fixed order, or the hits of a search by rank."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import shapely

from harma.errors import NotFoundError, QueryError
from harma.index.filters import Filter
from harma.index.hits import Hit, hit_of
from harma.index.listing import Listing
from harma.index.standing import NO_STANDINGS
from harma.serve.item_filter import ItemFilter


@dataclass(frozen=True)
class Item:
    """An item of a collection.

    Attributes:
        chip: it.
        rank: among the hits of a search, from 1; 0 of a chip that nobody searched for.
        mark: what a person said of it, or ""; None where nobody is asked.
    """

    chip: Hit
    rank: int = 0
    mark: str | None = None


@dataclass(frozen=True)
class PageOfItems:
    """Some items of a collection.

    Attributes:
        items: in their order.
        token: begins the page that follows; "" where none does.
    """

    items: Sequence[Item]
    token: str


class Items(Protocol):
    """The items of a collection that a client asks for."""

    def count(self) -> int:
        """All of them."""

    def page(self, count: int, token: str) -> PageOfItems:
        """Some of them.

        Args:
            count: at most.
            token: of the page; "" for the first one.

        Raises:
            QueryError: the token is none of this server's.
        """


@dataclass(frozen=True)
class ChipItems:
    """The chips of an index that a filter admits, in the order of the index.

    Attributes:
        listing: of the version that is read.
        condition: which.
    """

    listing: Listing
    condition: Filter

    def count(self) -> int:
        """See `Items.count`."""
        return len(self.listing.ids(self.condition))

    def page(self, count: int, token: str) -> PageOfItems:
        """See `Items.page`."""
        page = self.listing.page(self.condition, count, after=_number(token))
        items = [Item(hit_of(chip, 0.0, NO_STANDINGS)) for chip in page.chips]
        return PageOfItems(items, "" if page.last is None else str(page.last))


@dataclass(frozen=True)
class HitItems:
    """Hits of a search, the best first, of which a filter admits some.

    Attributes:
        hits: all of them.
        asked: which.
        marks: chip → what a person said of it.
    """

    hits: Sequence[Hit]
    asked: ItemFilter
    marks: Mapping[str, str] | None = None

    def count(self) -> int:
        """See `Items.count`."""
        return len(self._places())

    def page(self, count: int, token: str) -> PageOfItems:
        """See `Items.page`."""
        start = _number(token) or 0
        places = self._places()
        items = [self._item(place) for place in places[start : start + count]]
        following = start + count
        return PageOfItems(items, str(following) if following < len(places) else "")

    def _item(self, place: int) -> Item:
        hit = self.hits[place]
        mark = None
        if self.marks is not None:
            mark = self.marks.get(hit.id, "")
        return Item(hit, place + 1, mark)

    def _places(self) -> list[int]:
        """Places in the list of the hits that the filter admits."""
        outlines = [
            None if hit.geometry is None else shapely.to_wkb(hit.geometry) for hit in self.hits
        ]
        admitted = self.asked.chips.matches(outlines)
        return [
            place
            for place, hit in enumerate(self.hits)
            if admitted[place] and _is_of_time(hit, self.asked) and _is_named(hit, self.asked)
        ]


def one_item(items: Items, chip: str) -> Item:
    """The only item, of a filter that names a chip.

    Raises:
        NotFoundError: there is none.
    """
    page = items.page(1, "")
    if not page.items:
        raise NotFoundError(f"there is no item {chip} in the collection")
    return page.items[0]


def _is_of_time(hit: Hit, asked: ItemFilter) -> bool:
    if asked.first is None and asked.last is None:
        return True
    if hit.datetime is None:
        return False
    is_early = asked.last is None or hit.datetime <= asked.last
    return is_early and (asked.first is None or (hit.datetime_end or hit.datetime) >= asked.first)


def _is_named(hit: Hit, asked: ItemFilter) -> bool:
    return not asked.ids or hit.id in asked.ids


def _number(token: str) -> int | None:
    """What a token says."""
    if not token:
        return None
    # No number of Python's own that a stranger may have written a million digits of.
    if not token.isascii() or not token.isdigit() or len(token) > 19:
        raise QueryError(f"token is {token[:40]!r}; take the one of a next link")
    return int(token)
