"""New indexes that are there when they are whole (split, merge), in a folder or a bucket.

What an interrupted run has written is kept where it grew, with what was asked for: the same
command goes on with it.
"""

import json
import logging
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from harma.errors import ConfigError
from harma.ground.files import put_directory
from harma.ground.lock import LOCK_FILE
from harma.ground.outputs import check_output_directory
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import LEASE_FILE, Guard, writing
from harma.ground.storage.probe import SINGLE_WRITER_FILE
from harma.index.contract import StoreReader
from harma.index.settings import SETTINGS_FILE, Settings, is_index, values_of
from harma.index.store import WRITING_INDEX, Store

logger = logging.getLogger(__name__)

# In a bucket nothing can be renamed: the small files of an index, by which it is one, lie here
# until its tables are whole. Of a folder it ends the name of what grows beside it.
MAKING = ".making"
# In there: what was asked for, and below it what was made of it.
ASKED_FILE = "asked.json"
MADE = "made"
DONE = {"deed": "done"}
LOCKS = {LOCK_FILE, LEASE_FILE, SINGLE_WRITER_FILE}


@dataclass(frozen=True)
class MadeOf:
    """What new indexes are made of, and how.

    Attributes:
        deed: "split" or "merge".
        arguments: what it was told, such as {"by": "year"}, and its inputs: with others nobody
            goes on.
        inputs: of each the versions that are read, and its settings: where they are others,
            nothing that was written before is of use.
    """

    deed: str
    arguments: Mapping[str, object]
    inputs: Sequence[Mapping[str, object]]

    def text(self) -> str:
        """As it is kept."""
        return json.dumps(asdict(self), indent=2, ensure_ascii=False) + "\n"


def made_of(deed: str, stores: Iterable[StoreReader], arguments: Mapping[str, object]) -> MadeOf:
    """What is asked for.

    Args:
        deed: "split" or "merge".
        stores: of the inputs, each of one version.
        arguments: further ones.
    """
    names = []
    inputs: list[Mapping[str, object]] = []
    for store in stores:
        names.append(store.home.key)
        settings = values_of(store.settings)
        inputs.append({"versions": list(store.versions), "settings": json.dumps(settings)})
    return MadeOf(deed, {"inputs": names, **arguments}, inputs)


class NewIndexes:
    """Makes the indexes of one output.

    Args:
        output: where they will be.
        partial: where they grow: beside the output, or the output itself in a bucket.
        guard: called before each commit.
        asked: what they are made of.
    """

    def __init__(self, output: Home, partial: Home, guard: Guard, asked: MadeOf) -> None:
        self._output = output
        self._partial = partial
        self._guard = guard
        self._asked = asked
        self._names: list[str] = []
        # What was asked for, and the small files of the indexes; of a folder all of them.
        self._kept = partial if partial.is_folder else output.child(MAKING)

    def begin(self, *, anew: bool) -> None:
        """Keep what an interrupted run has left, if it is of the same; else remove it.

        Args:
            anew: remove it in any case.

        Raises:
            ConfigError: it is of other arguments, or whole by now.
        """
        there = self._there()
        now = json.loads(self._asked.text())
        if there == DONE:
            self._tidy()
            raise _not_empty(self._output)
        if there is not None and not anew:
            if any(there.get(name) != now[name] for name in ("deed", "arguments")):
                raise ConfigError(
                    f"{self._output} was begun by an interrupted {_words(there)}; give that again"
                    f" to go on with it, or --anew to remove it and begin a {_words(now)}"
                )
            if there == now:
                return
            logger.warning(
                "what was begun of %s is of an earlier version of its input; it begins anew",
                self._output,
            )
        self.discard()

    def _there(self) -> dict[str, object] | None:
        """What was asked for before."""
        text = self._kept.read_text(ASKED_FILE)
        if text is None:
            return None
        there: dict[str, object] = json.loads(text)
        return there

    def discard(self) -> None:
        """Remove all that was written."""
        if self._partial.is_folder:
            shutil.rmtree(self._partial.folder, ignore_errors=True)
            return
        # What says that something was begun goes last: until then the rest is removed again.
        for name in sorted(set(self._partial.names()) - LOCKS, key=lambda name: name == MAKING):
            self._partial.remove_tree(name)

    def create(self, name: str, settings: Settings) -> Store:
        """An index: an empty one, or as far as an interrupted run has brought it.

        Args:
            name: of it below the output; "" is the output itself.
            settings: of it.
        """
        if not self._names and self._there() is None:
            if self._kept.is_folder:
                self._kept.folder.mkdir(parents=True)
            self._kept.write_text(ASKED_FILE, self._asked.text())
        self._names.append(name)
        small = self._small(name)
        tables = None
        if not self._partial.is_folder:
            tables = self._partial.child(name) if name else self._partial
        if is_index(small):
            return Store(small, tables=tables, guard=self._guard)
        return Store.create(small, settings, tables=tables, guard=self._guard)

    def place(self, name: str) -> Path | str:
        """Where an index is when all are whole."""
        home = self._output.child(name) if name else self._output
        return home.folder if home.is_folder else str(home)

    def finish(self) -> None:
        """Give the indexes their names."""
        if self._partial.is_folder:
            put_directory(self._kept.child(MADE).folder, self._output.folder)
            self.discard()
        else:
            self._put_small_files()
            self._kept.write_text(ASKED_FILE, json.dumps(DONE))
            self._tidy()

    def _put_small_files(self) -> None:
        """Bring the small files of all indexes to their tables; that makes them indexes."""
        self._guard()
        for name in self._names:
            small = self._small(name)
            home = self._output.child(name) if name else self._output
            # The settings come last: where they are, there is an index.
            names = sorted(small.names(), key=lambda file: file == SETTINGS_FILE)
            for file in names:
                home.write_text(file, small.read_text(file) or "")

    def _tidy(self) -> None:
        """Remove what was kept of indexes that are whole; last what says that they are."""
        self._kept.remove_tree(MADE)
        self._kept.remove(ASKED_FILE)

    def _small(self, name: str) -> Home:
        """Where the small files of an index lie; in a folder all of it."""
        made = self._kept.child(MADE)
        return made.child(name) if name else made


