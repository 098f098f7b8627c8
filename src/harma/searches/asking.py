"""What a saved search asks with its marks: good ones as chips to be like, bad ones to be unlike."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from harma.errors import QueryError
from harma.index.ask import Chip
from harma.index.ask_json import Asked, Named, asked_of, no_source
from harma.index.contract import StoreReader
from harma.searches.book import SearchBook
from harma.searches.chips import chips_there, moved_chips
from harma.searches.records import Mark, SavedSearch


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


def asked_of_saved(search: SavedSearch, store: StoreReader, *, named: Named = no_source) -> Asked:
    """What a saved search asks, without its marks.

    Args:
        search: that was saved.
        store: of the index.
        named: gives the name of a source by its id.

    Raises:
        QueryError: it cannot be asked any more: a source is gone, or the index has another model.
    """
    if search.model and search.model != store.settings.model_id:
        raise QueryError(
            "the saved search holds pictures as vectors of the model that the index had before;"
            " give the pictures again"
        )
    return asked_of(search.asked, named=named)


def asked_with_marks(
    search: SavedSearch, current: CurrentMarks, store: StoreReader, *, named: Named = no_source
) -> Asked:
    """What a saved search asks, with its good marks as chips to be like and its bad ones unlike.

    Chips that are gone from the index are left out (`CurrentMarks.num_gone`).

    Args:
        search: that was saved.
        current: its marks.
        store: of the index.
        named: gives the name of a source by its id.

    Raises:
        QueryError: it cannot be asked any more: a source is gone, or the index has another model.
    """
    asked = asked_of_saved(search, store, named=named)
    query = asked.query
    like = [*query.like, *_chips(current, "good")]
    unlike = [*query.unlike, *_chips(current, "bad")]
    return replace(asked, query=replace(query, like=like, unlike=unlike))


def _chips(current: CurrentMarks, kind: str) -> list[Chip]:
    """Chips of the index that are marked so."""
    return [
        Chip(mark.chip)
        for mark in current.marks
        if mark.mark == kind and mark.chip in current.there
    ]
