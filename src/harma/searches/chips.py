"""Chips that marks are on: what an index knows of them now, and what became of those that moved."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from harma.errors import NotFoundError
from harma.index.contract import StoreReader
from harma.index.schema import quoted
from harma.searches.records import Mark

COLUMNS = (
    "id",
    "geometry",
    "datetime",
    "datetime_end",
    "source",
    "content",
    "column",
    "row",
    "width",
    "height",
)
# Names in one SQL expression.
NAMES_AT_ONCE = 500


def chips_there(store: StoreReader, chips: Sequence[str]) -> set[str]:
    """Those of some chips that the index has."""
    there: set[str] = set()
    for row in _rows(store, ["id"], "id", chips):
        there.add(row["id"])
    return there


def rows_of_chips(store: StoreReader, chips: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Those of some chips that the index has, by id: rows of `COLUMNS`."""
    return {row["id"]: row for row in _rows(store, COLUMNS, "id", chips)}


def on_chips(store: StoreReader, marks: Sequence[Mark]) -> list[Mark]:
    """Marks with what the index knows of their chips, so that they can be shown without it.

    Raises:
        NotFoundError: a chip is not in the index.
    """
    chips = [mark.chip for mark in marks]
    rows = rows_of_chips(store, chips)
    gone = [chip for chip in chips if chip not in rows]
    if gone:
        raise NotFoundError(
            f"{len(gone):,} of the chips to be marked are not in the index, such as"
            f" {gone[0][:100]!r}; search again"
        )
    return [described(mark, rows[mark.chip]) for mark in marks]


def described(mark: Mark, row: Mapping[str, Any]) -> Mark:
    """A mark with what the index knows of its chip: a row of `COLUMNS`."""
    return replace(
        mark,
        chip=row["id"],
        source=row["source"],
        geometry=row["geometry"],
        taken=row["datetime"],
        taken_end=row["datetime_end"],
        content=row["content"],
        window=_window(row),
    )


def moved_chips(store: StoreReader, marks: Iterable[Mark]) -> dict[str, str]:
    """Chips that have another id now, as their scenes were renamed: old id → new id.

    A chip is known again by the bytes of its scene and its window in it.

    Args:
        store: of the index.
        marks: whose chips the index does not have.
    """
    wanted = {(mark.content, mark.window): mark.chip for mark in marks if mark.content}
    contents = sorted({content for content, _ in wanted})
    moved: dict[str, str] = {}
    for row in _rows(store, COLUMNS, "content", contents):
        old = wanted.get((row["content"], _window(row)))
        if old is not None:
            # Of a scene that is there twice, the chips of the first name.
            moved.setdefault(old, row["id"])
    return moved


def _window(row: Mapping[str, Any]) -> str:
    return "{column},{row},{width},{height}".format_map(row)


def _rows(
    store: StoreReader, columns: Sequence[str], key: str, values: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Rows of chips by the values of a column, some hundred at a time."""
    for start in range(0, len(values), NAMES_AT_ONCE):
        names = [quoted(value) for value in values[start : start + NAMES_AT_ONCE]]
        with store.reading():
            yield from store.rows(columns, f"{key} IN ({', '.join(names)})").to_pylist()
