"""Fragments of a Lance table: any process writes them, one alone commits them, with its mark.

A fragment is a data file that no version of the table names yet. What a worker writes and nobody
commits is an orphan file, never a row. Lance commits the same fragment twice without an error, so
each commit carries the build that made it and a rising number: where an answer was lost, the mark
says whether the commit is there.
"""

import json
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from harma.errors import BusyError, HarmaError, MissingDependencyError, StorageError
from harma.ground.messages import first_line
from harma.ground.storage.home import home_of
from harma.ground.storage.lease import Guard, unguarded
from harma.index.contract import READ_ERRORS

BUILD_MARK = "harma.build"
NUMBER_MARK = "harma.commit"
# Seconds between trials of a commit: storage that is away for some minutes is waited for.
WAITS = (1.0, 2.0, 4.0, 8.0, 16.0, 30.0, 30.0, 30.0)


@dataclass(frozen=True)
class TableAddress:
    """Where a table is, for a process of any machine that has not opened its index.

    Credentials do not travel with it: each process has its own.

    Attributes:
        uri: path or address, as its home gives it.
    """

    uri: str

    def storage_options(self) -> dict[str, str]:
        """What Lance is told of its storage, by the environment of this process."""
        return home_of(self.uri).storage_options()


@dataclass(frozen=True)
class CommitMark:
    """Names a commit: no two have the same.

    Attributes:
        build: that makes it.
        number: of the commit in the build.
    """

    build: str
    number: int


def table_schema(table: TableAddress) -> pa.Schema:
    """The columns of the newest version."""
    with _told(table, "read"):
        return _opened(table).schema


def write_fragments(table: TableAddress, rows: pa.Table) -> list[str]:
    """Write rows to files of a table, which no version of it names yet.

    Args:
        table: to which they are to belong.
        rows: with all of its columns, in its order.

    Returns:
        What `commit_fragments` takes; it travels as text.

    Raises:
        StorageError: they cannot be written.
    """
    written: list[str] = []

    def write() -> None:
        fragments = _lance().fragment.write_fragments(
            rows, table.uri, mode="append", storage_options=table.storage_options()
        )
        written[:] = [json.dumps(fragment.to_json()) for fragment in fragments]

    with _told(table, "written"):
        _tried(write)
    return written


def take_over(table: TableAddress, build: str) -> None:
    """Note in a table that this build alone may commit from now on.

    It takes the next version. A commit of a dead process that is still on its way is for a version
    that exists then, and is refused.

    Raises:
        StorageError: it cannot be written.
    """
    with _told(table, "written"):
        _tried(lambda: _take_over(table, build))


def commit_fragments(
    table: TableAddress, fragments: Sequence[str], mark: CommitMark, guard: Guard = unguarded
) -> None:
    """Make fragments part of a table, all or none of them, and once whatever goes wrong.

    Args:
        table: it was taken over by the build of the mark.
        fragments: as `write_fragments` gave them.
        mark: of this commit alone.
        guard: called before each trial.

    Raises:
        BusyError: another build has taken over the table.
        StorageError: they cannot be written.
    """
    commit = _Commit(table, fragments, mark, guard)
    with _told(table, "written"):
        _tried(commit.once)


def orphans(table: TableAddress, names: Iterable[str]) -> list[str]:
    """Those of a table's data files that no version of it names.

    Args:
        table: nobody writes it now.
        names: of files in its folder of data.
    """
    with _told(table, "read"):
        dataset = _opened(table)
        known: set[str] = set()
        for version in dataset.versions():
            known |= _files_of(dataset.checkout_version(version["version"]))
    return sorted(set(names) - known)


class _Commit:
    """A commit that may be tried again: it looks first whether it is there."""

    def __init__(
        self, table: TableAddress, fragments: Sequence[str], mark: CommitMark, guard: Guard
    ) -> None:
        self.table = table
        self.fragments = fragments
        self.mark = mark
        self.guard = guard
        # The first version that it may have become; 0 before it was tried.
        self.first = 0

    def once(self) -> None:
        """Commit, unless an earlier trial did."""
        self.guard()
        dataset = _opened(self.table)
        owner = dataset.config().get(BUILD_MARK)
        if owner != self.mark.build:
            raise BusyError(
                f"another build writes {self.table.uri} since this one began; wait for it, then"
                " give the command again"
            )
        if self.first:
            # What is still on its way finds its version taken: now it is there, or never will be.
            _take_over(self.table, self.mark.build)
            dataset = _opened(self.table)
            versions = range(self.first, dataset.version + 1)
            if any(_mark_of(dataset, version) == self.mark for version in versions):
                return
        else:
            self.first = dataset.version + 1
        _append(self.table, dataset.version, self.fragments, self.mark)


def _tried(deed: Callable[[], None]) -> None:
    """Do what may be done again, until it succeeds or `WAITS` are over."""
    for wait in WAITS:
        try:
            deed()
            return
        except HarmaError:
            raise
        except (OSError, RuntimeError):
            time.sleep(wait)
    deed()


def _append(table: TableAddress, version: int, fragments: Sequence[str], mark: CommitMark) -> None:
    lance = _lance()
    described = [lance.FragmentMetadata.from_json(text) for text in fragments]
    transaction = lance.Transaction(
        read_version=version,
        operation=lance.LanceOperation.Append(described),
        transaction_properties={BUILD_MARK: mark.build, NUMBER_MARK: str(mark.number)},
    )
    lance.LanceDataset.commit(table.uri, transaction, storage_options=table.storage_options())


def _take_over(table: TableAddress, build: str) -> None:
    _opened(table).update_config({BUILD_MARK: build})


def _mark_of(dataset: Any, version: int) -> CommitMark | None:
    """The mark of the commit that made a version, if it has one."""
    transaction = dataset.read_transaction(version)
    properties = transaction.transaction_properties if transaction else {}
    if NUMBER_MARK not in properties:
        return None
    return CommitMark(properties[BUILD_MARK], int(properties[NUMBER_MARK]))


def _files_of(dataset: Any) -> set[str]:
    names: set[str] = set()
    for fragment in dataset.get_fragments():
        names |= {file.path for file in fragment.metadata.files}
    return names


def _opened(table: TableAddress) -> Any:
    """The newest version."""
    return _lance().dataset(table.uri, storage_options=table.storage_options())


def _lance() -> Any:
    """Pylance, which only builds on many machines need.

    Raises:
        MissingDependencyError: it is not installed.
    """
    try:
        import lance
    except ImportError as error:
        raise MissingDependencyError(
            "workers of a build need pylance: pip install 'harma[cluster]'"
        ) from error
    return lance


@contextmanager
def _told(table: TableAddress, deed: str) -> Iterator[None]:
    """Say plainly what is wrong."""
    try:
        yield
    except HarmaError:
        raise
    except READ_ERRORS as error:
        raise StorageError(
            f"the table {table.uri} cannot be {deed} ({first_line(error)}). What was written before"
            " is kept; give the command again when its storage answers"
        ) from error
