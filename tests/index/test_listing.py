"""Listing of chips: every one that matches once, in a fixed order, whatever the size of pages."""

import numpy as np
import pytest
from tests.index.made import fill, make_store

from harma.index.ask import Where
from harma.index.contract import ROW_ID
from harma.index.filters import Filter, filter_of
from harma.index.listing import Listing
from harma.index.snapshot import Snapshot

CHIPS = 3000
WHERES = {
    "all": Where(),
    "box": Where(bbox=(-20, -20, 40, 30)),
    "across the dateline": Where(bbox=(160, -40, -150, 40)),
    "the Earth": Where(bbox=(-180, -90, 180, 90)),
    "within": Where(bbox=(-20, -20, 40, 30), within=True),
    "triangle": Where(
        polygon={"type": "Polygon", "coordinates": [[[0, 0], [60, 10], [5, 50], [0, 0]]]}
    ),
    "circle": Where(near=(10, 10), radius_km=2000),
    "dates": Where(date=("2005", "2010-06")),
    "box and dates": Where(bbox=(-20, -20, 40, 30), date=("2005", None)),
    "nowhere": Where(bbox=(0, 89.9, 0.1, 90)),
    "a source": Where(source="/scenes/0003.tif"),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return make_store(tmp_path_factory.mktemp("listing") / "index", CHIPS, dim=4)


@pytest.fixture(scope="module", params=["in memory", "by zones"])
def listing(store, request):
    """With the boxes of all chips in memory, and as a large index has it."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "by zones":
            patch.setattr("harma.index.snapshot.LISTED_CHIPS", 0)
        yield Listing(Snapshot(store))


def matching(store, condition):
    """Ids of the chips that a filter admits, each looked at, in the order of the table."""
    rows = store.rows(["id", "geometry"], condition.where)
    admitted = condition.matches(rows["geometry"].to_pylist())
    order = np.argsort(rows[ROW_ID].to_numpy())
    ids = rows["id"].to_pylist()
    return [ids[place] for place in order if admitted[place]]


def all_pages(listing, condition, count):
    chips = []
    after = None
    while True:
        page = listing.page(condition, count, after=after)
        chips += page.chips
        assert len(page.chips) == count or page.last is None
        after = page.last
        if after is None:
            return [chip.id for chip in chips]


@pytest.mark.parametrize("count", [7, 500, 100_000])
@pytest.mark.parametrize("name", WHERES)
def test_pages_hold_what_matches(store, listing, name, count):
    condition = filter_of(WHERES[name])
    expected = matching(store, condition)
    assert len(listing.ids(condition)) == len(expected)
    assert all_pages(listing, condition, count) == expected
    assert expected or name == "nowhere"


def test_footprints_are_looked_at_on_the_edge_of_an_area_alone(listing, monkeypatch):
    looked_at = []
    matches = Filter.matches
    monkeypatch.setattr(
        Filter,
        "matches",
        lambda self, outlines: looked_at.extend(outlines) or matches(self, outlines),
    )
    found = listing.ids(filter_of(Where(bbox=(-100, -60, 100, 60))))
    assert len(looked_at) < len(found) / 5


def test_what_was_found_is_remembered_for_a_while(listing, monkeypatch):
    condition = filter_of(Where(bbox=(-50, -50, 50, 50)))
    first = listing.ids(condition)
    assert listing.ids(filter_of(Where(bbox=(-50, -50, 50, 50)))) is first
    for degrees in range(8):
        listing.ids(filter_of(Where(bbox=(degrees, 0, 60, 60))))
    assert listing.ids(condition) is not first


def test_pages_go_on_in_their_version_while_chips_come_and_go(tmp_path):
    store = make_store(tmp_path / "index", 200, dim=4)
    before = Listing(Snapshot(store))
    first = before.page(Filter(), 50)
    store.drop_chips(["/scenes/0000.tif"])
    fill(store, 100, seed=5)
    store.compact()
    rest = []
    after = first.last
    while after is not None:
        page = before.page(Filter(), 50, after=after)
        rest += page.chips
        after = page.last
    assert len({chip.id for chip in [*first.chips, *rest]}) == 200
    assert len(Listing(Snapshot(store)).ids(Filter())) == 200 - 40 + 100
