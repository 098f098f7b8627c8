"""The index as people use it: open, search."""

from collections.abc import Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.index.ann import read_ann
from harma.index.change import changed_hits, find_changes
from harma.index.filters import Filter, make_filter, moment
from harma.index.hits import Hit, hit_of
from harma.index.judge import Judge
from harma.index.query import query_vector
from harma.index.schema import SIDES
from harma.index.search import Search
from harma.index.settings import FOREIGN
from harma.index.store import Store, embeddings_of
from harma.index.tend import how_searched

# Chips that a score is judged against.
SAMPLE = 4096
# From this share of the smaller chip on, two chips are one place.
OVERLAP = 0.5


class Index:
    """An opened index; use `Index.open`.

    Args:
        store: its tables.
        model: the model it was made with, or None to load it when first needed.
    """

    def __init__(self, store: Store, model: Any = None) -> None:
        self.store = store
        self._search = Search(store)
        if model is not None:
            self.model = _checked(store, model)

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
        return self.store.count()

    @cached_property
    def model(self) -> Any:
        """The model, loaded from where it was when the index was made."""
        from harma.model.saved import load

        if self.store.settings.model_id.startswith(FOREIGN):
            raise ConfigError(
                f"the embeddings of this index are of {self.store.settings.model}, which HarMA"
                " cannot load: texts and pictures cannot be looked for. Give a chip (chip:ID) or a"
                " vector of that model"
            )
        return _checked(
            self.store, load(self.store.settings.model, backbone=self.store.settings.backbone)
        )

    def info(self) -> dict[str, Any]:
        """What the index holds."""
        settings, sources = self.store.settings, list(self.store.sources().values())
        rows = self.store.rows([*SIDES, "datetime"])
        arrow: Any = pc  # its functions are made at run time
        placed = rows.filter(arrow.is_valid(rows["xmin"]))
        dated = rows.filter(arrow.is_valid(rows["datetime"]))["datetime"]
        low, high = arrow.min, arrow.max
        size = sum(
            path.stat().st_size for path in self.store.directory.rglob("*") if path.is_file()
        )
        return {
            "chips": rows.num_rows,
            "sources": sum(not row.problem for row in sources),
            "problems": sum(bool(row.problem) for row in sources),
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
            "search": how_searched(read_ann(self.store)),
            "bytes": size,
        }

    def search(
        self,
        text: str | Sequence[str] | None = None,
        image: Any = None,
        *,
        like: Sequence[Any] = (),
        unlike: Sequence[Any] = (),
        bbox: Sequence[float] | None = None,
        polygon: Any = None,
        near: Sequence[float] | None = None,
        radius_km: float | None = None,
        within: bool = False,
        date: Sequence[Any] | None = None,
        source: str | Sequence[str] | None = None,
        where: str | None = None,
        before: str | datetime | None = None,
        after: str | datetime | None = None,
        k: int = 10,
        offset: int = 0,
        overlap: float | None = OVERLAP,
        exact: bool = False,
    ) -> list[Hit]:
        """Find chips, or places that match more now than they did.

        Args:
            text: a description.
            image: a picture file, PIL image, array, or `chip:ID`.
            like: further examples, of all these kinds, or (example, weight).
            unlike: examples that count against.
            bbox: west, south, east, north in degrees; west greater than east crosses the 180th
                meridian.
            polygon: GeoJSON, its file, or a shapely geometry.
            near: longitude and latitude, with `radius_km`.
            radius_km: on the ground.
            within: footprints must lie inside the area instead of touching it.
            date: first and last; either may be None, both days belong to the range.
            source: name of a source, with * and ?; or several.
            where: SQL on the columns.
            before: end of an earlier time (2015, 2015-09-26). Given with `after`, the same places
                are compared: hits are later chips with the earlier chip as `then`, the largest gain
                of score first; `percentile` and `standing` say how the gain stands out from those
                of all places that were compared.
            after: start of the later time.
            k: hits.
            offset: hits left out before the first, for pages.
            overlap: chips of one scene or date that share this much of the smaller one (0 to 1)
                count as the best of them; None keeps all.
            exact: compare all chips, also where there is an ANN index.

        Returns:
            The best first; fewer than `k` only where no more match.

        Raises:
            ConfigError: something said is not usable.
        """
        _check_numbers(k, offset, overlap)
        wanted = make_filter(
            bbox=bbox,
            polygon=polygon,
            near=near,
            radius_km=radius_km,
            within=within,
            date=date,
            source=source,
            where=where,
        )
        times = _times(before, after)
        with self.store.reading():
            return self._found(
                wanted, times, (text, image, like, unlike), k, offset, overlap, exact
            )

    def _found(
        self,
        wanted: Filter,
        times: tuple[datetime, datetime] | None,
        asked: tuple[Any, Any, Any, Any],
        k: int,
        offset: int,
        overlap: float | None,
        exact: bool,
    ) -> list[Hit]:
        text, image, like, unlike = asked
        vector = query_vector(
            lambda: self.model, self.store, text=text, image=image, like=like, unlike=unlike
        )
        if times is not None:
            changes = find_changes(self.store, vector, wanted, *times)
            return changed_hits(self.store, changes, k=k, offset=offset, overlap=overlap)
        ann = None if exact else read_ann(self.store)
        rows = self._search.find(vector, wanted, k + offset, ann=ann, overlap=overlap)
        judge = Judge(self._sample @ vector)
        return [hit_of(row, row["score"], judge) for row in rows[offset:]]

    def refresh(self) -> None:
        """See what was added since the index was opened."""
        self.store.refresh()
        self.__dict__.pop("_sample", None)

    @cached_property
    def _sample(self) -> NDArray[np.float32]:
        """Embeddings of chips from all over the index (n, E): what a query scores on it is the ordinary."""
        count = len(self)
        offsets = (
            np.unique(np.linspace(0, count - 1, min(count, SAMPLE)).astype(int)).tolist()
            if count
            else []
        )
        if not offsets:
            return np.empty((0, self.store.settings.embed_dim), dtype=np.float32)
        return embeddings_of(self.store.at(offsets, ["embedding"]))


def _checked(store: Store, model: Any) -> Any:
    """The model, if it is the one the index was made with. Vector queries need none, and so no torch."""
    from harma.model.fingerprint import check_model

    check_model(store.settings.model, store.settings.model_id, model)
    return model


def _check_numbers(k: int, offset: int, overlap: float | None) -> None:
    if k < 1 or offset < 0:
        raise ConfigError(f"k is {k} and offset {offset}; k must be 1 or more, offset 0 or more")
    if overlap is not None and not 0 < overlap <= 1:
        raise ConfigError(
            f"overlap is {overlap}; it must be over 0 and at most 1, or None to keep all chips"
        )


def _times(
    before: str | datetime | None, after: str | datetime | None
) -> tuple[datetime, datetime] | None:
    """The two times of a change, or None where none is looked for."""
    if before is None and after is None:
        return None
    if before is None or after is None:
        raise ConfigError(
            "before and after together look for change: give both. To find chips of some dates,"
            " give date (--since, --until)"
        )
    return moment(before, is_end=True, option="before"), moment(after, is_end=False, option="after")
