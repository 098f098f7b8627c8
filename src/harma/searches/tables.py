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
    _of_search(),
    Column("standing", String),  # hits of this standing or a better one
    Column("least_score", Float),  # or hits of this score or a higher one (gain, of a change)
    Column("webhook", Text, nullable=False),
    Column("notify", Text, nullable=False),  # addresses of apprise, one a line
    Column("created", Moment, nullable=False),
    Column("last_run", Moment),
    Column("last_new", Integer, nullable=False),
    Column("last_sources", Integer, nullable=False),  # scenes that were new to it
    Column("last_problem", Text, nullable=False),
)
# What a watch has seen: chips by id and by the bytes of their scene.
SEEN = Table(
    "seen",
    TABLES,
    _of_search(),
    Column("chip", String, primary_key=True),
    Column("content", String, primary_key=True),
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
    Column("is_told", Boolean, nullable=False),  # to the webhook and to `notify`
    # Once each, whatever is killed and run again.
    UniqueConstraint("search", "chip", "content"),
)
VERSIONS = Table("schema_version", TABLES, Column("version", Integer, nullable=False))
