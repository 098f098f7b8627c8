"""Kept result lists: pages are slices of one, and the same search again is answered from it."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely

from harma.errors import GoneError
from harma.index.expansion import Expansion
from harma.index.hit_list import HitList
from harma.index.hits import Hit
from harma.serve.shelf import Shelf

# Lists, and bytes of all of them, that are kept at once.
MOST_LISTS = 512
MOST_BYTES = 128 << 20
# How long they are kept: as long as the version of the index that they are of.
KEPT_S = 3600.0
# Measured: a hit with its texts, window and date, and a footprint without its corners.
BYTES_OF_HIT = 1200
BYTES_OF_CORNER = 16
# Hexadecimal digits of a query id.
ID_LENGTH = 32


@dataclass(frozen=True, eq=False)
class Kept:
    """The hits of one search.

    Attributes:
        id: of the query: the same for the same search in the same version of an index.
        index: id of the index.
        version: of its chips.
        asked: the search as it was understood.
        hits: the best first.
        took_ms: how long it took when it was done.
        is_whole: whether these are all that are ever kept of it.
        expanded: what joined its short texts.
    """

    id: str
    index: str
    version: int
    asked: Mapping[str, Any]
    hits: Sequence[Hit]
    took_ms: float
    is_whole: bool = True
    expanded: Sequence[Expansion] = ()


class Results:
    """Keeps the hits of searches for a while; threads share it.

    Args:
        most_lists: that are kept.
        most_bytes: of all of them, about.
        kept_s: seconds that each is kept.
        clock: gives seconds; tests have their own.
    """

    def __init__(
        self,
        *,
        most_lists: int = MOST_LISTS,
        most_bytes: int = MOST_BYTES,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.shelf: Shelf[Kept] = Shelf(
            most_things=most_lists, most_bytes=most_bytes, kept_s=kept_s, clock=clock
        )
        self._lock = threading.Lock()
        # Searches that are being done now: who asks the same waits for them.
        self._awaited: dict[str, Future[Kept]] = {}

    def found(
        self,
        index: str,
        version: int,
        asked: Mapping[str, Any],
        search: Callable[[], list[Hit]],
        *,
        depth: int | None = None,
    ) -> Kept:
        """The hits of a search: kept ones, or those that somebody is just finding, or new ones.

        Args:
            index: id of the index.
            version: of its chips.
            asked: all that the hits depend on, as JSON has it; the size of a page is not among it.
            search: finds them.
            depth: hits that it looks for, where more may be looked for later.

        Raises:
            HarmaError: the search is not usable; whoever waits for it hears the same.
        """
        name = query_id(index, version, asked)
        own: Future[Kept] = Future()
        with self._lock:
            kept = self.shelf.get(name)
            if kept is not None:
                return kept
            awaited = self._awaited.setdefault(name, own)
        if awaited is not own:
            return awaited.result()
        try:
            start = time.perf_counter()
            hits = search()
            took_ms = 1000 * (time.perf_counter() - start)
            is_whole = depth is None or len(hits) < depth
            own.set_result(self.keep(index, version, asked, hits, took_ms, is_whole=is_whole))
        except BaseException as error:
            own.set_exception(error)
            raise
        finally:
            with self._lock:
                del self._awaited[name]
        return own.result()

    def keep(
        self,
        index: str,
        version: int,
        asked: Mapping[str, Any],
        hits: Sequence[Hit],
        took_ms: float,
        *,
        is_whole: bool = True,
    ) -> Kept:
        """Keep the hits of a search.

        Args:
            index: id of the index.
            version: of its chips.
            asked: as in `found`.
            hits: the best first; a `HitList` says what joined the texts, too.
            took_ms: how long the search took.
            is_whole: as in `Kept`.
        """
        name = query_id(index, version, asked)
        expanded = hits.expanded if isinstance(hits, HitList) else ()
        # A plain list: that of a search holds on to the version of the index that it read.
        kept = Kept(name, index, version, asked, list(hits), took_ms, is_whole, expanded)
        self.shelf.put(kept.id, kept, _bytes_of(hits))
        return kept

    def get(self, name: str) -> Kept:
        """A kept list by its query id.

        Raises:
            GoneError: it is kept no longer, or never was.
        """
        kept = self.shelf.get(name)
        if kept is None:
            raise GoneError("the hits of this search are kept no longer; search again")
        return kept


def query_id(index: str, version: int, asked: Mapping[str, Any]) -> str:
    """The id of a search in a version of an index: the order of its fields makes no difference."""
    text = json.dumps([index, version, asked], sort_keys=True, ensure_ascii=False)
    # What no UTF-8 can say may stand in JSON: half of a pair of surrogates.
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()[:ID_LENGTH]


def _bytes_of(hits: Sequence[Hit]) -> int:
    """About what hits take in memory."""
    then = [hit.then for hit in hits if hit.then is not None]
    outlines = np.array([hit.geometry for hit in [*hits, *then]], dtype=object)
    corners = int(shapely.get_num_coordinates(outlines).sum())
    return BYTES_OF_HIT * len(outlines) + BYTES_OF_CORNER * corners
