"""Runs of watches as they are kept: what one begins with, and what it found, at one stroke."""

import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

from sqlalchemy import Connection, delete, insert, select, update

from harma.searches.database import Database, now
from harma.searches.records import Event, Watch
from harma.searches.seen_places import SeenPlace
from harma.searches.tables import EVENTS, LOOKED, SEEN, WATCHES
from harma.searches.watches import watch_of, watch_row

# Rows that one statement asks for.
ROWS_AT_ONCE = 500
# Rows that one statement writes.
ROWS_WRITTEN = 10_000


@dataclass(frozen=True)
class WatchState:
    """What a run begins with.

    Attributes:
        watch: it.
        number: of the watch in the database.
        runs: of it so far.
        question: by what its seen places were judged; "" before its first run.
        looked: key of a scene → key of its bytes, of those that it has looked at.
    """

    watch: Watch
    number: int
    runs: int
    question: str
    looked: Mapping[int, int]


@dataclass(frozen=True)
class RunResult:
    """What a run has found, to be kept together.

    Attributes:
        question: by what places were judged.
        looked: key of a scene → key of its bytes, of those that it looked at.
        moved: keys of scenes under names that are gone.
        seen: places that it has seen.
        is_anew: these stand in place of those that were kept.
        events: that it found; their numbers are given when they are kept.
        num_scenes: that were new to it.
        problem: what it could not do; "" if nothing.
    """

    question: str
    looked: Mapping[int, int]
    moved: Sequence[int]
    seen: Sequence[SeenPlace]
    is_anew: bool
    events: Sequence[Event]
    num_scenes: int
    problem: str = ""


def begin_run(database: Database, search: str) -> WatchState:
    """What a run begins with.

    Raises:
        NotFoundError: there is no such watch.
    """
    with database.reading() as connection:
        row = watch_row(connection, search)
        asked = select(LOOKED.c.scene, LOOKED.c.content).where(LOOKED.c.watch == row.number)
        looked = {row.scene: row.content for row in connection.execute(asked)}
        watch = watch_of(connection, row)
    return WatchState(watch, row.number, row.runs, row.question, looked)


def seen_places(database: Database, state: WatchState) -> list[SeenPlace]:
    """The places that a watch has seen."""
    columns = [SEEN.c[name] for name in SeenPlace.__dataclass_fields__]
    asked = select(*columns).where(SEEN.c.watch == state.number)
    with database.reading() as connection:
        return [SeenPlace(*row) for row in connection.execute(asked)]


def keep_run(database: Database, state: WatchState, result: RunResult) -> list[Event] | None:
    """Keep what a run found, all of it or nothing.

    Args:
        database: that keeps it.
        state: that the run began with.
        result: of it.

    Returns:
        The events with their numbers; None where another run was quicker: this one began with
        what is no longer true, and has to look again.

    Raises:
        NotFoundError: the watch was deleted meanwhile.
    """
    with database.transaction() as connection:
        if not _count_up(connection, state, result):
            return None
        _forget(connection, state, result)
        _write(connection, LOOKED, _looked_rows(state, result))
        places = [{"watch": state.number, **vars(place)} for place in result.seen]
        _write(connection, SEEN, places)
        new = _not_known(connection, result.events)
        _write(connection, EVENTS, [_event_row(event, state.watch) for event in new])
        connection.execute(
            update(WATCHES).where(WATCHES.c.number == state.number).values(last_new=len(new))
        )
        return _numbered(connection, new)


def note_problem(database: Database, search: str, problem: str) -> None:
    """Note why a watch could not be run, or could not tell somebody."""
    with database.transaction() as connection:
        of_search = WATCHES.c.search == search
        connection.execute(update(WATCHES).where(of_search).values(last_problem=problem))


def _count_up(connection: Connection, state: WatchState, result: RunResult) -> bool:
    """Count the run; of two that began at once, the second finds another count."""
    values: dict[str, Any] = {
        "runs": state.runs + 1,
        "question": result.question,
        "last_run": now(),
        "last_sources": result.num_scenes,
    }
    # What could not be told is still not told.
    statement = update(WATCHES).where(
        WATCHES.c.number == state.number, WATCHES.c.runs == state.runs
    )
    if not connection.execute(statement.values(values)).rowcount:
        # Raises where there is none any more.
        watch_row(connection, state.watch.search)
        return False
    is_told = WATCHES.c.num_failures == 0
    if result.problem:
        is_told = WATCHES.c.number == state.number
    connection.execute(
        update(WATCHES)
        .where(WATCHES.c.number == state.number, is_told)
        .values(last_problem=result.problem)
    )
    return True


def event_id(search: str, chip: str, content: str) -> str:
    """The URN of an event: the same, whichever run finds it."""
    return uuid.uuid5(uuid.NAMESPACE_OID, f"{search}\0{chip}\0{content}").urn


def _forget(connection: Connection, state: WatchState, result: RunResult) -> None:
    """Take away what the result stands in place of."""
    if result.is_anew:
        connection.execute(delete(SEEN).where(SEEN.c.watch == state.number))
    for start in range(0, len(result.moved), ROWS_AT_ONCE):
        keys = list(result.moved[start : start + ROWS_AT_ONCE])
        of_watch = LOOKED.c.watch == state.number
        connection.execute(delete(LOOKED).where(of_watch, LOOKED.c.scene.in_(keys)))


def _looked_rows(state: WatchState, result: RunResult) -> Iterator[dict[str, int]]:
    for scene, content in result.looked.items():
        yield {"watch": state.number, "scene": scene, "content": content}


def _write(connection: Connection, table: Any, rows: Iterable[Mapping[str, Any]]) -> None:
    left = iter(rows)
    # Not all at once: of an archive of pictures a million scenes are looked at.
    while part := list(islice(left, ROWS_WRITTEN)):
        connection.execute(insert(table), part)


def _not_known(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Events that were not told before: of a scene that came back after a new watch was set."""
    known: set[str] = set()
    for start in range(0, len(events), ROWS_AT_ONCE):
        ids = [event.id for event in events[start : start + ROWS_AT_ONCE]]
        known.update(connection.execute(select(EVENTS.c.id).where(EVENTS.c.id.in_(ids))).scalars())
    return [event for event in events if event.id not in known]


def _event_row(event: Event, watch: Watch) -> dict[str, Any]:
    row = dict(vars(event))
    del row["number"]
    return row | {"is_posted": not watch.webhook, "is_notified": not watch.notify}


def _numbered(connection: Connection, events: Sequence[Event]) -> list[Event]:
    """Events with the numbers that the database gave them."""
    numbers: dict[str, int] = {}
    for start in range(0, len(events), ROWS_AT_ONCE):
        ids = [event.id for event in events[start : start + ROWS_AT_ONCE]]
        asked = select(EVENTS.c.id, EVENTS.c.number).where(EVENTS.c.id.in_(ids))
        numbers.update((row.id, row.number) for row in connection.execute(asked))
    return [replace(event, number=numbers[event.id]) for event in events]
