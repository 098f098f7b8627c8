"""Embeddings by row ids, read in place from the files of a table: microseconds each, no query.

Files are read, not mapped into memory: what is cut off or gone is an error then, as it is for
LanceDB, and no memory but the operating system's cache is taken.
"""

import logging
import os
import struct
from collections.abc import Callable, Iterable, Sequence
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
class _Page:
    """Rows whose embeddings lie one beside the other.

    Attributes:
        first: row id of the first.
        num_rows: how many.
        file: that they are in.
        position: where they begin, bytes.
    """

    first: int
    num_rows: int
    file: _OpenFile
    position: int

    @property
    def fragment(self) -> int:
        """Number of the fragment that they are of."""
        return self.first >> ROW_BITS


class FlatVectors:
    """Embeddings of one version of a table, as far as they can be read in place.

    Args:
        pages: where they lie.
        embed_dim: E.
    """

    def __init__(self, pages: Iterable[_Page], embed_dim: int) -> None:
        self._pages = sorted(pages, key=lambda page: page.first)
        self._firsts = np.array([page.first for page in self._pages], dtype=np.int64)
        self._counts = np.array([page.num_rows for page in self._pages], dtype=np.int64)
        self._positions = np.array([page.position for page in self._pages], dtype=np.int64)
        self._embed_dim = embed_dim
        self._row_size = embed_dim * np.dtype(np.float16).itemsize

    @property
    def fragments(self) -> set[int]:
        """Numbers of the fragments that are read in place."""
        return {page.fragment for page in self._pages}

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
        pages = np.searchsorted(self._firsts, ids, side="right") - 1
        are_here = pages >= 0
        near = pages[are_here]
        are_here[are_here] = ids[are_here] - self._firsts[near] < self._counts[near]
        vectors = np.empty((len(ids), self._embed_dim), dtype=np.float32)
        vectors[order[are_here]] = self._of_pages(ids[are_here], pages[are_here])
        missing = np.flatnonzero(~are_here)
        if len(missing):
            found, read = read_rows(ids[missing])
            vectors[order[missing]] = read[np.argsort(found)]
        return vectors

    def _of_pages(self, ids: RowIds, pages: NDArray[np.intp]) -> NDArray[np.float16]:
        """Embeddings of chips by row ids that ascend, and the pages that they are in."""
        places = self._positions[pages] + (ids - self._firsts[pages]) * self._row_size
        # A run ends where the next row is no neighbour, or of another page.
        is_first = np.ones(len(ids), dtype=bool)
        is_first[1:] = (np.diff(ids) != 1) | (np.diff(pages) != 0)
        firsts = np.flatnonzero(is_first)
        sizes = self._row_size * np.diff(firsts, append=len(ids))
        files = [self._pages[page].file.number for page in pages[firsts].tolist()]
        parts = []
        for file, place, size in zip(files, places[firsts].tolist(), sizes.tolist(), strict=True):
            parts.append(os.pread(file, size, place))
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
        pages: list[_Page] = []
        for file in files:
            pages += _pages(table / "data", file, embed_dim)
        return _checked(pages, embed_dim, read_rows)
    except (OSError, ValueError, LookupError, AttributeError, ArithmeticError, struct.error):
        # A format or a system that this module does not know: LanceDB reads it.
        logger.info("embeddings of %s are not read in place", table, exc_info=True)
        return FlatVectors([], embed_dim)


def _pages(folder: Path, file: ColumnFile, embed_dim: int) -> list[_Page]:
    """Where the embeddings of a fragment are; nothing where they do not lie plainly in its file."""
    # Files of the table itself: an index may come from a stranger.
    if Path(file.path).name != file.path:
        return []
    path = folder / file.path
    with path.open("rb") as opened:
        pages = pages_of(opened, file.column) or []
    row_size = embed_dim * np.dtype(np.float16).itemsize
    if sum(page.num_rows for page in pages) != file.num_rows:
        return []
    if any(page.size != page.num_rows * row_size for page in pages):
        return []
    held = _OpenFile(path)
    placed = []
    first = file.fragment << ROW_BITS
    for page in pages:
        placed.append(_Page(first, page.num_rows, held, page.position))
        first += page.num_rows
    return placed


def _checked(pages: Sequence[_Page], embed_dim: int, read_rows: ReadRows) -> FlatVectors:
    """The pages of those fragments of which some rows that are there are as LanceDB reads them."""
    vectors = FlatVectors(pages, embed_dim)
    rows = set()
    for page in pages:
        last = page.num_rows - 1
        rows |= {page.first, page.first + last // 2, page.first + last}
    if not rows:
        return vectors
    ids, read = read_rows(np.array(sorted(rows), dtype=np.int64))
    are_same = (vectors.read(ids, read_rows) == read).all(axis=1)
    fragments = ids >> ROW_BITS
    right = set(fragments.tolist()) - set(fragments[~are_same].tolist())
    return FlatVectors([page for page in pages if page.fragment in right], embed_dim)
