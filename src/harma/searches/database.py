"""The database of saved searches: a file of SQLite beside the index, or PostgreSQL by an address.

What is committed is on disk: an answered mark outlives a killed server.
"""

import datetime as dt
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnection

from harma.errors import BusyError, ConfigError, StateError
from harma.ground.messages import first_line
from harma.ground.outputs import is_address
from harma.ground.storage.home import Place, home_of
from harma.searches.engines import (
    PATIENCE_S,
    empty_engine,
    postgres_engine,
    reader_of,
    sqlite_engine,
)
from harma.searches.migrations import bring_up_to_date, check_version

DATABASE_FILE = "searches.sqlite"
POSTGRES = ("postgresql://", "postgres://")
ONLY_READS = "saved searches are only read here, and nothing is kept"
NOT_WRITABLE = (
    "saved searches cannot be kept: the directory of the index is not writable; name another place"
    " for them with --state (a directory, or postgresql://…)"
)
IN_A_BUCKET = (
    "saved searches cannot be kept beside an index in a bucket; name a place for them with --state"
    " (a directory of this machine, or postgresql://…)"
)
# Names of indexes that share a directory of databases.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")


class Database:
    """Reads and writes in transactions; threads may share it.

    Args:
        engine: to it.
        place: where it is, for messages; without a password.
        is_shared: several indexes are kept in it, by their names.
        refusal: why nothing can be kept; "" if it can.
    """

    def __init__(
        self, engine: Engine, place: str, *, is_shared: bool = False, refusal: str = ""
    ) -> None:
        self._engine = engine
        self._reader = reader_of(engine)
        self.place = place
        self.is_shared = is_shared
        self.refusal = refusal
        try:
            self._check_tables()
        except BaseException:
            # Nobody has it to close; a server tries again with every request.
            engine.dispose()
            raise

    def _check_tables(self) -> None:
        """Check the tables, or make them, or bring them up to date.

        Raises:
            StateError: they cannot be used.
        """
        if self.refusal:
            with self.reading() as connection:
                check_version(connection)
        else:
            with self._told(), self._engine.begin() as connection:
                bring_up_to_date(connection)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """All that is done inside is on disk afterwards, or none of it.

        In SQLite nobody else writes from its beginning on; in PostgreSQL what it changes first is
        locked against others.

        Raises:
            StateError: it cannot be read or written.
            BusyError: others write for too long.
        """
        if self.refusal:
            raise StateError(self.refusal, source=self.place)
        with self._told(), self._engine.begin() as connection:
            yield connection

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """All that is read inside is of one moment; it waits for no writer.

        Raises:
            StateError: it cannot be read.
        """
        with self._told(), self._reader.begin() as connection:
            yield connection

    def close(self) -> None:
        """Let go of its connections."""
        self._engine.dispose()

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a database says, in our words; where it is stays apart, as strangers may read."""
        try:
            yield
        except StateError as error:
            raise StateError(error.problem, source=self.place) from error
        except NoConnection as error:
            raise BusyError("too many requests for saved searches at once; try again") from error
        except SQLAlchemyError as error:
            reason = _reason(error)
            if "is locked" in reason:
                raise BusyError(
                    f"another program has written saved searches for {PATIENCE_S} s; try again"
                ) from error
            source = self.place
            if self.is_shared:
                # The driver names hosts and ports, which are nothing for strangers.
                source = f"{self.place} ({reason})"
                reason = "the database does not answer as it should"
            raise StateError(_advice(reason), source=source) from error


def open_state(
    address: str,
    place: Place,
    index_name: str,
    *,
    only_reads: bool = False,
    file_name: str = DATABASE_FILE,
) -> Database:
    """The database of an index, wherever saved searches are kept.

    Args:
        address: of PostgreSQL (postgresql://…), or a directory for files of SQLite; "" keeps them
            beside the index.
        place: of the index.
        index_name: tells indexes apart that are kept in one place.
        only_reads: nothing is made or changed, also where it could be.
        file_name: of the database beside the index.

    Raises:
        ConfigError: the address is of another kind, or the index has no name to be told by.
        StateError: it cannot be opened.
    """
    if not address:
        home = home_of(place)
        if not home.is_folder:
            # Nothing is there, and keeping says why.
            return Database(empty_engine(), str(home), refusal=IN_A_BUCKET)
        return open_beside(home.folder, only_reads=only_reads, file_name=file_name)
    if not _NAME.fullmatch(index_name):
        raise ConfigError(
            f"saved searches are kept together in {_hidden(address)}, and there the index"
            f" {index_name!r} needs a name of letters, digits, - and _"
        )
    if address.startswith(POSTGRES):
        return open_postgres(address, only_reads=only_reads)
    if is_address(address):
        raise ConfigError(
            f"saved searches cannot be kept in {_hidden(address)}; name a directory of this"
            " machine, or a database as postgresql://USER@HOST/NAME"
        )
    folder = Path(address)
    try:
        if not only_reads:
            folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StateError(
            f"the directory for saved searches cannot be made ({error.strerror})", source=address
        ) from error
    return open_file(folder / f"{index_name}.sqlite", only_reads=only_reads)


def open_beside(
    directory: Path, *, only_reads: bool = False, file_name: str = DATABASE_FILE
) -> Database:
    """The database that lies in the directory of an index; see `open_file`.

    Raises:
        StateError: it cannot be opened.
    """
    return open_file(directory / file_name, only_reads=only_reads)


def group_file(name: str) -> str:
    """Name of the database of several indexes that are searched as one, beside the first of them.

    Args:
        name: of the group.

    Raises:
        ConfigError: the name cannot be one of a file.
    """
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{name!r} is no name of a group of indexes: letters, digits, - and _ are allowed, 100"
            " at most"
        )
    stem, _, suffix = DATABASE_FILE.rpartition(".")
    return f"{stem}-{name}.{suffix}"


def open_file(file: Path, *, only_reads: bool = False) -> Database:
    """A database in a file; it is made if it is not there.

    Where the directory takes no files, what is there can be read, and keeping says why it cannot.

    Args:
        file: of SQLite.
        only_reads: it is neither made nor changed.

    Raises:
        StateError: it cannot be opened.
    """
    if not _is_directory(file.parent):
        raise StateError(
            "there is no such directory to keep saved searches in, or it may not be entered; name"
            " another place for them with --state",
            source=str(file),
        )
    can_write = _is_writable(file)
    if can_write and not only_reads:
        return Database(sqlite_engine(file), str(file))
    refusal = ONLY_READS if only_reads else NOT_WRITABLE
    if not file.exists():
        return Database(empty_engine(), str(file), refusal=refusal)
    if not can_write:
        _check_no_log(file)
    return Database(sqlite_engine(file, is_fixed=not can_write), str(file), refusal=refusal)


def _check_no_log(file: Path) -> None:
    """Check that all is in the file: a log beside it cannot be read where nothing is written."""
    log = file.with_name(f"{file.name}-wal")
    if log.exists() and log.stat().st_size:
        raise StateError(
            "the directory is not writable, and the newest saved searches are still in the log"
            f" beside them ({log.name}); make the directory writable once, or copy both elsewhere"
            " and name that with --state",
            source=str(file),
        )


def open_postgres(address: str, *, only_reads: bool = False) -> Database:
    """A database of PostgreSQL, for several indexes and servers.

    Args:
        address: postgresql://USER:PASSWORD@HOST:PORT/NAME.
        only_reads: it is not changed.

    Raises:
        MissingDependencyError: its driver is not installed.
        ConfigError: the address cannot be read.
        StateError: the database does not answer.
    """
    engine = postgres_engine(address)
    place = engine.url.render_as_string(hide_password=True).replace("+psycopg", "", 1)
    refusal = ONLY_READS if only_reads else ""
    return Database(engine, place, is_shared=True, refusal=refusal)


def now() -> dt.datetime:
    """The moment, in UTC."""
    return dt.datetime.now(dt.UTC)


def _is_directory(path: Path) -> bool:
    try:
        return path.is_dir()
    except OSError:
        # One above it may not be entered.
        return False


def _is_writable(file: Path) -> bool:
    """Whether SQLite can write a file; it makes others beside it."""
    is_open = os.access(file.parent, os.W_OK | os.X_OK)
    return is_open and (not file.exists() or os.access(file, os.W_OK))


def _hidden(address: str) -> str:
    """An address without what may be a password."""
    return re.sub(r"//[^/@]*@", "//…@", address)


def _reason(error: SQLAlchemyError) -> str:
    """What the database itself says, without the statement."""
    if isinstance(error, DBAPIError) and error.orig is not None:
        return first_line(error.orig)
    return first_line(error)


def _advice(reason: str) -> str:
    if "not a database" in reason or "malformed" in reason:
        return (
            f"the database of saved searches is damaged ({reason}); put a copy of it back, or move"
            " it away to begin anew"
        )
    if "is full" in reason:
        return (
            f"the disk with saved searches is full ({reason}), and this was not kept; make room,"
            " and try again: what was kept before is there"
        )
    if "readonly" in reason or "unable to open" in reason:
        return (
            f"saved searches cannot be kept here ({reason}); make the directory writable, or name"
            " another place for them with --state"
        )
    return f"saved searches cannot be read or kept ({reason})"
