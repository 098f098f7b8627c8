"""Recall at 1, 5 and 10, mR, mAP, median rank of retrieval, from similarities by numpy (SPEC 5).

Recall counts how many candidates score higher than, and exactly as high as, the best relevant one.
Equal scores count by expectation over all their orders, so a model that gives every pair the same
score has exactly chance. Nothing is sorted for recall, and the counts of a block of rows need no
other rows: large archives are evaluated block by block.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from harma.errors import ConfigError, DataError

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Ties = Literal["expected", "against"]
Scores = NDArray[Any]

KS = (1, 5, 10)
# Candidates looked at together: as floats they fit the processor's cache.
CACHED_ELEMENTS = 2**17
# Relevant ones of a query from which sorting its candidates is sooner than counting for each.
MANY_RELEVANT = 16
RECALL_KEYS = ("i2t_R@1", "i2t_R@5", "i2t_R@10", "t2i_R@1", "t2i_R@5", "t2i_R@10")
# What a model can be chosen by: the larger, the better. (Median ranks are not.)
SELECTION_KEYS = (
    "mR",
    "dup_mR",
    *RECALL_KEYS,
    *(f"dup_{key}" for key in RECALL_KEYS),
    "i2t_mAP",
    "t2i_mAP",
)


@dataclass(frozen=True)
class Captions:
    """Which caption belongs to which image, identical captions as one column.

    Attributes:
        num_images: N.
        text: (M,) column of each caption.
        image: (M,) image of each caption.
        copies: (U,) how many captions each column stands for.
        pair_image: (P,) image of each distinct (image, column) pair, ascending.
        pair_column: (P,) its column.
        pair_copies: (P,) how many of the column's captions are that image's own.
        pair_of_caption: (M,) the pair of each caption.
    """

    num_images: int
    text: Ints
    image: Ints
    copies: Ints
    pair_image: Ints
    pair_column: Ints
    pair_copies: Ints
    pair_of_caption: Ints


def captions_of(
    caption_to_image: ArrayLike, num_images: int, text: ArrayLike | None = None
) -> Captions:
    """Prepare the relation of captions and images.

    Args:
        caption_to_image: (M,) image of each caption.
        num_images: N.
        text: (M,) column of each caption, identical captions sharing one; None gives each its own.

    Raises:
        DataError: shapes or values do not fit, or an image has no caption.
    """
    image = np.asarray(caption_to_image)
    column = np.arange(len(image))
    if text is not None:
        column = np.asarray(text)
    _check_integers("caption_to_image", image, len(image))
    _check_integers("caption_ids", column, len(image))
    _check_images(image, num_images)
    image = image.astype(np.int64)
    column = column.astype(np.int64)
    num_columns = int(column.max()) + 1
    if column.min() < 0 or np.bincount(column, minlength=num_columns).min() == 0:
        raise DataError(
            "caption_ids must number the distinct captions from 0 without gaps; got up to"
            f" {column.max()}"
        )
    # One number for each pair of image and column, so that sorting pairs is sorting numbers.
    keys, pair_of_caption, pair_copies = np.unique(
        image * num_columns + column, return_inverse=True, return_counts=True
    )
    return Captions(
        num_images=num_images,
        text=column,
        image=image,
        copies=np.bincount(column, minlength=num_columns),
        pair_image=keys // num_columns,
        pair_column=keys % num_columns,
        pair_copies=pair_copies,
        pair_of_caption=pair_of_caption,
    )


def _check_integers(name: str, array: NDArray[Any], length: int) -> None:
    flat = array.ndim == 1 and len(array) == length
    if not flat or not np.issubdtype(array.dtype, np.integer):
        raise DataError(
            f"{name} must be {length} integers; got {array.dtype} of shape {array.shape}"
        )


def _check_images(image: NDArray[Any], num_images: int) -> None:
    """Check that every caption has an image, and every image a caption."""
    if len(image) == 0 or num_images == 0:
        raise DataError(
            f"metrics need images and captions; got {num_images} images and {len(image)} captions"
        )
    if image.min() < 0 or image.max() >= num_images:
        raise DataError(
            f"caption_to_image has values from {image.min()} to {image.max()}; there are"
            f" {num_images} images"
        )
    without = np.flatnonzero(np.bincount(image, minlength=num_images) == 0)
    if len(without):
        raise DataError(
            f"{len(without)} images have no caption, the first is image {without[0]}; leave"
            " them out"
        )


def hit_probability(greater: Ints, tied: Ints, relevant: Ints, k: int) -> Floats:
    """Chance that one of the relevant is among the first k, over all orders of equal scores.

    Args:
        greater: candidates that score higher than the best relevant one.
        tied: candidates that score as high, the relevant among them.
        relevant: relevant ones among the tied.
        k: how many are looked at.

    Returns:
        1 − C(tied − relevant, k − greater) / C(tied, k − greater), the hypergeometric chance.
    """
    miss = np.ones(len(greater))
    # The tied are drawn one after the other; each draw misses by the share of wrong ones left.
    for drawn in range(k):
        wrong = np.maximum(tied - relevant - drawn, 0)
        left = np.maximum(tied - drawn, 1)
        miss = np.where(greater + drawn < k, miss * (wrong / left), miss)
    return np.where(greater < k, 1 - miss, 0.0)


@dataclass(frozen=True)
class BestRelevant:
    """Where the best relevant candidate of each query stands; see `hit_probability`."""

    greater: Ints
    tied: Ints
    relevant: Ints

    def hits(self, ties: Ties) -> Floats:
        """(Q, 3) chance of a hit at 1, 5 and 10."""
        greater = self.greater
        tied = self.tied
        relevant = self.relevant
        if ties == "against":
            # Every wrong one that is tied goes first; the relevant one is then alone.
            greater = greater + tied - relevant
            tied = np.ones_like(tied)
            relevant = tied
        return np.stack([hit_probability(greater, tied, relevant, k) for k in KS], axis=1)

    def ranks(self) -> Floats:
        """(Q,) expected rank of the first relevant one, from 1."""
        expected: Floats = self.greater + (self.tied + 1) / (self.relevant + 1)
        return expected


def best_relevant(
    scores: Scores, row: Ints, column: Ints, relevant_copies: Ints, copies: Ints | None
) -> BestRelevant:
    """Count candidates above and beside the best relevant one of each row.

    Args:
        scores: (Q, C), a row per query.
        row: (P,) row of each relevant pair, ascending; each row has one at least.
        column: (P,) its column.
        relevant_copies: (P,) how many relevant candidates the pair stands for.
        copies: (C,) how many candidates each column stands for; None means one.
    """
    values = scores[row, column]
    # Pairs of one row stand together, so the best of each row is a maximum of a run of them.
    starts = np.flatnonzero(np.r_[True, row[1:] != row[:-1]])
    best = np.maximum.reduceat(values, starts)
    return BestRelevant(
        greater=_count(scores > best[:, None], copies),
        tied=_count(scores == best[:, None], copies),
        relevant=np.add.reduceat((values == best[row]) * relevant_copies, starts),
    )


def _count(chosen: NDArray[np.bool_], copies: Ints | None) -> Ints:
    """Chosen candidates of each row, the way the memory lies: counting is most of the work."""
    if copies is not None and copies.max() > 1:
        return _count_copies(chosen, copies)
    if chosen.flags.c_contiguous:
        return np.array([np.count_nonzero(row) for row in chosen], dtype=np.int64)
    by_candidate = np.ascontiguousarray(chosen.T).view(np.uint8)
    # Sums of up to 255 rows fit a byte, and bytes add fast.
    starts = range(0, len(by_candidate), 255)
    parts = [by_candidate[i : i + 255].sum(axis=0, dtype=np.uint8) for i in starts]
    total: Ints = np.sum(parts, axis=0, dtype=np.int64)
    return total


def _count_copies(chosen: NDArray[np.bool_], copies: Ints) -> Ints:
    """The copies of the chosen candidates of each row, by matrix products of floats."""
    # Integers have no fast product. Floats of 4 bytes hold every sum exactly below 2²⁴.
    exact: type[np.floating] = np.float64
    if copies.sum() < 2**24:
        exact = np.float32
    weights: Scores = copies.astype(exact)
    counts = np.empty(len(chosen), dtype=np.int64)
    # A few rows at a time stay in the processor's cache as floats.
    size = max(1, CACHED_ELEMENTS // chosen.shape[1])
    for start in range(0, len(chosen), size):
        rows = slice(start, start + size)
        ones: Scores = chosen[rows].astype(exact)
        counts[rows] = ones @ weights
    return counts


def average_precision(
    scores: Scores,
    row: Ints,
    column: Ints,
    relevant_copies: Ints,
    copies: Ints | None,
    best: BestRelevant,
) -> Floats:
    """(Q,) average precision of each row; tied candidates count as one group, as in scikit-learn.

    At each relevant candidate, the share of relevant ones among those that score as high or higher.
    These are counted as for recall: a sort of all candidates costs more than a count for each
    relevant one, unless many are relevant.

    The arguments are those of `best_relevant`, and what it gave.
    """
    sizes = np.bincount(row, minlength=len(scores))
    starts = np.cumsum(sizes) - sizes
    values = scores[row, column]
    result = np.empty(len(scores))
    for size in np.unique(sizes[sizes <= MANY_RELEVANT]):
        queries = np.flatnonzero(sizes == size)
        # (queries, size): the pairs of each query, in their order.
        pairs = starts[queries, None] + np.arange(size)
        from_top = _at_or_above(scores, queries, values[pairs], copies, best)
        result[queries] = _precision(values[pairs], relevant_copies[pairs], from_top)
    for query in np.flatnonzero(sizes > MANY_RELEVANT):
        own = slice(starts[query], starts[query] + sizes[query])
        from_top = _sorted_at_or_above(scores[query], values[own], copies)
        alone = _precision(values[None, own], relevant_copies[None, own], from_top[None])
        result[query] = alone[0]
    return result


def _precision(values: Scores, weights: Ints, from_top: Ints) -> Floats:
    """(Q,) average precision from the scores, copies and counts (Q, R) of the relevant ones."""
    as_high = values[:, None, :] >= values[:, :, None]
    relevant = (weights[:, None, :] * as_high).sum(axis=2)
    precision: Floats = np.average(relevant / from_top, axis=1, weights=weights)
    return precision


def _at_or_above(
    scores: Scores, queries: Ints, values: Scores, copies: Ints | None, best: BestRelevant
) -> Ints:
    """(Q, R) how many candidates of each query score as high as each of its values, or higher."""
    # Of the best relevant one that is known.
    known = best.greater[queries] + best.tied[queries]
    counts = np.repeat(known[:, None], values.shape[1], axis=1)
    query, other = np.nonzero(values < values.max(axis=1, keepdims=True))
    size = max(1, CACHED_ELEMENTS // scores.shape[1])
    for start in range(0, len(query), size):
        part = slice(start, start + size)
        bar = values[query[part], other[part]]
        chosen = scores[queries[query[part]]] >= bar[:, None]
        counts[query[part], other[part]] = _count(chosen, copies)
    return counts


def _sorted_at_or_above(scores: Scores, values: Scores, copies: Ints | None) -> Ints:
    """(R,) the same of one query with many values, by sorting its candidates (C,)."""
    if copies is None or copies.max() == 1:
        counts: Ints = len(scores) - np.searchsorted(np.sort(scores), values, side="left")
        return counts
    order = np.argsort(scores)
    below = np.searchsorted(scores[order], values, side="left")
    # How many candidates stand from each place on, and none after the last.
    from_place: Ints = np.r_[np.cumsum(copies[order][::-1])[::-1], 0]
    return from_place[below]


@dataclass(frozen=True)
class Hits:
    """What each query found.

    Attributes:
        i2t: (N, 3) chance of a hit at 1, 5, 10 of each image.
        t2i: (M, 3) of each caption.
        dup_i2t: (N, 3) with identical captions relevant to each other's images.
        dup_t2i: (M, 3).
        i2t_rank: (N,) rank of the first relevant caption.
        t2i_rank: (M,) rank of the caption's own image.
        i2t_ap: (N,) average precision, or None if not asked for.
        t2i_ap: (M,).
    """

    i2t: Floats
    t2i: Floats
    dup_i2t: Floats
    dup_t2i: Floats
    i2t_rank: Floats
    t2i_rank: Floats
    i2t_ap: Floats | None = None
    t2i_ap: Floats | None = None


Blocks = Callable[[], Iterable[tuple[int, Scores]]]


def count_hits(
    captions: Captions,
    image_rows: Blocks,
    text_rows: Blocks,
    *,
    ties: Ties = "expected",
    ap: bool = True,
) -> Hits:
    """Hits of every query from blocks of similarities.

    Args:
        captions: the relation.
        image_rows: gives (first image, scores (b, U)) for consecutive blocks of images.
        text_rows: gives (first column, scores (b, N)) for consecutive blocks of columns.
        ties: "expected", or "against": tied wrong candidates rank first.
        ap: also compute average precision, which sorts every row.

    Raises:
        ConfigError: `ties` is unknown.
        DataError: a similarity is not a number.
    """
    if ties not in ("expected", "against"):
        raise ConfigError(f"ties is {ties!r}; allowed are expected, against")
    i2t = [
        _image_block(captions, first, _checked(scores), ties, ap) for first, scores in image_rows()
    ]
    # The same pairs by column: the queries of the other direction.
    order = np.argsort(captions.pair_column, kind="stable")
    pairs = _ByColumn(captions.pair_column[order], captions.pair_image[order])
    t2i = [_text_block(pairs, first, _checked(scores), ties, ap) for first, scores in text_rows()]
    of_image = _joined(i2t)
    of_text = _joined(t2i)
    # Strict hits of texts are by pair in the order of columns; each caption takes its pair's.
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    of_caption = place[captions.pair_of_caption]
    hits = Hits(
        i2t=of_image.strict,
        t2i=of_text.strict[of_caption],
        dup_i2t=of_image.dup,
        dup_t2i=of_text.dup[captions.text],
        i2t_rank=of_image.rank,
        t2i_rank=of_text.rank[of_caption],
    )
    if not ap:
        return hits
    return replace(hits, i2t_ap=of_image.precision, t2i_ap=of_text.precision[captions.text])


class _ByColumn(NamedTuple):
    """The relevant pairs in the order of columns."""

    column: Ints
    image: Ints


class _BlockHits(NamedTuple):
    """What a block of queries found, in one direction."""

    strict: Floats
    dup: Floats
    rank: Floats
    precision: Floats


def _joined(blocks: Sequence[_BlockHits]) -> _BlockHits:
    return _BlockHits(*(np.concatenate(parts) for parts in zip(*blocks, strict=True)))


def _image_block(c: Captions, first: int, scores: Scores, ties: Ties, ap: bool) -> _BlockHits:
    block = slice(*np.searchsorted(c.pair_image, (first, first + len(scores))))
    row = c.pair_image[block] - first
    column = c.pair_column[block]
    strict = best_relevant(scores, row, column, c.pair_copies[block], c.copies)
    dup = strict
    # Copies of one text are relevant together, so only a text with several copies makes a
    # difference.
    if c.copies.max() > 1:
        dup = best_relevant(scores, row, column, c.copies[column], c.copies)
    precision = np.zeros(len(scores))
    if ap:
        own = c.pair_copies[block]
        precision = average_precision(scores, row, column, own, c.copies, strict)
    return _BlockHits(strict.hits(ties), dup.hits(ties), strict.ranks(), precision)


def _text_block(pairs: _ByColumn, first: int, scores: Scores, ties: Ties, ap: bool) -> _BlockHits:
    block = slice(*np.searchsorted(pairs.column, (first, first + len(scores))))
    row = pairs.column[block] - first
    column = pairs.image[block]
    one = np.ones(len(row), dtype=np.int64)
    # Each pair is a query of its own: captions with one text have the same scores, but different
    # images.
    of_pair = scores
    if len(row) != len(scores):
        of_pair = scores[row]
    strict = best_relevant(of_pair, np.arange(len(row)), column, one, None)
    dup = strict
    if len(row) != len(scores):
        dup = best_relevant(scores, row, column, one, None)
    precision = np.zeros(len(scores))
    if ap:
        precision = average_precision(scores, row, column, one, None, dup)
    return _BlockHits(strict.hits(ties), dup.hits(ties), strict.ranks(), precision)


def _checked(scores: Scores) -> Scores:
    # A NaN makes both ends NaN, and the ends are found faster than every value is tested.
    if not (np.isfinite(scores.min()) and np.isfinite(scores.max())):
        raise DataError(
            "similarities hold values that are not finite numbers; the embeddings are damaged"
        )
    return scores


def summarize(hits: Hits, *, duplicates: bool = True) -> dict[str, float]:
    """Metrics in percent from hits: six recalls and mR, `dup_…`, mAP, median ranks."""
    metrics = _recalls("", hits.i2t, hits.t2i)
    if duplicates:
        metrics |= _recalls("dup_", hits.dup_i2t, hits.dup_t2i)
    if hits.i2t_ap is not None and hits.t2i_ap is not None:
        metrics["i2t_mAP"] = 100 * float(hits.i2t_ap.mean())
        metrics["t2i_mAP"] = 100 * float(hits.t2i_ap.mean())
    metrics["i2t_medr"] = float(np.median(hits.i2t_rank))
    metrics["t2i_medr"] = float(np.median(hits.t2i_rank))
    return metrics


def _recalls(prefix: str, i2t: Floats, t2i: Floats) -> dict[str, float]:
    values = 100 * np.concatenate([i2t.mean(axis=0), t2i.mean(axis=0)])
    names = [f"{prefix}{key}" for key in RECALL_KEYS]
    recalls = dict(zip(names, values.tolist(), strict=True))
    recalls[f"{prefix}mR"] = float(values.mean())
    return recalls


def retrieval_metrics(
    similarity: ArrayLike,
    caption_to_image: ArrayLike,
    *,
    ties: Ties = "expected",
    caption_ids: ArrayLike | None = None,
    ap: bool = False,
) -> dict[str, float]:
    """Metrics of a similarity matrix (SPEC 5).

    Args:
        similarity: (N, M) scores of images and captions.
        caption_to_image: (M,) image of each caption.
        ties: "expected" counts equal scores by expectation over their orders; "against" ranks wrong
            ones first.
        caption_ids: (M,) identical captions share a number; adds the duplicate-aware `dup_…` keys.
        ap: adds mean average precision.

    Returns:
        `i2t_R@1` … `t2i_R@10`, `mR`, in percent, and median ranks.

    Raises:
        DataError: shapes or values do not fit.
        ConfigError: `ties` is unknown.
    """
    scores = np.asarray(similarity)
    is_complex = np.issubdtype(scores.dtype, np.complexfloating)
    if scores.ndim != 2 or is_complex or not np.issubdtype(scores.dtype, np.number):
        raise DataError(
            f"similarity must be numbers of shape (N, M); got {scores.dtype} of shape"
            f" {scores.shape}"
        )
    captions = captions_of(caption_to_image, len(scores))
    if len(captions.text) != scores.shape[1]:
        raise DataError(
            f"similarity has {scores.shape[1]} captions, caption_to_image {len(captions.text)}"
        )
    hits = count_hits(captions, lambda: [(0, scores)], lambda: [(0, scores.T)], ties=ties, ap=ap)
    metrics = summarize(hits, duplicates=False)
    if caption_ids is not None:
        ids = np.unique(np.asarray(caption_ids), return_inverse=True)[1]
        metrics |= _duplicate_aware(scores, captions, ids, ties)
    return metrics


def _duplicate_aware(scores: Scores, captions: Captions, ids: Ints, ties: Ties) -> dict[str, float]:
    """`dup_…` recalls of a whole matrix whose identical captions need not have identical scores."""
    related = captions_of(captions.image, captions.num_images, ids)
    # (N, distinct): which image has which text, then spread over the captions that have it.
    mask = np.zeros((captions.num_images, int(ids.max()) + 1), dtype=bool)
    mask[related.pair_image, related.pair_column] = True
    image, caption = np.nonzero(mask[:, ids])
    one = np.ones(len(image), dtype=np.int64)
    i2t = best_relevant(scores, image, caption, one, None)
    order = np.argsort(caption, kind="stable")
    by_caption = np.ascontiguousarray(scores.T)
    t2i = best_relevant(by_caption, caption[order], image[order], one, None)
    return _recalls("dup_", i2t.hits(ties), t2i.hits(ties))


def caption_ceilings(caption_ids: ArrayLike, caption_to_image: ArrayLike) -> dict[str, float]:
    """Highest strict t2i recalls that identical captions of different images allow, in percent."""
    image = np.asarray(caption_to_image)
    c = captions_of(image, int(image.max()) + 1, caption_ids)
    # The best that can be done for a text is to rank the images first that carry it most often.
    order = np.lexsort((-c.pair_copies, c.pair_column))
    column = c.pair_column[order]
    position = np.arange(len(order)) - np.searchsorted(column, column)
    copies = c.pair_copies[order]
    served = {k: float(copies[position < k].sum()) for k in KS}
    return {f"t2i_R@{k}": 100 * count / len(image) for k, count in served.items()}


def chance(captions: Captions) -> dict[str, float]:
    """Metrics of a model that gives every pair the same score."""
    # All candidates are tied, so that nothing has to be scored or counted.
    own = np.bincount(captions.image, minlength=captions.num_images)
    copies = captions.copies[captions.pair_column]
    alike = np.bincount(captions.pair_image, copies).astype(np.int64)
    images = _all_tied(own, len(captions.text))
    texts = _all_tied(np.ones_like(captions.text), captions.num_images)
    of_text = np.bincount(captions.pair_column)
    hits = Hits(
        i2t=images.hits("expected"),
        t2i=texts.hits("expected"),
        dup_i2t=_all_tied(alike, len(captions.text)).hits("expected"),
        dup_t2i=_all_tied(of_text[captions.text], captions.num_images).hits("expected"),
        i2t_rank=images.ranks(),
        t2i_rank=texts.ranks(),
    )
    return summarize(hits)


def _all_tied(relevant: Ints, num_candidates: int) -> BestRelevant:
    """Where the best relevant one of each query stands if all candidates score the same."""
    return BestRelevant(
        greater=np.zeros_like(relevant),
        tied=np.full_like(relevant, num_candidates),
        relevant=relevant,
    )
