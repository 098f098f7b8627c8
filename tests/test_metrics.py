"""Metrics against enumeration of every order of equal scores, and by hand."""

import itertools
import json
from math import comb

import numpy as np
import pytest

from harma import metrics
from harma.data.captions import clean_caption
from harma.errors import ConfigError, DataError
from harma.metrics import (
    caption_ceilings,
    captions_of,
    chance,
    count_hits,
    hit_probability,
    retrieval_metrics,
    summarize,
)

# Three captions, one and two: a mean over captions is none over images.
C2I = np.array([0, 1, 2, 0, 2, 0])
# All distinct, pairs of identical ones, and one text three times.
IDS = ([0, 1, 2, 3, 4, 5], [0, 1, 2, 2, 0, 1], [0, 1, 2, 2, 0, 2])


def orders(scores):
    """Every order of the candidates in which higher scores stand before lower ones."""
    for order in itertools.permutations(range(len(scores))):
        yield sorted(order, key=lambda j: -scores[j])


def enumerated(scores, relevant, k):
    """How often one of the relevant is among the first k."""
    return np.mean([any(j in relevant for j in order[:k]) for order in orders(scores)])


def mean_rank(scores, relevant):
    """The mean rank of the first relevant one."""
    return np.mean([min(order.index(j) for j in relevant) + 1 for order in orders(scores)])


def precision(scores, relevant):
    """Average precision, ties as one group: at each relevant one the share of relevant so far."""
    found = []
    for one in relevant:
        above = {j for j in range(len(scores)) if scores[j] >= scores[one]}
        found.append(len(above & relevant) / len(above))
    return np.mean(found)


def relevance(ids):
    """For each image its captions, and those with the same words; for each caption its images."""
    own = [set(np.flatnonzero(i == C2I).tolist()) for i in range(C2I.max() + 1)]
    alike = [{j for j in range(len(ids)) if ids[j] in ids[list(captions)]} for captions in own]
    images = [set(C2I[ids == ids[j]].tolist()) for j in range(len(ids))]
    return own, alike, images


def reference(S, ids):
    N, M = S.shape
    own, alike, images = relevance(ids)
    out = {}
    for k in (1, 5, 10):
        out[f"i2t_R@{k}"] = 100 * np.mean([enumerated(S[i], own[i], k) for i in range(N)])
        out[f"t2i_R@{k}"] = 100 * np.mean([enumerated(S[:, j], {C2I[j]}, k) for j in range(M)])
        out[f"dup_i2t_R@{k}"] = 100 * np.mean([enumerated(S[i], alike[i], k) for i in range(N)])
        out[f"dup_t2i_R@{k}"] = 100 * np.mean([enumerated(S[:, j], images[j], k) for j in range(M)])
    for prefix in ("", "dup_"):
        six = [f"{prefix}{d}_R@{k}" for d in ("i2t", "t2i") for k in (1, 5, 10)]
        out[f"{prefix}mR"] = np.mean([out[key] for key in six])
    out["i2t_medr"] = np.median([mean_rank(S[i], own[i]) for i in range(N)])
    out["t2i_medr"] = np.median([mean_rank(S[:, j], {C2I[j]}) for j in range(M)])
    out["i2t_mAP"] = 100 * np.mean([precision(S[i], own[i]) for i in range(N)])
    # A text's query finds all images that have it.
    out["t2i_mAP"] = 100 * np.mean([precision(S[:, j], images[j]) for j in range(M)])
    return out


@pytest.mark.parametrize("seed", range(6))
def test_every_metric_is_that_of_all_orders_of_equal_scores(seed):
    rng = np.random.default_rng(seed)
    ids = np.array(IDS[seed % 3])
    columns = rng.integers(0, 3, (3, ids.max() + 1))
    expected = reference(columns[:, ids], ids)
    # From distinct captions, a block of rows at a time.
    hits = count_hits(
        captions_of(C2I, 3, ids),
        lambda: [(0, columns[:1]), (1, columns[1:])],
        lambda: [(0, columns.T[:2]), (2, columns.T[2:])],
    )
    assert summarize(hits) == pytest.approx(expected)
    # The same from the whole matrix, where a caption's own image alone is relevant to it.
    whole = retrieval_metrics(columns[:, ids], C2I, caption_ids=ids, ap=True)
    own = [precision(columns[:, ids[j]], {C2I[j]}) for j in range(6)]
    expected["t2i_mAP"] = 100 * np.mean(own)
    assert whole == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(4))
