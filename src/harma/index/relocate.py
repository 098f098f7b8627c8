"""Relocate: a tree of an archive lies elsewhere; its sources get the names of the new place."""

import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.sax.saxutils import escape

from harma.errors import ConfigError, MissingFileError, NotFoundError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place, home_of
from harma.ground.storage.lease import writing
from harma.index.compaction import keep_quick
from harma.index.look import Surveyed
from harma.index.moved import Move, record_of, take_over
from harma.index.properties import PropertyColumns
from harma.index.records import SourceRecord
from harma.index.settings import read_settings
from harma.index.source_files import fingerprint, listed_files
from harma.index.store import WRITING_INDEX, Store
from harma.index.writer import COMMIT_CHIPS, write_problems
from harma.scenes.addresses import is_address, opened_by_gdal, unsigned
from harma.scenes.source import Source

# Places that a message names.
SHOWN = 3


class Relocated(NamedTuple):
    """What was renamed, or would be.

    Attributes:
        num_sources: that lie elsewhere.
        num_chips: of them.
    """

    num_sources: int
    num_chips: int


def relocate(
    place: Place,
    old: str,
    new: str,
    *,
    force: bool = False,
    dry_run: bool = False,
    progress: AdvancePart = not_told,
) -> Relocated:
    """Rename the sources below a folder or address; nothing is read or embedded.

    What was done when it is killed stays, and the same call goes on there.

    Args:
        place: of the index.
        old: folder, file or address whose sources lie elsewhere now.
        new: where they lie.
        force: also where files of the new place are not there.
        dry_run: only say what would be renamed.
        progress: called with ("renaming", sources so far, in all).

    Raises:
        BusyError: another process writes the index.
        ConfigError: old and new are the same, or another scene is called as one will be.
        NotFoundError: no source lies below `old`.
        MissingFileError: files are not at the new place; nothing is renamed.
    """
    # Before the lock, which would make the directory: there must be an index.
    read_settings(place)
    names = _Renaming(_place(old), _place(new))
    home = home_of(place)
    with writing(home, WRITING_INDEX) as guard:
        store = Store(home, guard=guard)
        known = store.sources()
        moves = [move for move in map(names.move, known.values()) if move is not None]
        if not moves:
            raise NotFoundError(f"no source of the index lies below {names.old}")
        _check_names(moves, known)
        if not force:
            _check_there(moves)
        counted = Relocated(len(moves), sum(move.num_chips for move in moves))
        if not dry_run:
            _rename(store, moves, progress)
            write_problems(store)
            # All renamed chips are new to the ANN index.
            keep_quick(store, None, progress)
    return counted


def _place(named: str) -> str:
    """A folder, file or address without a slash at its end; a local one is absolute."""
    if not named.strip():
        raise ConfigError("a place is named by an empty text; name a folder, file or address")
    if is_address(named) or named.startswith("/vsi"):
        return unsigned(named).rstrip("/")
    # Not resolved: links are named as the person named them.
    return str(Path(named).expanduser().absolute()).rstrip("/")


class _Renaming:
    """Names below one place as they are below another."""

    def __init__(self, old: str, new: str) -> None:
        if old == new:
            raise ConfigError(f"{old} is where the sources lie already")
        self.old = old
        self.new = new
        # In names of GDAL a path stands behind a prefix, in a VRT inside of an element; it ends
        # with a part of a path.
        before = r"""(?:^|(?<=[:>{"'])|(?<=(?<!:)(?<!:/)/))"""
        after = r"""(?=$|[/<:}"'!])"""
        self._name = re.compile(f"{before}{re.escape(old)}{after}", re.MULTILINE)
        # XML writes & and < in another way.
        self._in_xml = re.compile(f"{before}{re.escape(escape(old))}{after}", re.MULTILINE)

    def of(self, text: str) -> str:
        """A name, or a VRT in XML, as it is called now."""
        if text.startswith("<"):
            return self._in_xml.sub(lambda _: escape(self.new), text)
        return self._name.sub(lambda _: self.new, text)

    def move(self, record: SourceRecord) -> Move | None:
        """The move of a source; None where it does not lie below the old place."""
        name = self.of(record.source)
        if name == record.source:
            return None
        opened_as = opened_by_gdal(name)
        if record.opened_as:
            opened_as = self.of(record.opened_as)
        files = tuple(map(self.of, listed_files(record.files)))
        content = record.content
        source = Source(name, opened_as, files=files)
        if content and record.size < 0 and is_address(name):
            content = fingerprint(source)
        # Size and time stay: what differs at the new place is looked at by the next build.
        surveyed = Surveyed(source, record.size, record.mtime_ns, content)
        return Move(surveyed, (record,), problem=record.problem)


def _check_names(moves: Sequence[Move], known: Mapping[str, SourceRecord]) -> None:
    """Check that no other scene is called as one will be."""
    for move in moves:
        there = known.get(move.surveyed.source.name)
        if there is not None and there.content != move.surveyed.content:
            raise ConfigError(
                f"the index has {there.source} already, with other content than"
                f" {move.before[0].source}; take one of them out (harma index remove)"
            )


def _check_there(moves: Sequence[Move]) -> None:
    """Check that local files are at their new places."""
    missing: list[str] = []
    for move in moves:
        source = move.surveyed.source
        for path in source.files or (source.name,):
            is_local = path.startswith("/") and not path.startswith("/vsi")
            if is_local and not Path(path).exists():
                missing.append(path)
    if missing:
        raise MissingFileError(
            f"{len(missing):,} files are not there, such as {', '.join(missing[:SHOWN])}; nothing"
            " was renamed. Bring them there first, or rename all the same (--force)"
        )


def _rename(store: Store, moves: Sequence[Move], progress: AdvancePart) -> None:
    columns = PropertyColumns(store.property_types())
    done = 0
    for group in _groups(moves):
        take_over(store, group, columns)
        # New records before the old go: whatever moment it is killed in, the next call finds the
        # old names, and adds only what is missing.
        store.put_sources([record_of(move) for move in group])
        store.drop_sources([move.before[0].source for move in group])
        done += len(group)
        progress("renaming", done, len(moves))


def _groups(moves: Sequence[Move]) -> Iterator[list[Move]]:
    """Moves whose chips are written together."""
    group: list[Move] = []
    num_chips = 0
    for move in moves:
        group.append(move)
        # A source without chips is a row, too.
        num_chips += max(1, move.num_chips)
        if num_chips >= COMMIT_CHIPS:
            yield group
            group = []
            num_chips = 0
    if group:
        yield group
