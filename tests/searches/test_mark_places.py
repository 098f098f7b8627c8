"""Labels by place: which chip a point or a footprint is of."""

import datetime as dt

import pytest
import shapely
from tests.searches.marked import make_grid

from harma.scenes.period import Period
from harma.searches.mark_places import chips_at
from harma.searches.mark_words import MarkRow


@pytest.fixture
def store(tmp_path):
    return make_grid(tmp_path / "index")


def row(geometry, *, number=1, source_name="", year=None):
    taken = None
    if year is not None:
        taken = Period.year(dt.datetime(year, 1, 1, tzinfo=dt.UTC))
    return MarkRow(number, "good", "", "", "", source_name, taken, geometry)


def chip_at(store, geometry, **options):
    chips = chips_at(store, [row(geometry, **options)])
    return chips[1]["id"] if chips else None


def test_a_point_is_of_the_newest_chip_that_holds_it(store):
    assert chip_at(store, shapely.Point(1.2, 2.7)) == "2020-1-2"


def test_of_several_chips_that_whose_middle_is_nearest(store):
    # On the edge of two.
    assert chip_at(store, shapely.Point(1, 0.5)) in ("2020-0-0", "2020-1-0")
    assert chip_at(store, shapely.Point(0.999999, 0.5)) == "2020-0-0"


@pytest.mark.parametrize(
    ("year", "chip"), [(2010, "2010-1-2"), (2020, "2020-1-2"), (2015, None), (None, "2020-1-2")]
)
def test_a_label_with_a_date_is_of_no_other_date(store, year, chip):
    assert chip_at(store, shapely.Point(1.2, 2.7), year=year) == chip


def test_the_scene_that_is_named_goes_first(store):
    assert chip_at(store, shapely.Point(1.2, 2.7), source_name="2010.tif") == "2010-1-2"
    assert chip_at(store, shapely.Point(1.2, 2.7), source_name="other.tif") == "2020-1-2"


@pytest.mark.parametrize(
    ("box", "chip"),
    [
        ((1, 1, 2, 2), "2020-1-1"),
        # Of a grid that lies a little elsewhere.
        ((1.2, 1.1, 2.2, 2.1), "2020-1-1"),
        ((1.4, 1.4, 1.6, 1.6), "2020-1-1"),
        # Larger than chips are: of no one of them.
        ((0, 0, 3, 3), None),
        ((1.5, 1.5, 2.5, 2.5), None),
        ((10, 10, 11, 11), None),
        # It only touches.
        ((3, 0, 4, 1), None),
    ],
)
def test_a_footprint_is_of_the_chip_that_holds_most_of_it(store, box, chip):
    assert chip_at(store, shapely.box(*box)) == chip


def test_many_labels_at_once(store):
    rows = [
        row(shapely.Point(x + 0.5, y + 0.5), number=10 * x + y) for x in range(4) for y in range(4)
    ]
    chips = chips_at(store, rows)
    assert {number: chip["id"] for number, chip in chips.items()} == {
        10 * x + y: f"2020-{x}-{y}" for x in range(3) for y in range(3)
    }
    assert chips_at(store, []) == {}
