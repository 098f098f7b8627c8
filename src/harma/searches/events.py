"""Events that watches found: read by number, page after page, with their thumbnails apart."""

from collections.abc import Mapping
from dataclasses import fields
from typing import Any

from sqlalchemy import Column, Select, select

from harma.errors import NotFoundError
from harma.searches.database import Database
from harma.searches.records import Event
from harma.searches.tables import EVENTS

# Thumbnails are most of what an event takes: they are read where they are shown.
_PLAIN = [field.name for field in fields(Event) if field.name != "thumbnail"]


def read_events(
    database: Database, search: str, *, after: int = 0, k: int | None = None
) -> list[Event]:
    """Events of a saved search in the order in which they were found, without thumbnails.

    Args:
        database: that keeps them.
        search: id of the saved search.
        after: number of the last one that is known; later ones have higher numbers.
        k: events at most; None gives all.
    """
    asked = _asked(search).where(EVENTS.c.number > after).order_by(EVENTS.c.number)
    if k is not None:
        asked = asked.limit(k)
    return _read(database, asked)


def latest_events(database: Database, search: str, k: int) -> list[Event]:
    """The last events of a saved search, the latest first, without thumbnails."""
    return _read(database, _asked(search).order_by(EVENTS.c.number.desc()).limit(k))


def read_untold(
    database: Database, search: str, is_told: Column[bool], *, k: int | None = None
) -> list[Event]:
    """Events that one of the receivers has not taken yet, the first ones.

    Args:
        database: that keeps them.
        search: id of the saved search.
        is_told: column of `EVENTS` that says whether the receiver has.
        k: events at most; None gives all.
    """
    asked = _asked(search).where(is_told.is_(False)).order_by(EVENTS.c.number)
    if k is not None:
        asked = asked.limit(k)
    return _read(database, asked)


def thumbnail_of(database: Database, search: str, number: int) -> bytes | None:
    """The thumbnail of an event as JPEG; None where its chip had none.

    Raises:
        NotFoundError: there is no such event.
    """
    asked = select(EVENTS.c.thumbnail).where(EVENTS.c.search == search, EVENTS.c.number == number)
    with database.reading() as connection:
        row = connection.execute(asked).first()
    if row is None:
        raise NotFoundError(f"the saved search {search} has no event {number}")
    thumbnail: bytes | None = row.thumbnail
    return thumbnail or None


def thumbnails_of(database: Database, search: str, numbers: list[int]) -> Mapping[int, bytes]:
    """The thumbnails of events that have one, by number."""
    asked = select(EVENTS.c.number, EVENTS.c.thumbnail).where(
        EVENTS.c.search == search, EVENTS.c.number.in_(numbers)
    )
    with database.reading() as connection:
        return {row.number: row.thumbnail for row in connection.execute(asked) if row.thumbnail}


def _asked(search: str) -> Select[Any]:
    return select(*(EVENTS.c[name] for name in _PLAIN)).where(EVENTS.c.search == search)


def _read(database: Database, asked: Select[Any]) -> list[Event]:
    with database.reading() as connection:
        return [Event(**row._asdict(), thumbnail=None) for row in connection.execute(asked)]
