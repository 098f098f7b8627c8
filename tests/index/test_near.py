"""Chips near an area and of some dates, held in memory: which, and how many."""

import numpy as np
import pytest

from harma.index.ask import Where
from harma.index.filters import filter_of
from harma.index.near import COUNTED, EPOCH, ListedChips, Moments, Places

CHIPS = 40_000
DAY = 86_400_000_000
FEW = 100


@pytest.fixture(scope="module")
def places():
    """Small boxes all over the Earth; every third chip has no place."""
    rng = np.random.default_rng(5)
    ids = np.arange(3 * CHIPS)[np.arange(3 * CHIPS) % 3 > 0][:CHIPS]
    west, south = rng.uniform(-180, 179, CHIPS), rng.uniform(-90, 89, CHIPS)
    return Places(ids, np.stack([west, south, west + 0.1, south + 0.1]))


@pytest.fixture(scope="module")
def moments(places):
    """A day of each of the years from 1990 on; every second chip with a place has one."""
    rng = np.random.default_rng(6)
    ids = places.ids[::2]
    starts = rng.integers(7305, 20_000, len(ids)) * DAY
    return Moments(ids, starts, starts + DAY - 1)


def listed(where, places, moments, few=FEW):
    condition = filter_of(where)
    return ListedChips(
        condition,
        places if condition.boxes() else None,
        moments if condition.dates else None,
        few,
    )


def by_hand(where, places, moments):
    """Row ids, one chip at a time."""
    condition = filter_of(where)
    found = set(places.ids.tolist()) if condition.boxes() else set(moments.ids.tolist())
    if condition.boxes():
        (box,) = condition.boxes()
        for number, (w, s, e, n) in zip(places.ids.tolist(), places.boxes.T, strict=True):
            if w > box[2] or e < box[0] or s > box[3] or n < box[1]:
                found.discard(number)
    if condition.dates:
        first, last = condition.dates
        dated = set()
        moment = zip(moments.ids.tolist(), moments.starts, moments.ends, strict=True)
        for number, start, end in moment:
            after = first is None or end >= (first - EPOCH).total_seconds() * 1e6
            before = last is None or start <= (last - EPOCH).total_seconds() * 1e6
            if after and before:
                dated.add(number)
        found &= dated
    return sorted(found)


WHERE = [
    Where(bbox=(0, 0, 3, 3)),
    Where(bbox=(-180, -90, 180, 90)),
    Where(date=("2001", "2003-05-01")),
    Where(bbox=(0, -60, 150, 60), date=("2010", None)),
    Where(bbox=(0.0, 0.0, 0.001, 0.001), date=("2010-01-01", "2010-01-01")),
]


@pytest.mark.parametrize("where", WHERE, ids=str)
def test_which_chips_are_admitted(where, places, moments):
    chips = listed(where, places, moments)
    expected = by_hand(where, places, moments)
    assert chips.ids().tolist() == expected
    asked = np.arange(0, 3 * CHIPS, 7)
    assert asked[chips.among(asked)].tolist() == [i for i in expected if i % 7 == 0]


@pytest.mark.parametrize("where", WHERE, ids=str)
def test_how_many_is_exact_of_few_and_about_right_of_many(where, places, moments):
    true = len(by_hand(where, places, moments))
    about = listed(where, places, moments).count
    if true <= FEW:
        assert about == true
    else:
        # Of a sample of some 13,000 chips: six times what it is off by at random.
        share = max(true / CHIPS, 1 / COUNTED)
        off = 6 * CHIPS * (share / COUNTED) ** 0.5
        assert about == pytest.approx(true, abs=off)


def test_where_few_are_asked_for_all_are_counted(places, moments):
    where = WHERE[0]
    assert listed(where, places, moments, few=CHIPS).count == len(by_hand(where, places, moments))


def test_no_chip_has_a_place():
    none = Places(np.empty(0, dtype=np.int64), np.empty((4, 0)))
    chips = listed(Where(bbox=(0, 0, 3, 3)), none, None)
    assert chips.count == 0
    assert not chips.among(np.array([1, 2])).any()
