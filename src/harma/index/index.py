"""The index as people use it: open, search, refresh."""

from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

import pyarrow as pa
import pyarrow.compute as pc

from harma.errors import QueryError
from harma.index.ann import read_ann
from harma.index.ask import (
    Page,
    Picture,
    Query,
    SearchOptions,
    Where,
    where_and_page,
)
from harma.index.ask_forms import shows_declaration
from harma.index.change import changed_hits, find_changes
from harma.index.compaction import how_searched
from harma.index.contract import StoreReader
from harma.index.embedder import PictureLike
from harma.index.filters import filter_of, times_of
from harma.index.hits import Hit, hit_of
from harma.index.query import query_vector
from harma.index.schema import SIDES
from harma.index.search import Search
from harma.index.settings import FOREIGN
from harma.index.snapshot import Snapshot
from harma.index.standing import Standings
from harma.index.store import Store

if TYPE_CHECKING:
    from harma.model.model import HarMA


class Index:
    """An opened index; use `Index.open`.

    Threads may share it: each search holds one version of the index from its first read to its
    last, also while another process writes and another thread refreshes.

    Args:
        store: its tables.
        model: the model it was made with, or None to load it when first needed.
    """

    def __init__(self, store: StoreReader, model: "HarMA | None" = None) -> None:
        self._snapshot = Snapshot(store)
        if model is not None:
            self.model = _checked(store, model)

    @classmethod
    def open(cls, directory: str | Path, *, model: "HarMA | None" = None) -> "Index":
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

    @property
    def store(self) -> StoreReader:
        """The tables, in the version that is searched."""
        return self._snapshot.store

    def refresh(self) -> None:
        """See what was added since the index was opened.

        Searches that are under way go on in the version that they began with.

        Raises:
            DataError: the tables are damaged.
            ModelMismatchError: the index was embedded again with another model; open it again.
        """
        # One assignment: a search takes the old snapshot or the new one, never parts of both.
        self._snapshot = Snapshot(self._snapshot.store)

    def __len__(self) -> int:
        """Chips."""
        return self.store.count()

    @cached_property
    def model(self) -> "HarMA":
        """The model, loaded from where it was when the index was made."""
        from harma.model.saved import load

        settings = self.store.settings
        if settings.model_id.startswith(FOREIGN):
            raise QueryError(
                f"the embeddings of this index are of {settings.model}, which HarMA cannot load:"
                " texts and pictures cannot be looked for. Give a chip (chip:ID) or a vector of"
                " that model"
            )
        return _checked(self.store, load(settings.model, backbone=settings.backbone))

    def info(self) -> dict[str, Any]:
        """What the index holds."""
        store = self.store
        settings = store.settings
        sources = list(store.sources().values())
        rows = store.rows([*SIDES, "datetime"])
        return {
            "chips": rows.num_rows,
            "sources": sum(not row.problem for row in sources),
            "problems": sum(bool(row.problem) for row in sources),
            "placed": rows.num_rows - rows["xmin"].null_count,
            "bounds": _bounds(rows),
            "dates": [str(when) for when in _ends(rows["datetime"])],
            "model": settings.model,
            "model id": settings.model_id,
            "tiling": str(settings.tiling),
            "reading": str(settings.reading),
            "max nodata": settings.max_nodata,
            "search": how_searched(read_ann(store)),
            "bytes": store.num_bytes(),
        }

    @shows_declaration
    def search(
        self,
        text: str | Sequence[str] | None = None,
        image: "PictureLike | Picture | None" = None,
        *,
        like: Sequence[Any] = (),
        unlike: Sequence[Any] = (),
        **options: Unpack[SearchOptions],
    ) -> list[Hit]:
        """Find chips, or places that match more now than they did.

        A plain string in `text`, `like` and `unlike` is a text, always; `image` takes a picture.
        Chips, pictures and vectors among examples are said: `Chip(id)`, `Picture(path)`,
        `Vector(values)` of `harma.index.ask`; (example, weight) gives a weight.

        Returns:
            The best first; fewer than `k` only where no more match. `percentile` and `standing` of
            a change say how its gain stands out from those of all places that were compared.

        Raises:
            QueryError: something said is not usable.
            NotFoundError: a chip to be like is not in the index.
        """
        where, page = where_and_page(options)
        return self.find(Query(text, image, like, unlike), where, page)

    def find(self, query: Query, where: Where | None = None, page: Page | None = None) -> list[Hit]:
        """Find chips, or places that match more now than they did.

        Args:
            query: what is looked for.
            where: which chips may be found; None admits all.
            page: which of the hits are given; None gives the first ten.

        Returns:
            The best first; fewer than `page.k` only where no more match.

        Raises:
            QueryError: something said is not usable.
            NotFoundError: a chip to be like is not in the index.
        """
        where = where or Where()
        page = page or Page()
        condition = filter_of(where)
        times = times_of(where)
        # Held to the end: a refresh meanwhile changes nothing for this search.
        snapshot = self._snapshot
        with snapshot.store.reading():
            vector = query_vector(lambda: self.model, snapshot.store, query)
            if times is not None:
                changes = find_changes(snapshot.store, vector, condition, *times)
                return changed_hits(snapshot.store, changes, page)
            search = Search(snapshot, vector, condition, is_exact=page.exact)
            matches = search.find(page.k + page.offset, overlap=page.overlap)
            standings = Standings(snapshot.sample @ vector)
            shown = matches[page.offset :]
            return [hit_of(match.chip, match.score, standings) for match in shown]


def _checked(store: StoreReader, model: "HarMA") -> "HarMA":
    """The model, if it is the one the index was made with."""
    # Not at the top: queries of vectors and chips need no model, and so no torch.
    from harma.model.fingerprint import check_model

    check_model(store.settings.model, store.settings.model_id, model)
    return model


def _bounds(rows: pa.Table) -> list[float | None]:
    """West, south, east and north of all chips; None where none has a place."""
    west, south, east, north = (_ends(rows[side]) for side in SIDES)
    return [west[0], south[0], east[1], north[1]]


def _ends(column: pa.ChunkedArray) -> tuple[Any, Any]:
    """The smallest and the largest value, None where there is none."""
    ends = pc.min_max(column).as_py()
    return ends["min"], ends["max"]
