"""Tables of saved searches, marks, watches and events, in SQLite or PostgreSQL."""

import datetime as dt
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)

# All tables; a change of them is a step in `harma.searches.migrations`.
TABLES = MetaData()
# SQLite counts up only a column of its own INTEGER.
_NUMBER = BigInteger().with_variant(Integer, "sqlite")


class Moment(TypeDecorator[dt.datetime]):
    """A moment in UTC; SQLite keeps none that knows its zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Any) -> dt.datetime | None:
        """The moment in UTC, as it is kept."""
        return None if value is None else value.astimezone(dt.UTC)

    def process_result_value(self, value: Any, dialect: Any) -> dt.datetime | None:
        """The moment with its zone, as it is read."""
        if value is None:
            return None
        if value.tzinfo is None:
            value = value.replace(tzinfo=dt.UTC)
        moment: dt.datetime = value.astimezone(dt.UTC)
        return moment


def _of_search() -> Column[str]:
    """The saved search that a row belongs to; it goes with it."""
    return Column("search", String, ForeignKey("searches.id", ondelete="CASCADE"), primary_key=True)


SEARCHES = Table(
    "searches",
    TABLES,
    Column("id", String, primary_key=True),
    Column("index_name", String, nullable=False),  # "" in a database beside its index
    Column("name", Text, nullable=False),
    Column("asked", JSON, nullable=False),  # of `harma.index.ask_json`
    Column("model", String, nullable=False),  # fingerprint of the model of its vectors, or ""
    Column("is_draft", Boolean, nullable=False),  # has marks, but nobody gave it a name
    Column("version", Integer, nullable=False),  # counts every change of it and of its marks
    Column("created", Moment, nullable=False),
    Column("changed", Moment, nullable=False),
    Column("who", Text, nullable=False),
)
MARKS = Table(
    "marks",
    TABLES,
    _of_search(),
    Column("chip", String, primary_key=True),
    Column("mark", String, nullable=False),  # good, bad, unsure
    Column("note", Text, nullable=False),
    Column("who", Text, nullable=False),
    Column("earlier", Text, nullable=False),  # who said something of it before, one a line
    Column("changed", Moment, nullable=False),
    # What the chip was, so that a mark can be shown and exported when the chip is gone.
    Column("source", Text, nullable=False),
    Column("geometry", LargeBinary),  # WKB, WGS84
    Column("taken", Moment),
    Column("taken_end", Moment),
    # And by which it is known again when its scene has been renamed: its id is another one then.
    Column("content", String, nullable=False),
    Column("window", String, nullable=False),  # column, row, width, height, with commas
)
WATCHES = Table(
    "watches",
    TABLES,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column(
        "search",
        String,
        ForeignKey("searches.id", ondelete="CASCADE"),
        nullable=False,
        unique=True,
    ),
    Column("standing", String),  # hits of this standing or a better one
    Column("least_score", Float),  # or hits of this score or a higher one (gain, of a change)
    Column("webhook", Text, nullable=False),
    Column("notify", Text, nullable=False),  # addresses of apprise, one a line
    Column("created", Moment, nullable=False),
    Column("last_run", Moment),
    Column("last_new", Integer, nullable=False),
    Column("last_sources", Integer, nullable=False),  # scenes that were new to it
    Column("last_problem", Text, nullable=False),
    Column("runs", Integer, nullable=False),  # of two runs at once, the one that counts up is kept
    Column("question", String, nullable=False),  # by what its seen places were judged
    Column("tell_after", Moment),  # somebody tells now, or telling failed
    Column("num_failures", Integer, nullable=False),  # of telling, one after the other
)


def _of_watch(*, is_key: bool) -> Column[int]:
    """The watch that a row belongs to; it goes with it."""
    watch = ForeignKey("watches.number", ondelete="CASCADE")
    return Column("watch", _NUMBER, watch, primary_key=is_key, nullable=False, index=not is_key)


# Scenes that a watch has looked at, by 64 bits of their name and bytes: 50 bytes a scene.
LOOKED = Table(
    "looked",
    TABLES,
    _of_watch(is_key=True),
    Column("scene", BigInteger, primary_key=True, autoincrement=False),  # name and bytes
    Column("content", BigInteger, nullable=False),  # bytes alone: a moved scene is known by them
    sqlite_with_rowid=False,
)
# Places that a watch has seen: hits over its threshold, told or there before it.
SEEN = Table(
    "seen",
    TABLES,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    _of_watch(is_key=False),
    Column("source", Text, nullable=False),
    Column("geometry", LargeBinary),  # WKB, WGS84
    Column("taken", Moment),
    Column("taken_end", Moment),
    # Of the window in the scene: places of scenes without a place on Earth.
    Column("column", Integer, nullable=False),
    Column("row", Integer, nullable=False),
    Column("width", Integer, nullable=False),
    Column("height", Integer, nullable=False),
)
EVENTS = Table(
    "events",
    TABLES,
    Column("number", _NUMBER, primary_key=True, autoincrement=True),
    Column("id", String, nullable=False, unique=True),  # a URN of its own
    Column("search", String, ForeignKey("searches.id", ondelete="CASCADE"), nullable=False),
    Column("chip", String, nullable=False),
    Column("content", String, nullable=False),
    Column("found", Moment, nullable=False),
    Column("source", Text, nullable=False),
    Column("score", Float, nullable=False),
    Column("gain", Float),  # of a change
    Column("standing", String, nullable=False),
    Column("then_chip", String),
    Column("geometry", LargeBinary),
    Column("taken", Moment),
    Column("taken_end", Moment),
    Column("thumbnail", LargeBinary),  # JPEG: the scene may go
    Column("is_posted", Boolean, nullable=False),  # the webhook has it, or there is none
    Column("is_notified", Boolean, nullable=False),  # so have the addresses of `notify`
    # Once each, whatever is killed and run again.
    UniqueConstraint("search", "chip", "content"),
    # A number is never given again: readers ask for what follows the last one they know.
    sqlite_autoincrement=True,
)
VERSIONS = Table("schema_version", TABLES, Column("version", Integer, nullable=False))
