"""The import of marks: rows of a file found in the index by chip or by place, and set at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from harma.index.contract import StoreReader
from harma.searches.book import SearchBook
from harma.searches.chips import described, rows_of_chips
from harma.searches.mark_files import MarkFile, RefusedRow
from harma.searches.mark_places import chips_at
from harma.searches.mark_words import MarkRow
from harma.searches.records import Mark


@dataclass(frozen=True)
class ImportedMarks:
    """What became of the rows of a file.

    Attributes:
        num_set: marks that were set.
        unknown: chips or places that the index does not have.
        refused: rows that could not be used.
    """

    num_set: int
    unknown: Sequence[str]
    refused: Sequence[RefusedRow]


def import_marks(
    book: SearchBook, search: str, store: StoreReader, file: MarkFile, *, who: str = ""
) -> ImportedMarks:
    """Set the marks of a file; those of other chips stay as they are.

    Args:
        book: of the index.
        search: id of the saved search.
        store: of the index.
        file: as it was read.
        who: imports it; "" takes what the file says.

    Returns:
        What became of each row: nothing of it is left out silently.

    Raises:
        NotFoundError: there is no such search.
        QueryError: there would be too many marks.
    """
    book.get(search)
    chips = _chips_of(store, file.rows)
    marks: dict[str, Mark] = {}
    said_by: dict[str, MarkRow] = {}
    refused = list(file.refused)
    for row in file.rows:
        chip = chips.get(row.number)
        if chip is None:
            continue
        before = said_by.setdefault(chip["id"], row)
        if before.mark != row.mark:
            reason = f"it says {row.mark} of the chip of which row {before.number} says"
            refused.append(RefusedRow(row.number, f"{reason} {before.mark}"))
        else:
            marks[chip["id"]] = described(_mark(row), chip)
    unknown = [row.told for row in file.rows if row.number not in chips]
    if marks:
        silent = [chip for chip, mark in marks.items() if not mark.note]
        book.put_marks(search, list(marks.values()), who=who, keep_notes=silent)
    refused.sort(key=lambda row: row.number)
    return ImportedMarks(len(marks), unknown, refused)


def _chips_of(store: StoreReader, rows: Sequence[MarkRow]) -> dict[int, Mapping[str, Any]]:
    """Number of a row → its chip: by id, and where that is not there by place."""
    known = rows_of_chips(store, [row.chip for row in rows if row.chip])
    chips = {row.number: known[row.chip] for row in rows if row.chip in known}
    placed = [row for row in rows if row.number not in chips and row.geometry is not None]
    return chips | chips_at(store, placed)


def _mark(row: MarkRow) -> Mark:
    # Who said it first stays known where another person imports it.
    earlier = (row.who,) if row.who else ()
    return Mark(row.chip, row.mark, row.note, row.who, earlier)