def test_each_query_has_what_it_found_itself(seed):
    rng = np.random.default_rng(seed)
    ids = np.array(IDS[seed % 3])
    columns = rng.integers(0, 4, (3, ids.max() + 1))
    hits = count_hits(captions_of(C2I, 3, ids), lambda: [(0, columns)], lambda: [(0, columns.T)])
    S = columns[:, ids]
    own, alike, images = relevance(ids)
    one = {
        "i2t": [enumerated(S[i], own[i], 1) for i in range(3)],
        "dup_i2t": [enumerated(S[i], alike[i], 1) for i in range(3)],
        "t2i": [enumerated(S[:, j], {C2I[j]}, 1) for j in range(6)],
        "dup_t2i": [enumerated(S[:, j], images[j], 1) for j in range(6)],
    }
    for name, expected in one.items():
        assert getattr(hits, name)[:, 0].tolist() == pytest.approx(expected), name
    assert hits.t2i_rank.tolist() == pytest.approx([mean_rank(S[:, j], {C2I[j]}) for j in range(6)])
    assert hits.t2i_ap.tolist() == pytest.approx([precision(S[:, j], images[j]) for j in range(6)])


def by_sorting(scores, row, column, weights, copies):
    """Average precision of each row, from all its candidates in order."""
    result = []
    for query, line in enumerate(scores):
        own = column[row == query]
        weight = weights[row == query]
        order = np.argsort(line)
        from_top = np.r_[np.cumsum(copies[order][::-1])[::-1], 0]
        below = np.searchsorted(line[order], line[own], side="left")
        above = (weight * (line[own] >= line[own][:, None])).sum(axis=1)
        result.append(np.average(above / from_top[below], weights=weight))
    return np.array(result)


