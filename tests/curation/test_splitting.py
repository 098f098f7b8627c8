from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harma.curation.splitting import divide, divide_into_folds
from harma.errors import ConfigError

RATIOS = (0.8, 0.1, 0.1)


def singles(number):
    return [[i] for i in range(number)]


def test_labels_are_spread_evenly():
    labels = ["a"] * 50 + ["b"] * 20 + ["c"] * 10
    sides = divide(singles(80), labels, RATIOS, seed=0)
    assert Counter(zip(labels, sides, strict=True)) == {
        ("a", "train"): 40,
        ("a", "val"): 5,
        ("a", "test"): 5,
        ("b", "train"): 16,
        ("b", "val"): 2,
        ("b", "test"): 2,
        ("c", "train"): 8,
        ("c", "val"): 1,
        ("c", "test"): 1,
    }


def test_small_labels_do_not_all_round_the_same_way():
    labels = [str(i % 20) for i in range(100)]  # 20 labels of 5: 4, 0.5 and 0.5 of each
    assert Counter(divide(singles(100), labels, RATIOS, seed=3)) == {
        "train": 80,
        "val": 10,
        "test": 10,
    }


@given(st.lists(st.integers(1, 4), min_size=12, max_size=40), st.integers(0, 5))
def test_groups_stay_together(sizes, seed):
    bounds = np.cumsum([0, *sizes])
    groups = [list(range(a, b)) for a, b in pairwise(bounds)]
    sides = divide(groups, [None] * int(bounds[-1]), (0.5, 0.25, 0.25), seed)
    assert all(len({sides[i] for i in group}) == 1 for group in groups)
    assert abs(sides.count("train") / len(sides) - 0.5) < 4 / len(sides) + 1e-9


def test_the_seed_decides():
    labels = [None] * 60
    first, again, other = (divide(singles(60), labels, RATIOS, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_split_may_be_left_out():
    assert set(divide(singles(10), [None] * 10, (0.5, 0.0, 0.5), 0)) == {"train", "test"}


@pytest.mark.parametrize(
    "ratios",
    [(0.8, 0.1), (0.9, 0.2, -0.1), (0.5, 0.1, 0.1), (0, 0.5, 0.5), (float("nan"), 0.5, 0.5)],
)
def test_unusable_ratios_are_refused(ratios):
    with pytest.raises(ConfigError, match="sum to 1"):
        divide(singles(10), [None] * 10, ratios, 0)


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="seed is -1; it must be 0 or more"):
        divide(singles(10), [None] * 10, RATIOS, -1)


def test_an_empty_split_is_an_error():
    with pytest.raises(ConfigError, match="leave val, test empty"):
        divide([[0, 1, 2]], [None] * 3, RATIOS, 0)


@pytest.mark.parametrize("ratios", [(0.8, 0.1, 0.1 + 2e-6), (0.8, 0.1, 0.05), (0.8, 0.1, 0.11)])
def test_ratios_that_are_a_little_off_are_refused(ratios):
    with pytest.raises(ConfigError, match="three shares"):
        divide(singles(10), [None] * 10, ratios, 0)


@pytest.mark.parametrize("ratios", [(0.8, 0.1, 0.1 + 9e-7), (1, 0, 0)])
def test_ratios_at_the_edge_are_usable(ratios):
    assert len(divide(singles(20), [None] * 20, ratios, 0)) == 20


def test_large_groups_are_dealt_first():
    """Dealt last, the group of six would find no split that lacks so many."""
    groups = [*[[i] for i in range(6)], list(range(6, 12))]
    for seed in range(5):
        sides = divide(groups, [None] * 12, (0.5, 0.25, 0.25), seed)
        assert Counter(sides) == {"train": 6, "val": 3, "test": 3}
        assert sides[6] == "train"


def test_a_group_counts_for_the_label_that_most_of_it_has():
    """Five of b go to train. The next group has three of a and one of b: train is as good."""
    labels = [*"bbbbb", *"baaa", *"aaa"]
    groups = [[0, 1, 2, 3, 4], [5, 6, 7, 8], [9], [10], [11]]
    sides = divide(groups, labels, (0.5, 0.5, 0), seed=0)
    # Taken for a group of b, of which train has too many, it would go to val.
    assert sides == ["train"] * 9 + ["val"] * 3


def test_of_labels_as_frequent_in_a_group_the_first_counts():
    """Train has all of b that it should have; a group of a and b counts for a, which it lacks."""
    labels = [*"bbb", *"ab", *"ba"]
    sides = divide([[0, 1, 2], [3, 4], [5], [6]], labels, (0.5, 0.5, 0), seed=0)
    assert sides[:5] == ["train"] * 5


def test_folds_have_the_same_size_and_labels():
    labels = ["a"] * 50 + ["b"] * 20 + ["c"] * 7
    parts = divide_into_folds(singles(77), labels, 5, seed=0)
    assert sorted(Counter(parts).values()) == [15, 15, 15, 16, 16]
    counts = Counter(zip(labels, parts, strict=True))
    assert {counts["a", part] for part in range(5)} == {10}
    assert {counts["b", part] for part in range(5)} == {4}
    assert {counts["c", part] for part in range(5)} == {1, 2}


@given(st.lists(st.integers(1, 3), min_size=12, max_size=40), st.integers(3, 6), st.integers(0, 3))
def test_groups_stay_in_one_fold(sizes, num_folds, seed):
    bounds = np.cumsum([0, *sizes])
    groups = [list(range(a, b)) for a, b in pairwise(bounds)]
    parts = divide_into_folds(groups, [None] * int(bounds[-1]), num_folds, seed)
    assert all(len({parts[i] for i in group}) == 1 for group in groups)
    assert set(parts) == set(range(num_folds))


@pytest.mark.parametrize("num_folds", [-1, 0, 1, 2])
def test_too_few_folds_are_refused(num_folds):
    with pytest.raises(ConfigError, match=f"folds are {num_folds}; give 3 or more"):
        divide_into_folds(singles(10), [None] * 10, num_folds, 0)


def test_folds_that_cannot_be_filled_are_refused():
    with pytest.raises(ConfigError, match="5 images in 2 groups of copies do not fill 3 folds"):
        divide_into_folds([[0, 1, 2], [3, 4]], [None] * 5, 3, 0)
    with pytest.raises(ConfigError, match="seed is -1; it must be 0 or more"):
        divide_into_folds(singles(10), [None] * 10, 3, -1)
