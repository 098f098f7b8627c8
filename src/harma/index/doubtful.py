"""Doubtful chips (active learning): those whose marks would teach a search most, unlike each other.

A chip is doubtful where its score lies near the boundary between good and bad, so that its mark
says where that boundary runs. The nearest ones are often many pictures of one roof, which teach the
same; of several near ones those are asked that differ most from those already chosen.
"""

from collections.abc import Collection, Sequence

import numpy as np
from numpy.typing import NDArray

from harma.index.ask import Page
from harma.index.filters import Filter
from harma.index.hits import Hit, hit_of
from harma.index.query import EmbeddedQuery, chip_embeddings
from harma.index.search import Search
from harma.index.snapshot import Snapshot
from harma.index.standing import LIKELY, Standings

# Chips of the best list that are looked at: for each that is asked for, at least, and at most.
LOOKED_AT = 5
LEAST_LOOKED_AT = 200
MOST_LOOKED_AT = 2000
# Chips are chosen in rounds of so many, from those nearest the boundary, so many for each.
ROUND = 10
NEAR_ENOUGH = 4


def boundary(good: NDArray[np.floating], bad: NDArray[np.floating], standings: Standings) -> float:
    """The score between good and bad.

    Args:
        good: scores of good chips (n,).
        bad: of bad ones (m,).
        standings: of the query: without marks a likely hit is as likely good as not.

    Returns:
        Where good and bad ones are there, the score that leaves fewest of them on the wrong side
        (in the middle of its gap; of several such gaps the middle one); where all are of one kind,
        the worst of the good, or the best of the bad.
    """
    if not len(good) and not len(bad):
        return standings.middle + LIKELY * standings.deviation
    if not len(bad):
        return float(np.min(good))
    if not len(good):
        return float(np.max(bad))
    scores = np.sort(np.concatenate([good, bad]))
    between = (scores[:-1] + scores[1:]) / 2
    wrong = [(good < score).sum() / len(good) + (bad > score).sum() / len(bad) for score in between]
    best = np.flatnonzero(np.isclose(wrong, np.min(wrong)))
    return float(between[best[len(best) // 2]])


def find_doubtful(
    snapshot: Snapshot,
    query: EmbeddedQuery,
    condition: Filter,
    page: Page,
    marked: Collection[str] = (),
) -> list[Hit]:
    """The chips to ask for, the most doubtful first.

    Args:
        snapshot: of the index.
        query: what is looked for, with the examples that were marked.
        condition: that chips must fulfil.
        page: how many; `offset` leaves out the first ones.
        marked: ids of chips that are not asked for.
    """
    count = page.k + page.offset
    at_least = max(LEAST_LOOKED_AT, LOOKED_AT * count) + len(marked)
    search = Search(snapshot, query.vector, condition, is_exact=page.exact)
    matches = search.find(min(at_least, MOST_LOOKED_AT), overlap=page.overlap)
    matches = [match for match in matches if match.chip.id not in set(marked)]
    standings = Standings(snapshot.sample @ query.vector)
    at = boundary(query.good @ query.vector, query.bad @ query.vector, standings)
    scores = np.array([match.score for match in matches])
    # Stable, so that chips as near as each other go by rank.
    nearest = np.argsort(np.abs(scores - at), kind="stable")
    matches = [matches[position] for position in nearest[: count + NEAR_ENOUGH * ROUND]]
    vectors_of = chip_embeddings(snapshot.store, [match.chip.id for match in matches])
    chosen = different_ones([vectors_of[match.chip.id] for match in matches], count)
    asked_for = [matches[position] for position in chosen[page.offset :]]
    return [hit_of(match.chip, match.score, standings) for match in asked_for]


def different_ones(vectors: Sequence[NDArray[np.float32]], k: int) -> list[int]:
    """Choose early ones that are unlike each other, in rounds.

    In a round those are chosen that are least like all that the round has chosen before, farthest
    point first (Gonzalez, "Clustering to minimize the maximum intercluster distance", 1985). The
    first ones do not depend on how many are asked for.

    Args:
        vectors: embeddings (E,), L2-normalised, the one that matters most first.
        k: how many to choose.

    Returns:
        Positions.
    """
    left = list(range(len(vectors)))
    chosen: list[int] = []
    while left and len(chosen) < k:
        pool = left[: NEAR_ENOUGH * ROUND]
        rows = np.stack([vectors[position] for position in pool])
        chosen += [pool[place] for place in _farthest_first(rows)]
        left = [position for position in left if position not in chosen]
    return chosen[:k]


def _farthest_first(rows: NDArray[np.float32]) -> list[int]:
    """A round: places in rows (n, E), the first row first."""
    places = [0]
    likest = rows @ rows[0]
    while len(places) < min(ROUND, len(rows)):
        likest[places[-1]] = np.inf
        places.append(int(np.argmin(likest)))
        likest = np.maximum(likest, rows @ rows[places[-1]])
    return places
