"""New indexes that are there when they are whole (split, merge), in a folder or a bucket."""

import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harma.errors import ConfigError
from harma.ground.files import replacing_directory
from harma.ground.lock import LOCK_FILE
from harma.ground.outputs import check_output_directory
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import LEASE_FILE, Guard, writing
from harma.ground.storage.probe import SINGLE_WRITER_FILE
from harma.index.settings import SETTINGS_FILE, Settings
from harma.index.store import WRITING_INDEX, Store

# In a bucket nothing can be renamed: the small files of an index, by which it is one, lie here
# until its tables are whole.
MAKING = ".making"
LOCKS = {LOCK_FILE, LEASE_FILE, SINGLE_WRITER_FILE}


class NewIndexes:
    """Makes the indexes of one output.

    Args:
        output: where they will be.
        partial: where they grow: beside the output, or the output itself in a bucket.
        guard: called before each commit.
    """

    def __init__(self, output: Home, partial: Home, guard: Guard) -> None:
        self._output = output
        self._partial = partial
        self._guard = guard
        self._names: list[str] = []

    def create(self, name: str, settings: Settings) -> Store:
        """An empty index.

        Args:
            name: of it below the output; "" is the output itself.
            settings: of it.
        """
        tables = self._partial.child(name) if name else self._partial
        if tables.is_folder:
            return Store.create(tables, settings)
        self._names.append(name)
        return Store.create(self._small(name), settings, tables=tables, guard=self._guard)

    def place(self, name: str) -> Path | str:
        """Where an index is when all are whole."""
        home = self._output.child(name) if name else self._output
        return home.folder if home.is_folder else str(home)

    def finish(self) -> None:
        """Bring the small files of all indexes to their tables; that makes them indexes."""
        self._guard()
        for name in self._names:
            small = self._small(name)
            home = self._output.child(name) if name else self._output
            # The settings come last: where they are, there is an index.
            names = sorted(small.names(), key=lambda file: file == SETTINGS_FILE)
            for file in names:
                home.write_text(file, small.read_text(file) or "")
        self._output.remove_tree(MAKING)

    def _small(self, name: str) -> Home:
        return self._output.child(MAKING).child(name or "index")


@contextmanager
def new_indexes(output: Place, inputs: Iterable[Place]) -> Iterator[NewIndexes]:
    """Make indexes that get their names when the block succeeds.

    Whatever goes wrong, there is nothing half under that name; what a killed process left is
    removed by the next that writes there.

    Args:
        output: new folder or address.
        inputs: indexes that it must not lie in.

    Raises:
        BusyError: another process makes it now.
        ConfigError: it is there, or would lie inside an index.
    """
    home = home_of(output)
    _check_new(home, [home_of(place) for place in inputs])
    growing = _in_folder if home.is_folder else _in_bucket
    with growing(home) as new:
        yield new


def _check_new(home: Home, inputs: Iterable[Home]) -> None:
    if home.is_folder:
        check_output_directory(home.folder)
    names = set(home.names()) - LOCKS
    if names and MAKING not in names:
        raise ConfigError(f"{home} is there and not empty; name a directory that is new")
    for place in inputs:
        if home.key == place.key or place.holds(home):
            raise ConfigError(f"{home} lies inside the index {place}; write elsewhere")


@contextmanager
def _in_bucket(home: Home) -> Iterator[NewIndexes]:
    with writing(home, WRITING_INDEX) as guard:
        for name in set(home.names()) - LOCKS:
            home.remove_tree(name)
        new = NewIndexes(home, home, guard)
        yield new
        new.finish()


@contextmanager
def _in_folder(home: Home) -> Iterator[NewIndexes]:
    folder = home.folder
    is_there = folder.exists()
    try:
        with writing(home, WRITING_INDEX) as guard, replacing_directory(folder) as partial:
            yield NewIndexes(home, home_of(partial), guard)
    finally:
        # The lock made it.
        if not is_there and not {path.name for path in folder.iterdir()} - {LOCK_FILE}:
            shutil.rmtree(folder)
