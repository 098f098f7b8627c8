"""Change between dates."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from shapely.geometry import box
from tests.index.made import chip, made_settings

from harma.errors import QueryError
from harma.index.index import Index
from harma.index.schema import BOX_COLUMNS
from harma.index.store import Store

ASKED = np.array([1, 0, 0, 0], dtype=np.float32)


def vector(score):
    """A unit vector whose cosine with what is asked for is `score`."""
    return [score, np.sqrt(1 - score**2), 0, 0]


def make_index(directory, seen):
    """An index of chips: (id, moment or year or None, footprint or None, score)."""
    store = Store.create(directory, made_settings(4))
    rows = []
    for name, when, place, _ in seen:
        if isinstance(when, int):
            when = datetime(when, 6, 1, tzinfo=UTC)
        sides = dict.fromkeys(BOX_COLUMNS)
        if place is not None:
            sides = dict(zip(BOX_COLUMNS, place.bounds, strict=True))
        wkb = None if place is None else shapely.to_wkb(place)
        source = f"{when and when.year}.tif"
        rows.append(chip(id=name, geometry=wkb, **sides, datetime=when, source=source))
    store.add_chips(rows, np.array([vector(score) for *_, score in seen], dtype=np.float32))
    return Index(store)


@pytest.fixture
def index(tmp_path):
    """Three places over three years, one seen once, and chips without place or date."""
    seen = [
        (0, 2009, 0.1),
        (0, 2015, 0.3),
        (0, 2020, 0.9),
        (1, 2009, 0.8),
        (1, 2015, 0.8),
        (1, 2020, 0.85),
        (2, 2009, 0.2),
        (2, 2015, 0.6),
        (2, 2020, 0.5),
        (3, 2020, 1.0),  # not seen before
        (None, 2009, 0.0),
        (None, 2020, 1.0),
        (4, None, 1.0),
    ]
    chips = []
    for place, year, score in seen:
        footprint = None if place is None else box(place, 50, place + 0.9, 50.9)
        chips.append((f"{place}_{year}", year, footprint, score))
    return make_index(tmp_path / "i", chips)


def found(hits):
    return [(hit.id, hit.then.id, round(hit.change, 2)) for hit in hits]


def test_the_largest_gain_comes_first(index):
    hits = index.search(like=[ASKED], before="2009", after="2020")
    assert found(hits) == [
        ("0_2020", "0_2009", 0.8),
        ("2_2020", "2_2009", 0.3),
        ("1_2020", "1_2009", 0.05),
    ]
    assert hits[0].score == pytest.approx(0.9, abs=1e-3)
    assert hits[0].then.score == pytest.approx(0.1, abs=1e-3)
    assert hits[0].properties()["then_id"] == "0_2009"


def test_the_latest_earlier_scene_is_compared(index):
    hits = index.search(like=[ASKED], before="2016", after="2019")
    assert found(hits) == [
        ("0_2020", "0_2015", 0.6),
        ("1_2020", "1_2015", 0.05),
        ("2_2020", "2_2015", -0.1),
    ]


def test_later_scenes_of_a_place_merge_to_the_best(index):
    hits = index.search(like=[ASKED], before="2009", after="2010")
    assert found(hits) == [
        ("0_2020", "0_2009", 0.8),
        ("2_2015", "2_2009", 0.4),
        ("1_2020", "1_2009", 0.05),
    ]
    assert len(index.search(like=[ASKED], before="2009", after="2010", overlap=None)) == 6


def test_filters_pages_and_dates_with_days(index):
    assert found(index.search(like=[ASKED], before="2009", after="2020", bbox=(1.5, 50, 2.5, 51)))[
        0
    ][0] in (
        "2_2020",
        "1_2020",
    )
    assert (
        found(index.search(like=[ASKED], before="2009", after="2020", k=1, offset=1))[0][0]
        == "2_2020"
    )
    assert index.search(like=[ASKED], before="2009-06-01", after="2020-06-01")
    with pytest.raises(QueryError, match="no chip with a place and a date before 2009-05-31"):
        index.search(like=[ASKED], before="2009-05-31", after="2020")


def test_an_object_at_the_edge_of_a_chip_is_no_change(tmp_path):
    """Of several earlier chips that show the place, the one that matches best is compared."""
    places = [("a", 2010, 0.0, 0.2), ("b", 2010, 0.3, 0.7), ("now", 2020, 0.1, 0.8)]
    chips = [(name, year, box(west, 0, west + 1, 1), score) for name, year, west, score in places]
    hits = make_index(tmp_path / "i", chips).search(like=[ASKED], before="2010", after="2020")
    assert found(hits) == [("now", "b", 0.1)]


@pytest.mark.parametrize(
    ("share", "expected"), [(0.5, "well"), (0.6, "well"), (0.49, "poorly"), (0.4, "poorly")]
)
def test_a_chip_that_shares_half_goes_before_one_that_matches_better(tmp_path, share, expected):
    """The other shares 0.3; where neither shares half, the better match is compared."""
    chips = [
        ("well", 2010, box(1 - share, 0, 2 - share, 1), 0.2),
        ("poorly", 2010, box(-0.7, 0, 0.3, 1), 0.7),
        ("now", 2020, box(0, 0, 1, 1), 0.8),
    ]
    hits = make_index(tmp_path / "i", chips).search(like=[ASKED], before="2010", after="2020")
    assert [hit.then.id for hit in hits] == [expected]


@pytest.mark.parametrize(
    ("east", "side", "num_hits"),
    [(0.75, 1.0, 1), (0.76, 1.0, 0), (0.0, 2.0, 1), (0.0, 2.02, 0), (0.0, 0.5, 1), (0.0, 0.49, 0)],
)
def test_one_place_is_a_shared_quarter_and_sizes_within_four(tmp_path, east, side, num_hits):
    chips = [
        ("then", 2010, box(east, 0, east + side, side), 0.2),
        ("now", 2020, box(0, 0, 1, 1), 0.8),
    ]
    hits = make_index(tmp_path / "i", chips).search(like=[ASKED], before="2010", after="2020")
    assert len(hits) == num_hits


def test_moments_themselves_belong_to_both_times(tmp_path):
    then, now = datetime(2010, 1, 1, 12, tzinfo=UTC), datetime(2010, 1, 1, 13, tzinfo=UTC)
    chips = [("then", then, box(0, 0, 1, 1), 0.2), ("now", now, box(0, 0, 1, 1), 0.8)]
    index = make_index(tmp_path / "i", chips)
    assert found(index.search(like=[ASKED], before=then, after=now)) == [("now", "then", 0.6)]
    second = timedelta(seconds=1)
    with pytest.raises(QueryError, match="no chip with a place and a date before"):
        index.search(like=[ASKED], before=then - second, after=now)
    with pytest.raises(QueryError, match="no chip with a place and a date after"):
        index.search(like=[ASKED], before=then, after=now + second)


@pytest.mark.parametrize(("east", "north"), [(0.375, 0.3125), (0.5, 0.5), (0.0, 0.0)])
def test_grids_that_do_not_line_up_are_compared(tmp_path, east, north):
    chips = []
    for year, dx, dy in ((2010, 0, 0), (2020, east, north)):
        for x, y in np.ndindex(4, 4):
            place = box(x + dx, y + dy, x + dx + 1, y + dy + 1)
            chips.append((f"{year}_{x}{y}", year, place, 0.5))
    index = make_index(tmp_path / "i", chips)
    assert len(index.search(like=[ASKED], before="2010", after="2020", k=50)) >= 9


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"before": "2010"}, "before and after together look for change: give both"),
        ({"after": "2010"}, r"give date \(--since, --until\)"),
        ({"before": "2020", "after": "2010"}, "the first must be the earlier one"),
        ({"before": "2000", "after": "2010"}, "no chip with a place and a date before"),
        ({"before": "2010", "after": "2030"}, "no chip with a place and a date after"),
        ({"before": "soon", "after": "2030"}, "before is 'soon'"),
        ({"before": "2010", "after": "2019", "bbox": (100, 0, 101, 1)}, "a change needs both"),
    ],
)
def test_what_cannot_be_compared(index, options, message):
    with pytest.raises(QueryError, match=message):
        index.search(like=[ASKED], **options)


def test_an_earlier_score_below_the_usual_one_counts_as_the_usual_one(tmp_path):
    """A place that never matched is none, however little it matched before."""
    seen = [(f"usual{i}", 2012, box(50 + i, 0, 51 + i, 1), 0.3) for i in range(40)]
    seen += [
        ("came, then", 2010, box(0, 0, 1, 1), 0.25),
        ("came", 2020, box(0, 0, 1, 1), 0.7),
        ("never, then", 2010, box(2, 0, 3, 1), -0.6),
        ("never", 2020, box(2, 0, 3, 1), 0.35),
        ("stayed, then", 2010, box(4, 0, 5, 1), 0.6),
        ("stayed", 2020, box(4, 0, 5, 1), 0.8),
    ]
    index = make_index(tmp_path / "index", seen)
    hits = index.search(like=[ASKED], before="2013", after="2019")
    assert [hit.id for hit in hits] == ["came", "stayed", "never"]
    assert [round(hit.change, 3) for hit in hits] == [0.4, 0.2, 0.05]
    assert [hit.value_text for hit in hits] == ["+0.400", "+0.200", "+0.050"]
    assert round(hits[2].then.score, 3) == -0.6
    assert hits[2].properties()["change"] == pytest.approx(0.05, abs=1e-3)
