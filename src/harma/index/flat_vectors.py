"""Embeddings by row ids, read in place from the files of a table: microseconds each, no query.

Files are read, not mapped into memory: what is cut off or gone is an error then, as it is for
LanceDB, and no memory but the operating system's cache is taken.
"""

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from harma.index.lance_files import ColumnFile, column_files, pages_of

logger = logging.getLogger(__name__)

# A row id is the number of a fragment, and of a row in it.
ROW_BITS = 32
COLUMN = "embedding"
# Files that are held open; those of most rows are.
MOST_FILES = 128

RowIds = NDArray[np.int64]
Embeddings = NDArray[np.float32]
# Reads some rows by LanceDB: row ids of those that are there, and their embeddings (n, E).
ReadRows = Callable[[RowIds], tuple[RowIds, Embeddings]]


class _OpenFile:
    """A file that is open as long as somebody reads it.

    Args:
        path: of the file.

    Attributes:
        number: the operating system's of it.
    """

    def __init__(self, path: Path) -> None:
        self.number = os.open(path, os.O_RDONLY)

    def __del__(self) -> None:
        if "number" in vars(self):
            os.close(self.number)


@dataclass(frozen=True, eq=False)
class _Fragment:
    """Where the embeddings of a fragment are.

    Attributes:
        file: that they are in.
        starts: first rows of its pages (p,).
        positions: of the pages in the file (p,), bytes.
        num_rows: of the fragment.
    """

    file: _OpenFile
    starts: NDArray[np.int64]
    positions: NDArray[np.int64]
    num_rows: int

    def places(self, rows: NDArray[np.int64], row_size: int) -> NDArray[np.int64]:
        """Where some rows (n,) begin in the file, bytes."""
        pages = np.searchsorted(self.starts, rows, side="right") - 1
        places: NDArray[np.int64] = self.positions[pages] + (rows - self.starts[pages]) * row_size
        return places


class FlatVectors:
    """Embeddings of one version of a table, as far as they can be read in place.

    Args:
        fragments: number of a fragment → where its embeddings are.
        embed_dim: E.
    """

    def __init__(self, fragments: Mapping[int, _Fragment], embed_dim: int) -> None:
        self._fragments = fragments
        self._embed_dim = embed_dim
        self._row_size = embed_dim * np.dtype(np.float16).itemsize

    def __len__(self) -> int:
        """Fragments that are read in place."""
        return len(self._fragments)

    def read(self, ids: RowIds, read_rows: ReadRows) -> Embeddings:
        """Embeddings (n, E) of chips by their row ids (n,), each once, all of which are there.

        Args:
            ids: of one version.
            read_rows: reads those that are not read in place.

        Raises:
            OSError: a file cannot be read.
        """
        # Rows that are neighbours are read at once.
        order = np.argsort(ids)
        ids = ids[order]
        numbers, starts = np.unique(ids >> ROW_BITS, return_index=True)
        ends = np.append(starts, len(ids))[1:]
        vectors = np.empty((len(ids), self._embed_dim), dtype=np.float32)
        missing = []
        for number, start, end in zip(numbers.tolist(), starts, ends, strict=True):
            fragment = self._fragments.get(number)
            if fragment is None:
                missing.append(np.arange(start, end))
            else:
                vectors[start:end] = self._of_fragment(fragment, ids[start:end])
        if missing:
            places = np.concatenate(missing)
            found, read = read_rows(ids[places])
            vectors[places] = read[np.argsort(found)]
        in_order = np.empty_like(vectors)
        in_order[order] = vectors
        return in_order

    def _of_fragment(self, fragment: _Fragment, ids: RowIds) -> NDArray[np.float16]:
        """Embeddings of chips of one fragment, by row ids that ascend."""
        places = fragment.places(ids & ((1 << ROW_BITS) - 1), self._row_size)
        firsts = np.flatnonzero(np.diff(places, prepend=-1) != self._row_size)
        counts = np.diff(firsts, append=len(places))
        parts = []
        for place, count in zip(places[firsts].tolist(), counts.tolist(), strict=True):
            parts.append(os.pread(fragment.file.number, count * self._row_size, place))
        content = b"".join(parts)
        if len(content) != len(ids) * self._row_size:
            raise OSError("a file of the table is shorter than it was")
        return np.frombuffer(content, dtype=np.float16).reshape(len(ids), self._embed_dim)


def flat_vectors(table: Path, version: int, embed_dim: int, read_rows: ReadRows) -> FlatVectors:
    """The embeddings of a version of a table that can be read in place.

    Args:
        table: its folder.
        version: its number, as Lance counts.
        embed_dim: E.
        read_rows: reads rows by LanceDB: some of each fragment are compared with what lies in its
            file, and a fragment in which they differ is not read in place.
    """
    try:
        files = column_files(table, version, COLUMN)
        files = sorted(files, key=lambda file: -file.num_rows)[:MOST_FILES]
        fragments = {}
        for file in files:
            fragment = _fragment(table / "data", file, embed_dim)
            if fragment is not None:
                fragments[file.fragment] = fragment
        return _checked(FlatVectors(fragments, embed_dim), fragments, read_rows)
    except (OSError, ValueError, LookupError, AttributeError):
        # A format or a system that this module does not know: LanceDB reads it.
        logger.info("embeddings of %s are not read in place", table, exc_info=True)
        return FlatVectors({}, embed_dim)


def _fragment(folder: Path, file: ColumnFile, embed_dim: int) -> _Fragment | None:
    """Where the embeddings of a fragment are; None where they do not lie plainly in its file."""
    path = folder / file.path
    with path.open("rb") as opened:
        pages = pages_of(opened, file.column)
    row_size = embed_dim * np.dtype(np.float16).itemsize
    if not pages or sum(page.num_rows for page in pages) != file.num_rows:
        return None
    if any(page.size != page.num_rows * row_size for page in pages):
        return None
    ends = np.cumsum([page.num_rows for page in pages])
    positions = np.array([page.position for page in pages], dtype=np.int64)
    return _Fragment(_OpenFile(path), np.append(0, ends[:-1]), positions, file.num_rows)


def _checked(
    vectors: FlatVectors, fragments: Mapping[int, _Fragment], read_rows: ReadRows
) -> FlatVectors:
    """Those fragments of which some rows that are there are as LanceDB reads them."""
    rows = []
    for number, fragment in fragments.items():
        last = fragment.num_rows - 1
        rows += [(number << ROW_BITS) | row for row in {0, last // 2, last}]
    if not rows:
        return vectors
    ids, read = read_rows(np.array(sorted(rows), dtype=np.int64))
    are_same = (vectors.read(ids, read_rows) == read).all(axis=1)
    numbers = ids >> ROW_BITS
    right = set(numbers.tolist()) - set(numbers[~are_same].tolist())
    kept = {number: fragment for number, fragment in fragments.items() if number in right}
    return FlatVectors(kept, read.shape[1])
