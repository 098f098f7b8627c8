"""The database of saved searches: a file of SQLite beside the index, or PostgreSQL by an address.

What is committed is on disk: an answered mark outlives a killed server.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.exc import SQLAlchemyError

from harma.errors import StorageError
from harma.ground.messages import first_line
from harma.searches.tables import TABLES

DATABASE_FILE = "searches.sqlite"
# Another process may be writing: seconds that one waits for it.
PATIENCE_S = 30


class Database:
    """Reads and writes in transactions; threads may share it.

    Args:
        engine: to it.
        place: where it is, for messages.
    """

    def __init__(self, engine: Engine, place: str) -> None:
        self._engine = engine
        self.place = place
        TABLES.create_all(engine)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All that is done inside is on disk afterwards, or none of it.

        Raises:
            StorageError: it cannot be read or written.
        """
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StorageError(
                f"saved searches cannot be kept in {self.place}: {first_line(error)}"
            ) from error

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()


def open_beside(directory: Path) -> Database:
    """The database that lies in the directory of an index; it is made if it is not there."""
    file = directory / DATABASE_FILE
    engine = create_engine(f"sqlite:///{file}", connect_args={"timeout": PATIENCE_S})
    event.listen(engine, "connect", _set_up_sqlite)
    return Database(engine, str(file))


def _set_up_sqlite(connection: Any, _: object) -> None:
    """Readers do not wait for a writer; a commit is on disk; what belongs to a row goes with it."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode=WAL")
    cursor.execute("PRAGMA synchronous=FULL")
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def now() -> dt.datetime:
    """The moment, in UTC."""
    return dt.datetime.now(dt.UTC)
