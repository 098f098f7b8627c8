"""The index as people use it: open, search."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import shapely
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.index.build import check_model
from harma.index.filters import Filter, make_filter
from harma.index.hits import Hit
from harma.index.judge import Judge
from harma.index.query import query_vector
from harma.index.store import Store
from harma.scenes.windows import Window

SHOWN = ["id", "geometry", "datetime", "source", "column", "row", "width", "height", "crs", "gsd", "nodata"]
# Embeddings read at once by exact search: 64 MB of float16 at 512.
SCAN_ROWS = 65_536
# Chips that a score is judged against.
SAMPLE = 4096


class Index:
    """An opened index; use `Index.open`.

    Args:
        store: its tables.
        model: the model it was made with, or None to load it when first needed.
    """

    def __init__(self, store: Store, model: Any = None) -> None:
        self.store = store
        if model is not None:
            check_model(store.settings, model)
            self.model = model

    @classmethod
    def open(cls, directory: str | Path, *, model: Any = None) -> "Index":
        """Open an index.

        Args:
            directory: of the index.
            model: the model it was made with, if it is loaded already or has moved.

        Raises:
            MissingFileError: there is no index.
            DataError: it is damaged.
            ConfigError: the model is another one.
        """
        return cls(Store(Path(directory)), model)

    def __len__(self) -> int:
        """Chips."""
        return int(self.store.chips.count_rows())

    @cached_property
    def model(self) -> Any:
        """The model, loaded from where it was when the index was made."""
        from harma.saved import load

        model = load(self.store.settings.model, backbone=self.store.settings.backbone)
        check_model(self.store.settings, model)
        return model

    def info(self) -> dict[str, Any]:
        """What the index holds."""
        settings, sources = self.store.settings, list(self.store.known_sources().values())
        rows = self.store.chips.search().select(["xmin", "ymin", "xmax", "ymax", "datetime"]).to_arrow()
        arrow: Any = pc  # its functions are made at run time
        placed = rows.filter(arrow.is_valid(rows["xmin"]))
        dated = rows.filter(arrow.is_valid(rows["datetime"]))["datetime"]
        low, high = arrow.min, arrow.max
        size = sum(path.stat().st_size for path in self.store.directory.rglob("*") if path.is_file())
        return {
            "chips": rows.num_rows,
            "sources": sum(not row["problem"] for row in sources),
            "problems": sum(bool(row["problem"]) for row in sources),
            "placed": placed.num_rows,
            "bounds": [
                how(placed[name]).as_py()
                for how, name in ((low, "xmin"), (low, "ymin"), (high, "xmax"), (high, "ymax"))
            ],
            "dates": [str(low(dated).as_py()), str(high(dated).as_py())],
            "model": settings.model,
            "model id": settings.model_id,
            "tiling": str(settings.tiling),
            "reading": str(settings.reading),
            "max nodata": settings.max_nodata,
            "search": "exact",
            "bytes": size,
        }

    def search(
        self, text: str | Sequence[str] | None = None, image: Any = None, *, like: Sequence[Any] = (),
        unlike: Sequence[Any] = (), bbox: Sequence[float] | None = None, polygon: Any = None,
        near: Sequence[float] | None = None, radius_km: float | None = None, within: bool = False,
        date: Sequence[Any] | None = None, source: str | Sequence[str] | None = None, where: str | None = None,
        k: int = 10, offset: int = 0,
    ) -> list[Hit]:  # fmt: skip
        """Find chips.

        Args:
            text: a description.
            image: a picture file, PIL image, array, or `chip:ID`.
            like: further examples, of all these kinds, or (example, weight).
            unlike: examples that count against.
            bbox: west, south, east, north in degrees; west greater than east crosses the 180th meridian.
            polygon: GeoJSON, its file, or a shapely geometry.
            near: longitude and latitude, with `radius_km`.
            radius_km: on the ground.
            within: footprints must lie inside the area instead of touching it.
            date: first and last; either may be None, both days belong to the range.
            source: name of a source, with * and ?; or several.
            where: SQL on the columns.
            k: hits.
            offset: hits left out before the first, for pages.

        Returns:
            The best first; fewer than `k` only where no more match.

        Raises:
            ConfigError: something said is not usable.
        """
        if k < 1 or offset < 0:
            raise ConfigError(f"k is {k} and offset {offset}; k must be 1 or more, offset 0 or more")
        wanted = make_filter(
            bbox=bbox, polygon=polygon, near=near, radius_km=radius_km, within=within, date=date, source=source,
            where=where,
        )  # fmt: skip
        vector = query_vector(lambda: self.model, self.store.chips, text=text, image=image, like=like, unlike=unlike)
        rows, scores = self._scan(vector, wanted, k + offset)
        found = self._take(rows[offset:])
        judge = Judge(self._sample @ vector)
        return [_hit(row, float(score), judge) for row, score in zip(found, scores[offset:], strict=True)]

    @cached_property
    def _sample(self) -> NDArray[np.float32]:
        """Embeddings of chips from all over the index (n, E): what a query scores on it is the ordinary."""
        count = len(self)
        offsets = np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype(int)).tolist() if count else []
        if not offsets:
            return np.empty((0, self.store.settings.embed_dim), dtype=np.float32)
        return _embeddings(self.store.chips.take_offsets(offsets).select(["embedding"]).to_arrow())

    def _scan(self, vector: NDArray[np.float32], wanted: Filter, k: int) -> tuple[list[int], NDArray[np.float32]]:
        """Exact search: every chip that matches is compared, a block at a time.

        Returns:
            Row ids and scores of the best `k`.
        """
        columns = ["embedding", *(["geometry"] if wanted.area is not None else [])]
        query = self.store.chips.search()
        query = query.where(wanted.sql) if wanted.sql else query
        ids, scores = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.float32)
        for batch in _batches(query.select(columns).with_row_id(True), wanted):
            block = _embeddings(batch) @ vector
            ids = np.concatenate([ids, batch["_rowid"].to_numpy().astype(np.int64)])
            scores = np.concatenate([scores, block])
            # Ties in the order of the table, so that pages fit together.
            best = np.lexsort((ids, -scores))[:k]
            ids, scores = ids[best], scores[best]
        return ids.tolist(), scores

    def _take(self, rows: Sequence[int]) -> list[dict[str, Any]]:
        """Rows by their ids, in this order."""
        if not rows:
            return []
        taken = self.store.chips.take_row_ids(list(rows)).select(SHOWN).with_row_id().to_arrow().to_pylist()
        # Lance gives them in the order of the table.
        by_id = {row["_rowid"]: row for row in taken}
        return [by_id[row] for row in rows]


def _batches(query: Any, wanted: Filter) -> Any:
    """What a query gives, without the chips that its area does not admit."""
    try:
        for batch in query.to_batches(batch_size=SCAN_ROWS):
            table = pa.table(batch) if isinstance(batch, pa.RecordBatch) else batch
            if table.num_rows and wanted.area is not None:
                table = table.filter(pa.array(wanted.matches(table["geometry"].to_pylist())))
            if table.num_rows:
                yield table
    except (RuntimeError, ValueError, OSError) as error:
        if wanted.where:
            reason = str(error).splitlines()[0][:200]
            raise ConfigError(f"the condition {wanted.where!r} cannot be used ({reason})") from error
        raise


def _embeddings(table: pa.Table) -> NDArray[np.float32]:
    column = table["embedding"].combine_chunks()
    column = column.chunk(0) if isinstance(column, pa.ChunkedArray) else column
    flat: NDArray[np.float32] = column.flatten().to_numpy(zero_copy_only=False).astype(np.float32)
    return flat.reshape(table.num_rows, -1)


def _hit(row: dict[str, Any], score: float, judge: Judge) -> Hit:
    geometry = shapely.from_wkb(row["geometry"]) if row["geometry"] else None
    window = Window(row["column"], row["row"], row["width"], row["height"])
    return Hit(
        score, judge.percentile(score), judge.standing(score), row["id"], row["source"], window, geometry,
        row["datetime"], row["crs"], row["gsd"], row["nodata"],
    )  # fmt: skip
