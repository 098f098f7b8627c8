"""Bringing the embeddings of a GeoParquet file into an index: of an exported index, or of another program."""

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc

from harma.errors import DataError
from harma.exchange.embedding_file import Columns, EmbeddingFile
from harma.exchange.embedding_rows import Block
from harma.exchange.origin import check_fits, import_settings
from harma.ground.files import locked
from harma.index.contract import ROW_ID
from harma.index.records import SourceRecord
from harma.index.schema import embeddings_of
from harma.index.settings import SETTINGS_FILE, read_settings
from harma.index.store import WRITING, Store
from harma.index.compaction import Progress, keep_quick

# Cosine from which on two embeddings are of one chip and one model, whatever machine made them.
SAME = 0.999
# Rows of sources written at once.
SOURCES_AT_ONCE = 10_000


@dataclass(frozen=True)
class Imported:
    """What an import did.

    Attributes:
        num_added: chips added now.
        num_there: rows whose chips were there already.
        num_repeated: rows that say the same as an earlier one, where ids were made.
        num_sources: sources that chips were added to, or that are finished now.
        seconds: taken.
        search: how the index is searched now.
    """

    num_added: int
    num_there: int
    num_repeated: int
    num_sources: int
    seconds: float
    search: str


def import_geoparquet(
    directory: Path,
    path: Path,
    *,
    columns: Columns | None = None,
    model: str | Path | None = None,
    backbone: str | None = None,
    label: str | None = None,
    progress: Progress = lambda what, done, total: None,
) -> Imported:
    """Bring embeddings into an index; make it if it is not there.

    The file is read twice: nothing is written before all of it was checked. Embeddings are
    L2-normalised. Chips that are there are left as they are, so that an import that was killed is
    completed by the next.

    Args:
        directory: of the index.
        path: a GeoParquet file with a column of embeddings.
        columns: which columns are meant.
        model: what embedded, as `harma.load` takes it; a file exported by HarMA states it.
        backbone: where the model's backbone is, if not where it says.
        label: name of a model that HarMA cannot load: the index then takes vectors and chips as
            queries, not texts.
        progress: called with ("checking" or "importing", rows so far, in all).

    Raises:
        MissingFileError: the file is not there.
        DataError: the file, or a row of it, cannot be used.
        ConfigError: the model is not named or another one, or a column is not there.
    """
    start, file = time.monotonic(), EmbeddingFile(path, columns)
    kept = read_settings(directory) if (directory / SETTINGS_FILE).is_file() else None
    settings, loaded = import_settings(file, model, backbone, label)
    if kept is not None:
        check_fits(path, kept, settings, is_export=file.settings is not None)
    with locked(directory, WRITING):
        work = _Import(file, Store(directory) if kept is not None else None, progress)
        work.check()
        store = work.store or Store.create(directory, settings)
        work.write(store)
        num_sources = work.finish(store)
        search = keep_quick(store, loaded, progress)
    return Imported(
        work.num_added,
        work.num_there,
        work.num_repeated,
        num_sources,
        time.monotonic() - start,
        search,
    )


class _Import:
    """One import: what is there, and what has been done."""

    def __init__(self, file: EmbeddingFile, store: Store | None, progress: Progress) -> None:
        self.file, self.path, self.store, self.progress = file, file.layout.path, store, progress
        self.there: dict[str, int] = {}
        self.contents: set[tuple[str, str]] = set()
        if store is not None:
            self._look()
        self.sources: dict[str, str] = {}
        self.num_added = self.num_there = self.num_repeated = 0

    def _look(self) -> None:
        """Row ids of the chips that are there, and which contents their sources have."""
        assert self.store is not None
        for batch in self.store.blocks(["id", "source", "content"]):
            self.there.update(zip(batch["id"].to_pylist(), batch[ROW_ID].to_pylist(), strict=True))
            self.contents.update(
                zip(batch["source"].to_pylist(), batch["content"].to_pylist(), strict=True)
            )

    def check(self) -> None:
        """Read all rows, and write nothing.

        Raises:
            DataError: a row cannot be used, or is of a source that the index has with other
                content.
        """
        seen, done = set[str](), 0
        for block in self.file.blocks():
            if self.file.layout.id is not None:
                self._check_once(seen, done, block)
            self._check_same(block)
            self.sources.update((row.source, row.content) for row in block.rows)
            done += len(block.rows)
            self.progress("checking", done, self.file.num_rows)
        other = [
            name
            for name, content in sorted(self.contents)
            if self.sources.get(name, content) != content
        ]
        if other:
            raise DataError(
                f"{len(other):,} sources of {self.path} are in the index with other content, such"
                f" as {other[0]}; take them out of the index first (harma index remove)"
            )

    def _check_once(self, seen: set[str], done: int, block: Block) -> None:
        for number, row in enumerate(block.rows):
            if row.id in seen:
                raise DataError(
                    f"{self.path}, row {done + number}: the id {row.id} is there a second time;"
                    " name another column (--id-column), or '' to have ids made"
                )
            seen.add(row.id)

    def _check_same(self, block: Block) -> None:
        """Ids that are there must mean the same chips: files of other programs often count from 0."""
        numbers = [number for number, row in enumerate(block.rows) if row.id in self.there]
        if not numbers or self.store is None:
            return
        wanted = np.array([self.there[block.rows[number].id] for number in numbers])
        kept = embeddings_of(self.store.take(wanted, ["embedding"]))
        cosines = (kept * block.embeddings[numbers]).sum(axis=1)
        if cosines.min() < SAME:
            chip = block.rows[numbers[int(np.argmin(cosines))]].id
            raise DataError(
                f"{self.path}: the id {chip} is in the index with another embedding (cosine"
                f" {cosines.min():.3f}); name another column (--id-column), or '' to have ids made"
            )

    def write(self, store: Store) -> None:
        """Add the chips that are not there."""
        there, seen, done = self.there, set[str](), 0
        for block in self.file.blocks():
            wanted = []
            for number, row in enumerate(block.rows):
                self.num_there += row.id in there
                self.num_repeated += row.id in seen
                if row.id not in there and row.id not in seen:
                    wanted.append(number)
                    seen.add(row.id)
            if wanted:
                store.add_chips([block.rows[number] for number in wanted], block.embeddings[wanted])
            self.num_added += len(wanted)
            done += len(block.rows)
            self.progress("importing", done, self.file.num_rows)

    def finish(self, store: Store) -> int:
        """Write the sources: they come last, so that a source that is written has all of its chips."""
        counts, known, scenes = _counts(store), store.sources(), self.file.scenes()
        rows = []
        for name in self.sources:
            before, count, scene = known.get(name), counts[name], scenes.get(name)
            if before is not None and not before.problem:
                if before.num_chips != count:
                    rows.append(replace(before, num_chips=count))
            elif self.file.settings is None:
                # HarMA has not read it: without size and content a build looks at it anew.
                rows.append(SourceRecord(name, -1, 0, "", num_chips=count))
            elif scene is not None and scene.num_chips == count:
                rows.append(scene)
            # Else the file has only a part of the source: a build completes it.
        for start in range(0, len(rows), SOURCES_AT_ONCE):
            store.put_sources(rows[start : start + SOURCES_AT_ONCE])
        return len(rows)


def _counts(store: Store) -> dict[str, int]:
    """Chips by source."""
    arrow: Any = pc  # its functions are made at run time
    column = store.rows(["source"])["source"]
    return {entry["values"]: entry["counts"] for entry in arrow.value_counts(column).to_pylist()}
