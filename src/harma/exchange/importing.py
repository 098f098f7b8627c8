"""Import of embeddings from a file into an index: of an export, or of another program."""

import datetime as dt
import time
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.errors import DataError
from harma.exchange.embedding_file import Columns, EmbeddingFile
from harma.exchange.embedding_rows import CheckedRows
from harma.exchange.origin import check_fits, import_settings, with_ranges
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Place, home_of
from harma.ground.storage.lease import writing
from harma.index.compaction import keep_quick
from harma.index.contract import ROW_ID, StoreWriter
from harma.index.properties import PropertyColumns
from harma.index.records import SourceRecord
from harma.index.schema import embeddings_of
from harma.index.settings import is_index, read_settings
from harma.index.store import WRITING_INDEX, Store

# Cosine from which on two embeddings are of one chip and one model, whatever machine made them.
SAME_COSINE = 0.999
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
    place: Place,
    path: Path,
    *,
    columns: Columns | None = None,
    model: str | Path | None = None,
    backbone: str | None = None,
    label: str | None = None,
    progress: AdvancePart = not_told,
) -> Imported:
    """Bring embeddings into an index; make it if it is not there.

    The file is read twice: nothing is written before all of it was checked. Embeddings are
    L2-normalised. Chips that are there are left as they are, so that an import that was killed is
    completed by the next.

    Args:
        place: of the index.
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
    start = time.monotonic()
    file = EmbeddingFile(path, columns)
    settings, loaded = import_settings(file, model, backbone, label)
    home = home_of(place)
    is_there = is_index(home)
    if is_there:
        of_index = read_settings(home)
        check_fits(path, of_index, settings, is_export=file.settings is not None)
    with writing(home, WRITING_INDEX) as guard:
        work = _Import(file, Store(home, guard=guard) if is_there else None, progress)
        # The index is made only when the whole file is known to be good.
        work.check()
        store = work.store or Store.create(home, settings, guard=guard)
        # Before its chips are there: a picture of them is read as they were.
        known = with_ranges(store.settings, settings)
        if known != store.settings:
            store.put_settings(known)
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
    """One import: what is there, and what has been done.

    Args:
        file: to import.
        store: of the index, or None where it is made later.
        progress: told how far it is.
    """

    def __init__(
        self, file: EmbeddingFile, store: StoreWriter | None, progress: AdvancePart
    ) -> None:
        self.file = file
        self.path = file.layout.path
        self.store = store
        self.progress = progress
        # Row ids of the chips that are there, and which contents their sources have.
        self.row_ids: dict[str, int] = {}
        self.contents: set[tuple[str, str]] = set()
        if store is not None:
            self._look(store)
        self.sources: dict[str, str] = {}
        # What an export says of them.
        self.scenes: dict[str, SourceRecord] = {}
        self.num_added = 0
        self.num_there = 0
        self.num_repeated = 0

    def _look(self, store: StoreWriter) -> None:
        for table in store.blocks(["id", "source", "content"]):
            ids = table["id"].to_pylist()
            self.row_ids.update(zip(ids, table[ROW_ID].to_pylist(), strict=True))
            contents = zip(table["source"].to_pylist(), table["content"].to_pylist(), strict=True)
            self.contents.update(contents)

    # -- the first reading: nothing is written ------------------------------------------------

    def check(self) -> None:
        """Read all rows, and write nothing.

        Raises:
            DataError: a row cannot be used, or is of a source that the index has with other
                content.
        """
        seen: set[str] = set()
        done = 0
        for rows in self.file.blocks():
            if self.file.layout.id is not None:
                self._check_once(seen, done, rows)
            self._check_same(rows)
            self._note_sources(done, rows)
            done += len(rows.chips)
            self.progress("checking", done, self.file.num_rows)
        self.scenes = self.file.scenes()
        changed = []
        for name, content in sorted(self.contents):
            if self.sources.get(name, content) != content:
                changed.append(name)
        if changed:
            raise DataError(
                f"{len(changed):,} sources of {self.path} are in the index with other content, such"
                f" as {changed[0]}; take them out of the index first (harma index remove)"
            )

    def _note_sources(self, done: int, rows: CheckedRows) -> None:
        """Note which content each source has, which is one: an index holds it once."""
        for row, chip in enumerate(rows.chips, done):
            known = self.sources.setdefault(chip.source, chip.content)
            if known != chip.content:
                raise DataError(
                    f"{self.path}, row {row}: the source {chip.source} has another content here"
                    f" ({chip.content!r}) than in a row before ({known!r}); export the index again"
                )

    def _check_once(self, seen: set[str], done: int, rows: CheckedRows) -> None:
        """Check that no id is there twice."""
        for row, chip in enumerate(rows.chips, done):
            if chip.id in seen:
                raise DataError(
                    f"{self.path}, row {row}: the id {chip.id} is there a second time;"
                    " name another column (--id-column), or '' to have ids made"
                )
            seen.add(chip.id)

    def _check_same(self, rows: CheckedRows) -> None:
        """Check that ids that are there mean the same chips: other programs often count from 0."""
        places = [place for place, chip in enumerate(rows.chips) if chip.id in self.row_ids]
        if not places or self.store is None:
            return
        row_ids = np.array([self.row_ids[rows.chips[place].id] for place in places])
        cosines = self._cosines(row_ids, rows.embeddings[places])
        if cosines.min() < SAME_COSINE:
            chip = rows.chips[places[int(np.argmin(cosines))]].id
            raise DataError(
                f"{self.path}: the id {chip} is in the index with another embedding (cosine"
                f" {cosines.min():.3f}); name another column (--id-column), or '' to have ids made"
            )

    def _cosines(
        self, row_ids: NDArray[np.int64], embeddings: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        """Of embeddings (n, E) and those that the index has."""
        assert self.store is not None
        # An id may be in the rows more than once, and a store takes each chip once.
        distinct, places = np.unique(row_ids, return_inverse=True)
        of_index = embeddings_of(self.store.take(distinct, ["embedding"]))[places]
        cosines: NDArray[np.float32] = (of_index * embeddings).sum(axis=1)
        return cosines

    # -- the second reading -------------------------------------------------------------------

    def write(self, store: StoreWriter) -> None:
        """Add the chips that are not there."""
        seen: set[str] = set()
        done = 0
        columns = PropertyColumns(store.property_types())
        for rows in self.file.blocks():
            places = []
            for place, chip in enumerate(rows.chips):
                self.num_there += chip.id in self.row_ids
                self.num_repeated += chip.id in seen
                if chip.id not in self.row_ids and chip.id not in seen:
                    places.append(place)
                    seen.add(chip.id)
            if places:
                chips = columns.fit([rows.chips[place] for place in places])
                store.add_chips(chips, rows.embeddings[places])
            self.num_added += len(places)
            done += len(rows.chips)
            self.progress("importing", done, self.file.num_rows)

    def finish(self, store: StoreWriter) -> int:
        """Write the sources, last: a source that is written has all of its chips."""
        counts = _counts(store)
        known = store.sources()
        records = []
        for name in self.sources:
            record = self._record(name, counts[name], known.get(name), self.scenes.get(name))
            if record is not None:
                records.append(record)
        for start in range(0, len(records), SOURCES_AT_ONCE):
            store.put_sources(records[start : start + SOURCES_AT_ONCE])
        return len(records)

    def _record(
        self, name: str, count: int, before: SourceRecord | None, scene: SourceRecord | None
    ) -> SourceRecord | None:
        """What is to be written of a source; None leaves it as it is."""
        if before is not None and not before.problem:
            if before.num_chips == count:
                return None
            return replace(before, num_chips=count)
        if self.file.settings is None:
            # HarMA has not read it: without size and content a build looks at it anew.
            return SourceRecord(name, -1, 0, "", num_chips=count, added=dt.datetime.now(dt.UTC))
        if scene is not None and scene.num_chips == count:
            return scene
        # The file has only a part of the source: a build completes it.
        return None


def _counts(store: StoreWriter) -> dict[str, int]:
    """Chips by source."""
    column = store.rows(["source"])["source"]
    return {entry["values"]: entry["counts"] for entry in pc.value_counts(column).to_pylist()}
