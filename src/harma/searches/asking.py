"""What a saved search asks with its marks: good ones as chips to be like, bad ones to be unlike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from harma.errors import QueryError
from harma.index.ask_json import Asked, Named, asked_of
from harma.index.contract import StoreReader
from harma.index.source_ids import sources_by_id
from harma.searches.book import SearchBook
from harma.searches.chips import chips_there, moved_chips
from harma.searches.records import Mark, SavedSearch

# Good ones, and bad ones, that a search takes; more of them say little more.
MOST_USED = 1000


@dataclass(frozen=True)
class CurrentMarks:
    """The marks of a saved search beside the index as it is now.

    Attributes:
        marks: in the order of their time; chips that were renamed under their new ids.
        there: chips that the index has.
    """

    marks: Sequence[Mark]
    there: frozenset[str]

    @property
    def num_gone(self) -> int:
        """Marks whose chips the index does not have any more."""
        return sum(mark.chip not in self.there for mark in self.marks)

    def chips(self, kind: str) -> list[str]:
        """Chips of the index that are marked so, in the order of their time."""
        marks = [mark for mark in self.marks if mark.mark == kind]
        return [mark.chip for mark in marks if mark.chip in self.there]


def current_marks(book: SearchBook, search: str, store: StoreReader) -> CurrentMarks:
    """The marks of a saved search, and which of their chips the index has.

    Marks of scenes that have been renamed meanwhile get the new ids of their chips, for good where
    the book can be written.

    Args:
        book: that has it.
        search: its id.
        store: of the index.

    Raises:
        NotFoundError: there is no such search.
    """
    marks = book.marks(search)
    there = chips_there(store, [mark.chip for mark in marks])
    moved = moved_chips(store, (mark for mark in marks if mark.chip not in there))
    if not moved:
        return CurrentMarks(marks, frozenset(there))
    if not book.database.refusal:
        book.rename_chips(search, moved)
        marks = book.marks(search)
    else:
        marks = [replace(mark, chip=moved.get(mark.chip, mark.chip)) for mark in marks]
    return CurrentMarks(marks, frozenset(there | set(moved.values())))


def values_of_saved(search: SavedSearch, store: StoreReader) -> dict[str, Any]:
    """What a saved search asks, as JSON, without its marks.

    Raises:
        QueryError: it holds vectors, and the index has another model now.
    """
    if search.model and search.model != store.settings.model_id:
        raise QueryError(
            "the saved search holds pictures as vectors of the model that the index had before;"
            " give the pictures again"
        )
    return dict(search.asked)


def values_with_marks(
    search: SavedSearch, current: CurrentMarks, store: StoreReader
) -> dict[str, Any]:
    """What a saved search asks, as JSON, with its good marks to be like and its bad ones unlike.

    Chips that are gone from the index are left out (`CurrentMarks.num_gone`); of very many marks
    the newest count.

    Args:
        search: that was saved.
        current: its marks.
        store: of the index.

    Raises:
        QueryError: it holds vectors, and the index has another model now.
    """
    values = values_of_saved(search, store)
    for name, kind in (("like", "good"), ("unlike", "bad")):
        chips = [{"chip": chip} for chip in current.chips(kind)[-MOST_USED:]]
        if chips:
            values[name] = [*values.get(name, ()), *chips]
    return values


def asked_with_marks(
    search: SavedSearch, current: CurrentMarks, store: StoreReader, *, named: Named | None = None
) -> Asked:
    """What a saved search asks with its marks; see `values_with_marks`.

    Args:
        search: that was saved.
        current: its marks.
        store: of the index.
        named: gives the name of a source by its id; None looks it up in the index.

    Raises:
        QueryError: it cannot be asked any more: a source is gone, or the index has another model.
    """
    values = values_with_marks(search, current, store)
    return asked_of(values, named=named or _named_in(store))


def _named_in(store: StoreReader) -> Named:
    """Names of the sources of an index by their ids, which are read where one is asked for."""

    @cache
    def known() -> dict[str, str]:
        return sources_by_id(store.sources())

    def named(source: str) -> str:
        names = known()
        if source not in names:
            raise QueryError(f"the source {source} that it looks in is not in the index any more")
        return names[source]

    return named
