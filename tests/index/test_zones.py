"""Places and dates by zones: the same chips as with all boxes in memory, whatever the filter."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.index.made import all_chips, chip, fill, make_store

from harma.index.ann_tuning import make_ann
from harma.index.ask import Where
from harma.index.contract import ROW_ID
from harma.index.filters import Filter, filter_of
from harma.index.near import ListedChips
from harma.index.search import Search
from harma.index.snapshot import Snapshot
from harma.index.zones import ZONE_ROWS, ZonedChips, zones_of

CHIPS = 6000
DIM = 16
RNG = np.random.default_rng(4)


def some_filters():
    """Areas of all kinds, across the dateline and around the poles, dates, and both."""
    corners = RNG.uniform((-180, -85), (170, 80), (12, 2))
    boxes = [
        (w, s, min(w + side, 180), min(s + side, 90))
        for (w, s), side in zip(
            corners.tolist(), [0.001, 0.5, 2, 5, 10, 20, 30, 40, 60, 90, 120, 350], strict=True
        )
    ]
    places = [{"bbox": box} for box in boxes]
    places += [{"bbox": box, "within": True} for box in boxes[5:8]]
    places += [
        {"bbox": (170, -60, -170, 60)},
        {"bbox": (179.9, -90, -179.9, 90)},
        {"bbox": (-180, -90, 180, 90)},
        {"near": (0, 90), "radius_km": 3000},
        {"near": (179.5, -70), "radius_km": 1500},
        {"polygon": {"type": "Polygon", "coordinates": [[[0, 0], [60, 10], [5, 50], [0, 0]]]}},
    ]
    dates = [("2005", "2010-06"), ("2005", None), (None, "1999"), ("2010-05-01", "2010-05-01")]
    filters = [Where(**place) for place in places]
    filters += [Where(date=date) for date in dates]
    filters += [Where(**place, date=date) for place in places[::3] for date in dates]
    return [filter_of(where) for where in filters]


FILTERS = some_filters()


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """In several files, with gaps where chips went, runs without a place, and periods."""
    store = make_store(tmp_path_factory.mktemp("zones") / "index", CHIPS, dim=DIM)
    fill(store, 1500, seed=9)
    chips = all_chips(store)
    further = [replace(item, id=f"bare {n}") for n, item in enumerate(bare_chips())]
    store.add_chips(further, np.eye(DIM, dtype=np.float32)[np.arange(len(further)) % DIM])
    store.drop_chips([chips[400].source, chips[3000].source])
    return store


def bare_chips():
    """A whole zone without places and dates, then one of chips at one spot, with periods."""
    period = chip(
        xmin=10.0,
        ymin=10.0,
        xmax=11.0,
        ymax=11.0,
        datetime=datetime(2004, 12, 1, tzinfo=UTC),
        datetime_end=datetime(2005, 2, 1, tzinfo=UTC),
    )
    return [chip()] * (2 * ZONE_ROWS) + [period] * (2 * ZONE_ROWS) + [chip(), period] * 9


def true_ids(store, condition):
    return np.sort(store.rows(["id"], condition.sql)[ROW_ID].to_numpy())


def test_zones_hold_every_chip_once(store):
    zones = zones_of(store)
    everything = np.ones(len(zones.firsts), dtype=bool)
    assert zones.row_ids(everything).tolist() == true_ids(store, Filter()).tolist()
    assert zones.counts.max() == ZONE_ROWS
    # A zone ends where a file does, a block does, or chips are gone; there are few such places.
    assert len(zones.firsts) < CHIPS / ZONE_ROWS * 2


@pytest.mark.parametrize("few", [0, 10**9])
def test_zones_admit_the_chips_that_sql_admits(store, few):
    zones = zones_of(store)
    every = true_ids(store, Filter())
    num_found = []
    for condition in FILTERS:
        expected = true_ids(store, condition)
        found = ZonedChips(zones, store, condition, few)
        assert found.ids().tolist() == expected.tolist(), condition
        assert found.among(every).tolist() == np.isin(every, expected).tolist(), condition
        if few:
            assert found.count == len(expected)
        num_found.append(len(expected))
    assert min(num_found) == 0
    assert max(num_found) > CHIPS / 2


def test_some_zones_are_sure_and_most_are_out(store):
    """Else it would be right, but slow."""
    zones = zones_of(store)
    for where in (Where(bbox=(9, 9, 12, 12)), Where(date=("2004-12-15", "2005-01-10"))):
        condition = filter_of(where)
        sure, possible = zones.sure(condition), zones.possible(condition)
        assert (sure <= possible).all()
        assert 2 <= sure.sum() < len(sure) / 4


def test_a_zone_ends_where_another_scene_begins(tmp_path):
    """Else a zone of two scenes reaches from one to the other, and is looked at for all between."""
    store = make_store(tmp_path / "index", 0, dim=4)
    corners = np.repeat([[0.0, 0.0], [90.0, 40.0], [-90.0, -40.0]], 300, axis=0)
    chips = [
        chip(id=str(n), xmin=w, ymin=s, xmax=w + 1, ymax=s + 1)
        for n, (w, s) in enumerate(corners.tolist())
    ]
    store.add_chips(chips, np.ones((len(chips), 4), dtype=np.float32))
    zones = zones_of(store)
    assert (zones.most[2] - zones.least[0]).max() == 1
    assert not zones.possible(filter_of(Where(bbox=(20, 10, 60, 30)))).any()
    # Where each chip lies elsewhere, zones stay long.
    store.add_chips(chips[::300] * 200, np.ones((600, 4), dtype=np.float32))
    assert zones_of(store).counts.mean() > 16


def test_few_boxes_are_read_where_zones_decide(store, monkeypatch):
    zones = zones_of(store)
    chips = ZonedChips(zones, store, filter_of(Where(bbox=(-180, -90, 180, 90))), few=10)
    monkeypatch.setattr(type(store), "take", None)
    monkeypatch.setattr(type(store), "rows", None)
    # About how many there are is known without reading any.
    assert abs(chips.count - CHIPS) < 2000


def test_an_empty_index_has_no_zones(tmp_path):
    store = make_store(tmp_path / "index", 0, dim=4)
    zones = zones_of(store)
    assert len(zones.firsts) == 0
    assert ZonedChips(zones, store, FILTERS[0], 9).ids().tolist() == []


@pytest.fixture
def zoned(store, monkeypatch):
    """A snapshot that takes the index for a large one."""
    monkeypatch.setattr("harma.index.snapshot.LISTED_CHIPS", 0)
    return Snapshot(store)


def test_a_search_finds_the_same_either_way(store, monkeypatch):
    """All compared, the very same; by the ANN index nearly all: it is asked for about so many."""
    monkeypatch.setattr("harma.index.snapshot.FEW_CHIPS", 200)
    assert make_ann(store, None) is not None
    shares = []
    for number, condition in enumerate(FILTERS):
        vector = np.roll(np.eye(DIM, dtype=np.float32)[0] * 0.8 + 0.15, number)
        vector /= np.linalg.norm(vector)
        monkeypatch.setattr("harma.index.snapshot.LISTED_CHIPS", 10**9)
        listed = Snapshot(store)
        assert isinstance(listed.near(condition), ListedChips)
        expected = found(listed, vector, condition, True)
        near = found(listed, vector, condition, False)
        monkeypatch.setattr("harma.index.snapshot.LISTED_CHIPS", 0)
        zoned = Snapshot(store)
        assert isinstance(zoned.near(condition), ZonedChips)
        assert found(zoned, vector, condition, True) == expected
        hits = found(zoned, vector, condition, False)
        assert len(hits) == len(near) == len(expected)
        shares += [len(set(hits) & set(expected)) / len(expected)] if expected else []
        admitted = store.rows(["id", "geometry"], condition.sql)
        is_in = condition.matches(admitted["geometry"].to_pylist())
        assert {chip for chip, _ in hits} <= set(admitted.filter(is_in)["id"].to_pylist())
    assert np.mean(shares) > 0.97


def found(snapshot, vector, condition, is_exact):
    matches = Search(snapshot, vector, condition, is_exact=is_exact).find(12)
    return [(match.chip.id, match.score) for match in matches]


def test_only_what_is_needed_is_learnt(zoned):
    zoned.warm_up()
    assert "zones" in vars(zoned)
    assert "places" not in vars(zoned)
    assert "moments" not in vars(zoned)
