"""Names by their hashes, against sets and counters."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from harma.index import hashed_names
from harma.index.hashed_names import (
    KnownNames,
    NameCounts,
    RepeatedNames,
    hashes_of,
    parts_of,
)


def blocks_of_names(rng, num_blocks, distinct):
    """Names in blocks of uneven size, some of them often."""
    for _ in range(num_blocks):
        yield [f"chip {number}" for number in rng.integers(0, distinct, rng.integers(0, 400))]


def hashed(names):
    return hashes_of(pa.array(names, pa.string()))


def test_equal_names_have_equal_hashes():
    first, second, third = hashed(["a", "b", "a"])
    assert first == third != second
    assert hashed([]).shape == (0,)


def test_parts_hold_every_name_once():
    hashes = hashed([str(number) for number in range(9000)])
    parts = parts_of(hashes, 3)
    sizes = np.bincount(parts.astype(int))
    assert len(sizes) == 3
    assert np.all(np.abs(sizes - 3000) < 300)
    assert set(parts_of(hashes, 1).tolist()) == {0}


@pytest.mark.parametrize("room", [1, 700, 100_000])
def test_names_that_come_again_are_found_however_much_room_there_is(room):
    rng = np.random.default_rng(room)
    names = RepeatedNames(room)
    counts = Counter()
    for block in blocks_of_names(rng, 20, 5000):
        names.add(hashed(block))
        counts.update(block)
    expected = np.unique(hashed([name for name, count in counts.items() if count > 1]))
    assert len(expected) > 100
    assert names.repeated().tolist() == expected.tolist()
    assert names.repeated().tolist() == expected.tolist(), "asked again"


def test_one_name_many_times_takes_no_more_room():
    names = RepeatedNames(1000)
    for _ in range(50):
        names.add(hashed(["the same"] * 900))
    assert len(names._hashes) == 1000
    assert names.repeated().tolist() == hashed(["the same"]).tolist()


@pytest.mark.parametrize("waiting", [1, 1 << 20])
def test_names_are_counted(monkeypatch, waiting):
    monkeypatch.setattr(hashed_names, "WAITING", waiting)
    counts = NameCounts()
    assert counts.of(hashed(["a", "b"])).tolist() == [0, 0]
    expected = Counter()
    for block in blocks_of_names(np.random.default_rng(0), 20, 300):
        here = Counter(block)
        counts.add(hashed(list(here)), np.array(list(here.values()), dtype=np.int64))
        expected.update(block)
    names = [*expected, "none of them"]
    assert counts.of(hashed(names)).tolist() == [expected[name] for name in names]
    hashes, sums = counts.sums()
    assert (np.diff(hashes) > 0).all()
    assert sums.sum() == expected.total()


def test_names_are_known_again():
    counts = NameCounts()
    counts.add_all(pa.chunked_array([["a", "b", "a"], ["c"]]))
    assert counts.of(hashed(["a", "b", "c", "d"])).tolist() == [2, 1, 1, 0]
    known = KnownNames(counts.sums()[0])
    assert [name in known for name in "abcd"] == [True, True, True, False]
    assert "a" not in KnownNames(np.empty(0, dtype=np.int64))
