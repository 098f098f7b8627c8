"""Bounds of products against all products, in all mirrored ways."""

import numpy as np
import pytest

from harma.curation.audit import bounds as module
from harma.curation.audit.bounds import SplitDescriptors, large_products
from harma.curation.audit.descriptors import descriptors, frequencies
from harma.curation.audit.looks import LOOK_SIDE
from harma.curation.audit.turns import TURNS, turned


def pictures(seed, count):
    """Smooth ones of which some are alike."""
    rng = np.random.default_rng(seed)
    basis = rng.standard_normal((4, LOOK_SIDE, LOOK_SIDE)).cumsum(1).cumsum(2)
    mixed = np.einsum("nb,bhw->nhw", rng.standard_normal((count, 4)), basis)
    mixed -= mixed.min(axis=(1, 2), keepdims=True)
    return (255 * mixed / mixed.max(axis=(1, 2), keepdims=True)).astype(np.uint8)


def all_products(first, second):
    """(4, Q, K) of pictures mirrored in each way."""
    keys = descriptors(frequencies(second)).astype(np.float64)
    ways = [descriptors(frequencies(turned(first, turn))) for turn in TURNS[:4]]
    return np.stack([way.astype(np.float64) @ keys.T for way in ways])


def found(first, second, least):
    query = SplitDescriptors.of(descriptors(frequencies(first)))
    keys = SplitDescriptors.of(descriptors(frequencies(second)))
    parts = list(large_products(query, keys, least))
    if not parts:
        return [np.zeros(0, int)] * 4
    return [np.concatenate(values) for values in zip(*parts, strict=True)]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("least", [-1, 0, 0.3, 0.76, 0.95])
def test_pairs_and_products_are_those_of_all(seed, least):
    first = pictures(seed, 13)
    second = pictures(seed, 7)
    products = all_products(first, second)
    row, column, way, product = found(first, second, least)
    got = set(zip(way.tolist(), row.tolist(), column.tolist(), strict=True))
    assert len(got) == len(row)
    sure = set(zip(*(axis.tolist() for axis in np.nonzero(products >= least + 1e-4)), strict=True))
    may = set(zip(*(axis.tolist() for axis in np.nonzero(products >= least - 1e-4)), strict=True))
    assert sure <= got <= may
    assert sure
    np.testing.assert_allclose(product, products[way, row, column], atol=1e-4)
    assert (product >= np.float32(least)).all()


def test_a_product_depends_on_nothing_but_the_pair(monkeypatch):
    first = pictures(0, 9)
    second = pictures(1, 8)
    together = {tuple(key): value for *key, value in zip(*found(first, second, 0.2), strict=True)}
    monkeypatch.setattr(module, "AT_ONCE", 2)
    monkeypatch.setattr(module, "COLUMNS", 3)
    again = {tuple(key): value for *key, value in zip(*found(first, second, 0.2), strict=True)}
    assert again == together
    alone = {}
    for i in range(9):
        for j in range(8):
            for _, _, way, value in zip(*found(first[[i]], second[[j]], 0.2), strict=True):
                alone[i, j, way] = value
    assert alone == together


def test_pairs_from_a_key_on():
    first = pictures(0, 9)
    query = SplitDescriptors.of(descriptors(frequencies(first)))
    parts = list(large_products(query, query, 0.2, first_key=4))
    columns = np.concatenate([part.column for part in parts])
    assert sorted(set(columns.tolist())) == [4, 5, 6, 7, 8]


def test_no_pair_at_all():
    row, column, way, product = found(pictures(0, 3), pictures(1, 3), 1.5)
    assert [len(values) for values in (row, column, way, product)] == [0, 0, 0, 0]


def test_few_pairs_pass_the_bound_without_being_large():
    """Of rough pictures, as natural ones are: else nothing would be won."""
    rng = np.random.default_rng(0)
    rough = rng.integers(0, 256, (300, 8, 8)).repeat(8, axis=1).repeat(8, axis=2)
    split = SplitDescriptors.of(descriptors(frequencies(rough.astype(np.uint8))))
    bound = split.even @ split.even.T
    bound += np.abs(split.across @ split.across.T) + np.abs(split.down @ split.down.T)
    np.fill_diagonal(bound, 0)
    assert (bound >= 0.76).mean() < 0.005
