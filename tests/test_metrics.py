"""Metrics against enumeration of every order of equal scores, and by hand."""

import itertools
import json

import numpy as np
import pytest

from harma.data.captions import clean_caption
from harma.errors import ConfigError, DataError
from harma.metrics import (
    caption_ceilings,
    captions_of,
    chance,
    count_hits,
    retrieval_metrics,
    summarize,
)

C2I = np.array([0, 1, 2, 0, 2, 1])


def enumerated(scores, relevant, k):
    hits = [
        any(j in relevant for j in sorted(order, key=lambda j: -scores[j])[:k])
        for order in itertools.permutations(range(len(scores)))
    ]
    return np.mean(hits)


def reference(S, ids):
    N, M = S.shape
    out = {}
    for k in (1, 5, 10):
        own = [{j for j in range(M) if C2I[j] == i} for i in range(N)]
        alike = [{j for j in range(M) if ids[j] in ids[list(o)]} for o in own]
        images = [{C2I[q] for q in range(M) if ids[q] == ids[j]} for j in range(M)]
        out[f"i2t_R@{k}"] = 100 * np.mean([enumerated(S[i], own[i], k) for i in range(N)])
        out[f"t2i_R@{k}"] = 100 * np.mean([enumerated(S[:, j], {C2I[j]}, k) for j in range(M)])
        out[f"dup_i2t_R@{k}"] = 100 * np.mean([enumerated(S[i], alike[i], k) for i in range(N)])
        out[f"dup_t2i_R@{k}"] = 100 * np.mean([enumerated(S[:, j], images[j], k) for j in range(M)])
    return out


@pytest.mark.parametrize("seed", range(4))
def test_equal_scores_count_by_expectation_over_their_orders(seed):
    rng = np.random.default_rng(seed)
    ids = np.array([0, 1, 2, 2, 0, 1]) if seed % 2 else np.arange(6)
    columns = rng.integers(0, 3, (3, ids.max() + 1))
    expected = reference(columns[:, ids], ids)
    got = retrieval_metrics(columns[:, ids], C2I, caption_ids=ids)
    assert {key: got[key] for key in expected} == pytest.approx(expected)
    # The same from distinct captions, a block of rows at a time.
    captions = captions_of(C2I, 3, ids)
    hits = count_hits(
        captions,
        lambda: [(0, columns[:1]), (1, columns[1:])],
        lambda: [(0, columns.T[:2]), (2, columns.T[2:])],
    )
    blockwise = summarize(hits)
    assert {key: blockwise[key] for key in expected} == pytest.approx(expected)


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