@pytest.mark.parametrize("seed", range(60))
def test_average_precision_is_that_of_sorted_candidates_to_the_last_digit(seed):
    """Few scores and so many ties, copies or none, and more relevant ones than are counted."""
    rng = np.random.default_rng(seed)
    num_images = int(rng.integers(1, 9))
    more = rng.integers(0, num_images, int(rng.integers(0, 90)))
    c2i = rng.permutation(np.r_[np.arange(num_images), more])
    distinct = max(1, len(c2i) // int(rng.integers(1, 5)))
    ids = np.unique(rng.integers(0, distinct, len(c2i)), return_inverse=True)[1]
    if seed % 4 == 0:
        ids = np.arange(len(c2i))
    levels = int(rng.integers(1, 30))
    scores = (rng.integers(0, levels, (num_images, ids.max() + 1)) / 7).astype(np.float32)
    c = captions_of(c2i, num_images, ids)
    hits = count_hits(c, lambda: [(0, scores)], lambda: [(0, scores.T)])
    expected = by_sorting(scores, c.pair_image, c.pair_column, c.pair_copies, c.copies)
    assert hits.i2t_ap.tolist() == expected.tolist()
    one = np.ones_like(c.pair_image)
    of_text = by_sorting(scores.T, c.pair_column, c.pair_image, one, np.ones(num_images, int))
    assert hits.t2i_ap.tolist() == of_text[c.text].tolist()


@pytest.mark.parametrize("elements", [1, 7])
def test_portions_of_counted_candidates_change_nothing(monkeypatch, elements):
    rng = np.random.default_rng(0)
    c = captions_of(C2I, 3, np.array(IDS[2]))
    scores = rng.integers(0, 3, (3, 3))
    blocks = (lambda: [(0, scores)], lambda: [(0, scores.T)])
    expected = summarize(count_hits(c, *blocks))
    monkeypatch.setattr(metrics, "CACHED_ELEMENTS", elements)
    assert summarize(count_hits(c, *blocks)) == expected


def test_many_copies_are_counted_exactly():
    """More captions of one text than floats of four bytes can count one by one."""
    copies = np.array([2**24, 1, 1])
    chosen = np.array([[True, True, False], [False, True, True]])
    assert metrics._count(chosen, copies).tolist() == [2**24 + 1, 2]


@pytest.mark.parametrize("seed", range(3))
def test_with_ties_against_wrong_ones_stand_first(seed):
    S = np.random.default_rng(seed).integers(0, 3, (3, 6))
    metrics = retrieval_metrics(S, C2I, ties="against")
    for k in (1, 5):
        hits = []
        for i in range(3):
            best = S[i, i == C2I].max()
            hits.append((S[i, i != C2I] >= best).sum() < k)
        assert metrics[f"i2t_R@{k}"] == pytest.approx(100 * np.mean(hits))
    first = [all(S[C2I[j], j] > S[i, j] for i in range(3) if i != C2I[j]) for j in range(6)]
    assert metrics["t2i_R@1"] == pytest.approx(100 * np.mean(first))


def test_by_hand():
    similarity = np.array([[0.9, 0.1, 0.3], [0.8, 0.2, 0.1]])
    metrics = retrieval_metrics(similarity, [0, 1, 1], ap=True)
    assert metrics["i2t_R@1"] == 50
    assert metrics["t2i_R@1"] == pytest.approx(100 * 2 / 3)
    assert metrics["mR"] == pytest.approx((50 + 100 + 100 + 200 / 3 + 100 + 100) / 6)
    assert metrics["i2t_mAP"] == pytest.approx(100 * (1 + (1 / 2 + 2 / 3) / 2) / 2)
    assert (metrics["i2t_medr"], metrics["t2i_medr"]) == (1.5, 1.0)


def test_a_constant_score_is_chance():
    c2i = np.repeat(np.arange(20), 5)
    metrics = retrieval_metrics(np.ones((20, 100)), c2i)
    assert metrics["t2i_R@5"] == pytest.approx(25)
    assert metrics["i2t_R@1"] == pytest.approx(5)
    assert metrics["mR"] == pytest.approx(chance(captions_of(c2i, 20))["mR"])


@pytest.mark.parametrize("ids", IDS)
def test_chance_is_what_equal_scores_count(ids):
    c = captions_of(C2I, 3, np.array(ids))
    equal = np.zeros((3, len(c.copies)))
    hits = count_hits(c, lambda: [(0, equal)], lambda: [(0, equal.T)], ap=False)
    assert chance(c) == summarize(hits)


def test_chance_counts_every_image_as_often_as_it_asks():
    """An image of three captions and one of one: three of four draws are of the larger."""
    figures = chance(captions_of([0, 0, 0, 1], 2))
    assert figures["i2t_R@1"] == pytest.approx(100 * (3 / 4 + 1 / 4) / 2)
    assert figures["t2i_R@1"] == pytest.approx(50)
    assert figures["i2t_medr"] == pytest.approx((5 / 4 + 5 / 2) / 2)


@pytest.mark.parametrize("k", [1, 2, 5, 10])
def test_the_chance_of_a_hit_is_hypergeometric(k):
    greater, tied, relevant = (
        np.array(x) for x in ([0, 0, 2, 4, 12], [5, 1, 6, 20, 3], [2, 1, 3, 1, 1])
    )
    expected = []
    for above, among, right in zip(greater, tied, relevant, strict=True):
        drawn = min(max(0, k - above), among)
        expected.append(1 - comb(among - right, drawn) / comb(among, drawn))
    assert hit_probability(greater, tied, relevant, k) == pytest.approx(expected)


def test_ties_against_ranks_wrong_ones_first():
    assert retrieval_metrics(np.ones((20, 20)), np.arange(20), ties="against")["mR"] == 0


def test_ceilings_of_identical_captions():
    # Text 0 stands for images 0, 0 and 1: ranking image 0 first serves two of the three captions.
    assert caption_ceilings([0, 0, 0, 1], [0, 0, 1, 1])["t2i_R@1"] == 75


@pytest.mark.shared
def test_ceilings_of_ucm_are_those_of_the_specification(shared_dir):
    rows = json.loads((shared_dir / "data/ucm/ucm_test.json").read_text())
    texts = [clean_caption(caption) for row in rows for caption in row["caption"]]
    images = [i for i, row in enumerate(rows) for _ in row["caption"]]
    ceilings = caption_ceilings(np.unique(texts, return_inverse=True)[1], images)
    assert [round(value, 1) for value in ceilings.values()] == [38.3, 84.8, 100.0]


@pytest.mark.parametrize(
    ("similarity", "c2i", "message"),
    [
        (np.ones(3), [0], r"shape \(N, M\); got float64 of shape \(3,\)"),
        (np.ones((2, 3)), [0, 1], "similarity has 3 captions, caption_to_image 2"),
        (np.ones((2, 2)), [0, 2], "values from 0 to 2; there are 2 images"),
        (np.ones((2, 2)), [0, 0], "1 images have no caption, the first is image 1"),
        (np.ones((2, 2)), [0.5, 1.0], "must be 2 integers; got float64"),
        (np.ones((2, 2)), [-1, 1], "values from -1 to 1; there are 2 images"),
        (np.ones((2, 2), dtype=complex), [0, 1], "similarity must be numbers of shape"),
        (np.array([["a", "b"]]), [0, 0], "similarity must be numbers of shape"),
        (np.array([[1.0, np.inf], [0, 1]]), [0, 1], "not finite numbers"),
        (np.array([[1.0, np.nan], [0, 1]]), [0, 1], "not finite numbers"),
        (np.ones((0, 0)), np.array([], dtype=int), "metrics need images and captions"),
    ],
)
def test_unusable_input_is_named(similarity, c2i, message):
    with pytest.raises(DataError, match=message):
        retrieval_metrics(similarity, c2i)


def test_unknown_ties():
    with pytest.raises(ConfigError, match="ties is 'for'; allowed are expected, against"):
        retrieval_metrics(np.eye(2), [0, 1], ties="for")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ([0, 2], "must number the distinct captions from 0 without gaps; got up to 2"),
        ([-1, 0], "must number the distinct captions from 0 without gaps"),
        ([0], "caption_ids must be 2 integers; got int64 of shape \\(1,\\)"),
    ],
)
def test_captions_that_are_not_numbered(ids, message):
    with pytest.raises(DataError, match=message):
        captions_of([0, 1], 2, np.array(ids))
