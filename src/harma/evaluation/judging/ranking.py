"""Rankings: what the product's own search finds for a query, chip by chip or source by source."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from harma.errors import ConfigError, HarmaError
from harma.evaluation.judging.names import By
from harma.evaluation.judging.queries import JudgedQuery
from harma.index.ask import MOST_HITS, Page
from harma.index.expansion import Expansion
from harma.index.hit_list import HitList
from harma.index.hits import Hit
from harma.index.index import Index

logger = logging.getLogger(__name__)

# Where fewer sources than asked for were among the hits, so many times as many are looked at.
MORE_CHIPS = 4


@dataclass(frozen=True)
class Ranked:
    """What stands at a rank.

    Attributes:
        name: id of the chip, or name of the source.
        score: by which it is ranked, each below the one before: of equal scores the later is the
            next smaller number of float32, so that every program that reads a run orders them as
            the search does.
        standing: "clear", "likely" or "weak" of the hit, of a source that of its best chip; "" in
            an index that is too small to tell.
    """

    name: str
    score: float
    standing: str


@dataclass(frozen=True, eq=False)
class Ranking:
    """What a query found.

    Attributes:
        ranks: the best first.
        expanded: what joined the texts of the query, those of which something did.
    """

    ranks: tuple[Ranked, ...]
    expanded: tuple[Expansion, ...]


@dataclass(frozen=True)
class Depth:
    """How far a ranking goes.

    Attributes:
        by: what is ranked.
        count: ranks.
        exact: compare all chips, also where there is an ANN index.

    Raises:
        ConfigError: there are too few or too many ranks.
    """

    by: By = "chip"
    count: int = 1000
    exact: bool = True

    def __post_init__(self) -> None:
        if not 1 <= self.count <= MOST_HITS:
            raise ConfigError(
                f"the depth is {self.count}; it must be from 1 to {MOST_HITS:,}, as many hits as a"
                " search sorts"
            )


def ranking_of(index: Index, judged: JudgedQuery, depth: Depth) -> Ranking:
    """What a query finds, the best first, no two merged.

    Args:
        index: that is searched.
        judged: the query.
        depth: how far.

    Raises:
        HarmaError: the query cannot be asked; the message names it.
    """
    try:
        found = _hits(index, judged, depth)
    except HarmaError as error:
        raise type(error)(f"query {judged.id!r}: {error.problem}", source=error.source) from error
    hits = list(found)
    if depth.by == "source":
        hits = list(_best_of_sources(found).values())[: depth.count]
    values = [hit.score if hit.change is None else hit.change for hit in hits]
    ranked = zip(hits, _falling(values), strict=True)
    ranks = tuple(Ranked(_name(hit, depth.by), score, hit.standing) for hit, score in ranked)
    return Ranking(ranks, tuple(found.expanded))


def _name(hit: Hit, by: By) -> str:
    return hit.id if by == "chip" else hit.source


def _hits(index: Index, judged: JudgedQuery, depth: Depth) -> HitList:
    """The best hits, so many that enough sources are among them."""
    if depth.by == "chip":
        return _found(index, judged, depth, depth.count)
    num_chips = max(len(index), 1)
    ask = min(depth.count * MORE_CHIPS, num_chips, MOST_HITS)
    while True:
        hits = _found(index, judged, depth, ask)
        num_sources = len(_best_of_sources(hits))
        is_all = len(hits) < ask or ask >= num_chips
        if is_all or num_sources >= depth.count:
            return hits
        if ask >= MOST_HITS:
            logger.warning(
                "query %r: the best %s chips are of %s sources; those behind them are not ranked",
                judged.id,
                f"{MOST_HITS:,}",
                f"{num_sources:,}",
            )
            return hits
        ask = min(ask * MORE_CHIPS, MOST_HITS)


def _best_of_sources(hits: HitList) -> dict[str, Hit]:
    """The best hit of each source, the best source first."""
    best: dict[str, Hit] = {}
    for hit in hits:
        best.setdefault(hit.source, hit)
    return best


def _found(index: Index, judged: JudgedQuery, depth: Depth, count: int) -> HitList:
    # Nothing is merged: what overlaps a better chip would be missing, though it was judged.
    return index.find(judged.query, judged.where, Page(k=count, overlap=None, exact=depth.exact))


def _falling(values: Sequence[float]) -> list[float]:
    """Scores as numbers of float32, each below the one before."""
    falling = []
    before = np.float32(np.inf)
    for value in values:
        score = np.float32(value)
        if score >= before:
            score = np.nextafter(before, np.float32(-np.inf))
        falling.append(float(score))
        before = score
    return falling