def _words(asked: Mapping[str, object]) -> str:
    """What was asked for, as a person can give it again."""
    arguments = asked.get("arguments")
    said = [str(asked.get("deed"))]
    if isinstance(arguments, dict):
        said += [f"{name} {value}" for name, value in arguments.items()]
    return " ".join(said)


@contextmanager
def new_indexes(
    output: Place, inputs: Iterable[Place], asked: MadeOf, *, anew: bool = False
) -> Iterator[NewIndexes]:
    """Make indexes that get their names when the block succeeds.

    Whatever goes wrong, there is nothing half under that name. What was written until then is kept,
    for the next that asks for the same.

    Args:
        output: new folder or address.
        inputs: indexes that it must not lie in.
        asked: what they are made of.
        anew: remove what an interrupted run has left.

    Raises:
        BusyError: another process makes it now.
        ConfigError: it is there, would lie inside an index, or something else was begun there.
    """
    home = home_of(output)
    _check_new(home, [home_of(place) for place in inputs])
    growing = _in_folder if home.is_folder else _in_bucket
    with growing(home, asked) as new:
        new.begin(anew=anew)
        yield new
        new.finish()


def _check_new(home: Home, inputs: Iterable[Home]) -> None:
    if home.is_folder:
        check_output_directory(home.folder)
    names = set(home.names()) - LOCKS
    if names and MAKING not in names:
        raise _not_empty(home)
    for place in inputs:
        if home.key == place.key or place.holds(home):
            raise ConfigError(f"{home} lies inside the index {place}; write elsewhere")


def _not_empty(home: Home) -> ConfigError:
    return ConfigError(f"{home} is there and not empty; name a directory that is new")


@contextmanager
def _in_bucket(home: Home, asked: MadeOf) -> Iterator[NewIndexes]:
    with writing(home, WRITING_INDEX) as guard:
        yield NewIndexes(home, home, guard, asked)


@contextmanager
def _in_folder(home: Home, asked: MadeOf) -> Iterator[NewIndexes]:
    folder = home.folder
    is_there = folder.exists()
    resolved = folder.resolve()
    partial = home_of(resolved.with_name(f".{resolved.name}{MAKING}"))
    try:
        with writing(home, WRITING_INDEX) as guard:
            yield NewIndexes(home, partial, guard, asked)
    finally:
        # The lock made it.
        if not is_there and not {path.name for path in folder.iterdir()} - {LOCK_FILE}:
            shutil.rmtree(folder)
