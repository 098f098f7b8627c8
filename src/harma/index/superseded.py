"""Sources that other scenes stand for: parts of products, and copies whose originals are gone.

An index is built on again and again, and what lies on the disk changes meanwhile: the last band of
a product arrives, tiles get a mosaic, a folder of an item's files is named without the item, a
copy takes the place of its original. No place shall be found twice for that, and no scene be lost.
"""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.index.contract import StoreReader
from harma.index.hashed_names import hashes_of
from harma.index.moved import is_gone
from harma.index.records import SourceRecord
from harma.index.source_files import listed_files
from harma.scenes.source import Found, Source

# Of a record, what is looked at here.
FEW_COLUMNS = ("source", "size", "mtime_ns", "content", "problem", "opened_as", "files")
PART = "a part of a scene that the index has"


def without_known_parts(found: Found, store: StoreReader) -> Found:
    """Leave out single files that the index has as parts of a scene that is put together.

    Args:
        found: scenes as they were found now.
        store: of the index.

    Returns:
        What is left; files that were left out are among `left_out`.
    """
    plain: set[str] = set()
    put_together: set[str] = set()
    parts: set[str] = set()
    for record in _put_together(store):
        # Most indexes have no such scene: of a million names nothing is kept.
        if not plain and not put_together:
            plain = {source.name for source in found.sources if _is_plain(source)}
            put_together = {source.name for source in found.sources} - plain
        if record.source not in put_together:
            parts |= plain & _parts(record)
    if not parts:
        return found
    left_out = dict.fromkeys(sorted(parts), PART)
    sources = [source for source in found.sources if source.name not in parts]
    return replace(found, sources=sources, left_out=found.left_out | left_out)


def superseded(found: Found, store: StoreReader, problems: Iterable[str]) -> list[str]:
    """Sources of an index that other scenes stand for.

    Args:
        found: the scenes of a build that is done.
        store: of the index after it.
        problems: sources that could not be used.
    """
    signs = _Signs(found, store, set(problems))
    signs.look()
    doubtful = list(_doubtful(store, signs))
    if not doubtful:
        return []
    # Hashes stood for names until now: these few are compared as they are.
    names = {record.source for record in doubtful}
    signs.look(names, {record.content for record in doubtful})
    return sorted(record.source for record in doubtful if signs.stand_for(record))


class _Signs:
    """What tells that scenes stand for others: their parts, and the bytes of those just read.

    It keeps hashes: eight bytes of each name that was found, and of each that was read.

    Args:
        found: the scenes of a build.
        store: of the index after it.
        problems: sources that could not be used: they stand for nothing.
    """

    def __init__(self, found: Found, store: StoreReader, problems: AbstractSet[str]) -> None:
        self._found = found
        self._store = store
        self._problems = problems
        names = (hash(source.name) for source in found.sources)
        self._named = np.fromiter(names, np.int64, len(found.sources))
        self._parts = np.empty(0, dtype=np.int64)
        self._read = np.empty(0, dtype=np.int64)
        # As they are, of those that were asked for.
        self._exact_parts: set[str] = set()
        self._exact_read: set[str] = set()

    def look(self, names: Iterable[str] = (), contents: Iterable[str] = ()) -> None:
        """Look through the index.

        Args:
            names: parts that are kept as they are.
            contents: fingerprints that are kept as they are.
        """
        self._exact_parts = set()
        self._exact_read = set()
        wanted = set(names)
        wanted_contents = set(contents)
        parts = [np.empty(0, dtype=np.int64)]
        read = [np.empty(0, dtype=np.int64)]
        for paths in self._each_parts():
            self._exact_parts |= wanted & paths
            parts.append(np.fromiter(map(hash, paths), np.int64, len(paths)))
        for table in self._store.source_tables(["source", "content"]):
            contents_read = table["content"].filter(pa.array(self._were_read(table)))
            read.append(hashes_of(contents_read))
            if wanted_contents:
                self._exact_read |= wanted_contents.intersection(contents_read.to_pylist())
        self._parts = np.unique(np.concatenate(parts))
        self._read = np.unique(np.concatenate(read))

    def _each_parts(self) -> Iterator[set[str]]:
        """Files that are no scenes of their own, whatever they were in an earlier build."""
        yield {path for path, why in self._found.left_out.items() if why != PART}
        for table in self._store.source_tables(["source", "files"]):
            has_files = pc.not_equal(table["files"].fill_null(""), "").to_numpy()
            chosen = table.filter(pa.array(has_files & self._were_read(table)))
            yield set(chain.from_iterable(map(listed_files, chosen["files"].to_pylist())))
        for record in _put_together(self._store):
            if record.source not in self._problems:
                yield _parts(record) - {record.source}

    def _were_read(self, table: pa.Table) -> NDArray[np.bool_]:
        """Which sources the build was told of, and could use."""
        were_read: NDArray[np.bool_] = self.are_named(table)
        if self._problems:
            failed = pa.array(sorted(self._problems), pa.string())
            were_read &= ~pc.is_in(table["source"], value_set=failed).to_numpy()
        return were_read

    def are_named(self, table: pa.Table) -> NDArray[np.bool_]:
        """Which sources the build was told of."""
        return np.isin(hashes_of(table["source"]), self._named)

    def may_stand_for(self, table: pa.Table) -> NDArray[np.bool_]:
        """Which of some sources something seems to stand for."""
        are_parts = np.isin(hashes_of(table["source"]), self._parts)
        are_copies = np.isin(hashes_of(table["content"]), self._read)
        return (are_parts | are_copies) & ~self.are_named(table)

    def may_be_part(self, name: str) -> bool:
        """Whether a source seems to be a part."""
        return bool(np.isin(hash(name), self._parts))

    def stand_for(self, record: SourceRecord) -> bool:
        """Whether something stands for a source: it is a part, or a copy whose file is gone."""
        is_part = record.source in self._exact_parts
        return is_part or (record.content in self._exact_read and _is_left(record))


def _doubtful(store: StoreReader, signs: _Signs) -> Iterator[SourceRecord]:
    """Records of sources that something seems to stand for, with little in them."""
    for table in store.source_tables(FEW_COLUMNS):
        for record in _records(table.filter(pa.array(signs.may_stand_for(table)))):
            # Copies of what is still there may be many.
            if signs.may_be_part(record.source) or _is_left(record):
                yield record


def _is_left(record: SourceRecord) -> bool:
    """Whether a source could be used, and its file is gone."""
    return not record.problem and is_gone(record)


def _put_together(store: StoreReader) -> Iterator[SourceRecord]:
    """Records of scenes that are put together, with little in them."""
    for table in store.source_tables(FEW_COLUMNS):
        yield from _records(table.filter(pc.not_equal(table["opened_as"].fill_null(""), "")))


def _records(table: pa.Table) -> Iterator[SourceRecord]:
    for row in table.to_pylist():
        # Empty is what an earlier version did not know.
        yield SourceRecord(**{name: value for name, value in row.items() if value is not None})


def _is_plain(source: Source) -> bool:
    """Whether a source is a file as it is, of which nothing but the file itself says anything."""
    said = source.parts or source.properties or source.taken
    return source.opened_as == source.name and not said


def _parts(record: SourceRecord) -> set[str]:
    """The files of a scene that is put together; none of others, and none if one is gone."""
    if record.problem or not record.opened_as:
        return set()
    files: Sequence[str] = listed_files(record.files)
    if not all(Path(file).exists() for file in files):
        return set()
    return {record.source, *files}
