"""Connections to SQLite and PostgreSQL: how a transaction begins, how long one waits."""

import sqlite3
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    Connection,
    Engine,
    QueuePool,
    StaticPool,
    create_engine,
    event,
    make_url,
)
from sqlalchemy.exc import ArgumentError

from harma.errors import ConfigError, MissingDependencyError
from harma.searches.migrations import bring_up_to_date

# Another process may be writing: seconds that one waits for it.
PATIENCE_S = 30
# Seconds until a database elsewhere has to answer.
CONNECT_S = 10
# Option of a connection: how its transactions begin in SQLite.
_BEGIN = "harma_begin"
# Between two looks at a file that another process sets up.
_PAUSE_S = 0.02


def sqlite_engine(file: Path, *, is_fixed: bool = False) -> Engine:
    """Connections to a file of SQLite.

    Args:
        file: it is made when it is first connected to.
        is_fixed: it is read only, and nobody can write it.
    """
    mode = "mode=ro&immutable=1" if is_fixed else "mode=rwc"
    # As an address the name needs its %, ? and # quoted.
    address = f"file:{quote(str(file.absolute()))}?{mode}"

    def connect() -> sqlite3.Connection:
        # Transactions are begun by hand, below: Python's own would leave out changes of tables.
        connection = sqlite3.connect(
            address,
            uri=True,
            timeout=PATIENCE_S,
            isolation_level=None,
            # The pool hands a connection to one thread at a time.
            check_same_thread=False,
        )
        if not is_fixed:
            _set_up(connection)
        return connection

    engine = create_engine(
        "sqlite://", creator=connect, poolclass=QueuePool, pool_size=5, max_overflow=20
    )
    event.listen(engine, "begin", _begin)
    return engine


def empty_engine() -> Engine:
    """A database in memory that holds nothing: where nothing was kept, and nothing can be."""
    engine = create_engine(
        "sqlite://", poolclass=StaticPool, connect_args={"check_same_thread": False}
    )
    with engine.begin() as connection:
        bring_up_to_date(connection)
    return engine


def postgres_engine(address: str) -> Engine:
    """Connections to PostgreSQL.

    Raises:
        MissingDependencyError: the driver is not installed.
        ConfigError: the address cannot be read.
    """
    try:
        import psycopg  # noqa: F401
    except ImportError as error:
        raise MissingDependencyError(
            "saved searches in PostgreSQL need psycopg: pip install 'harma[postgres]'"
        ) from error
    try:
        url = make_url(address).set(drivername="postgresql+psycopg")
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "the address of PostgreSQL cannot be read; write it as"
            " postgresql://USER:PASSWORD@HOST:PORT/NAME"
        ) from error
    return create_engine(
        url,
        # A server that was started again has forgotten its connections.
        pool_pre_ping=True,
        connect_args={"connect_timeout": CONNECT_S},
    )


def reader_of(engine: Engine) -> Engine:
    """The same connections, for transactions that only read: each sees one moment."""
    if engine.dialect.name == "postgresql":
        return engine.execution_options(isolation_level="REPEATABLE READ")
    return engine.execution_options(**{_BEGIN: "BEGIN"})


def _set_up(connection: sqlite3.Connection) -> None:
    """Readers do not wait for a writer; a commit is on disk; what belongs to a row goes with it."""
    _use_wal(connection)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to the write-ahead log, which SQLite refuses at once while another process does so."""
    patience = time.monotonic() + PATIENCE_S
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > patience:
                raise
        time.sleep(_PAUSE_S)


def _begin(connection: Connection) -> None:
    """Writers take the lock at once: one that has read first could not wait for another."""
    options: dict[str, Any] = dict(connection.get_execution_options())
    connection.exec_driver_sql(options.get(_BEGIN, "BEGIN IMMEDIATE"))
