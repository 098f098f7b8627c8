"""Rows of marks: read, set, dropped and renamed inside a transaction that has locked the search."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, func, insert, select, update

from harma.errors import QueryError
from harma.searches.checks import MOST_MARKS
from harma.searches.records import Mark
from harma.searches.tables import MARKS

# Ids in one statement: SQLite takes some thousands.
IDS_AT_ONCE = 500
# People that are kept as having said something before.
MOST_EARLIER = 20


@dataclass(frozen=True)
class Setting:
    """Marks being set.

    Attributes:
        search: id of the saved search.
        who: sets them; "" takes what each mark says.
        moment: when.
        keep_notes: chips whose note stays what it is.
    """

    search: str
    who: str
    moment: dt.datetime
    keep_notes: frozenset[str] = frozenset()


def read_marks(connection: Connection, search: str) -> list[Mark]:
    """The marks of a saved search, in the order of their time."""
    query = select(MARKS).where(MARKS.c.search == search).order_by(MARKS.c.changed, MARKS.c.chip)
    return [_mark_of(row) for row in connection.execute(query)]


def set_marks(connection: Connection, marks: Sequence[Mark], setting: Setting) -> None:
    """Set marks in the place of those that their chips had.

    Args:
        connection: in a transaction.
        marks: to set; of one chip the last one stays.
        setting: by whom, when, of which saved search.
    """
    wanted = {mark.chip: mark for mark in marks}
    before: dict[str, Mark] = {}
    for ids in _some(list(wanted)):
        is_among = and_(MARKS.c.search == setting.search, MARKS.c.chip.in_(ids))
        for row in connection.execute(select(MARKS).where(is_among)):
            before[row.chip] = _mark_of(row)
        connection.execute(delete(MARKS).where(is_among))
    rows: list[dict[str, Any]] = []
    for number, mark in enumerate(wanted.values()):
        values = _values(setting, mark, before.get(mark.chip))
        # A microsecond apart, so that they keep their order.
        values["changed"] = setting.moment + dt.timedelta(microseconds=number)
        rows.append(values)
    if rows:
        connection.execute(insert(MARKS), rows)


def drop_marks(connection: Connection, search: str, chips: Sequence[str]) -> None:
    """Take the marks of chips away."""
    for ids in _some(chips):
        connection.execute(delete(MARKS).where(MARKS.c.search == search, MARKS.c.chip.in_(ids)))


def rename_chips(connection: Connection, search: str, names: Mapping[str, str]) -> None:
    """Give marks the new ids of their chips (old → new); what a new one has already stays."""
    taken: set[str] = set()
    for ids in _some(list(names.values())):
        query = select(MARKS.c.chip).where(MARKS.c.search == search, MARKS.c.chip.in_(ids))
        taken |= set(connection.execute(query).scalars())
    pairs = []
    for old, new in names.items():
        if new not in taken:
            taken.add(new)
            pairs.append({"old": old, "new": new})
    if not pairs:
        return
    statement = update(MARKS).where(MARKS.c.search == search, MARKS.c.chip == bindparam("old"))
    connection.execute(statement.values(chip=bindparam("new")), pairs)


def count_marks(connection: Connection, search: str) -> None:
    """Check that a saved search has not more marks than are kept.

    Raises:
        QueryError: it has.
    """
    query = select(func.count()).select_from(MARKS).where(MARKS.c.search == search)
    count = connection.execute(query).scalar_one()
    if count > MOST_MARKS:
        raise QueryError(
            f"the saved search would have {count:,} marks; at most {MOST_MARKS:,} are kept."
            " Begin another one"
        )


def _mark_of(row: Row[Any]) -> Mark:
    values = row._asdict()
    del values["search"]
    values["earlier"] = tuple(values["earlier"].split("\n")) if values["earlier"] else ()
    return Mark(**values)


def _values(setting: Setting, mark: Mark, before: Mark | None) -> dict[str, Any]:
    """A row of the table, which keeps who said something of the chip before."""
    who = setting.who or mark.who
    note = mark.note
    earlier = list(mark.earlier)
    if before is not None:
        earlier += [*before.earlier, before.who]
        if mark.chip in setting.keep_notes:
            note = before.note
    # Each once, the first one first; without those who are not known.
    others = [name for name in dict.fromkeys(earlier) if name not in ("", who)]
    names = "\n".join(others[-MOST_EARLIER:])
    return {**vars(mark), "search": setting.search, "who": who, "note": note, "earlier": names}


def _some(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(ids), IDS_AT_ONCE):
        yield ids[start : start + IDS_AT_ONCE]
