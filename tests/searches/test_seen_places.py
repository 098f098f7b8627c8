"""Places that were seen."""

from datetime import UTC, datetime, timedelta

import pytest
import shapely

from harma.index.hits import Hit
from harma.scenes.windows import Window
from harma.searches.seen_places import SeenPlace, unseen

DAY = datetime(2020, 1, 2, 10, tzinfo=UTC)
A_DAY = timedelta(days=1)


def hit(name, x=0.0, *, source="a", when=DAY, column=0, placed=True):
    geometry = shapely.box(x, 0, x + 1, 1) if placed else None
    window = Window(column, 0, 10, 10)
    return Hit(0.5, 50.0, "clear", name, source, window, geometry, when, "", None, 0.0)


def left(new, seen, *, overlap=0.5, any_date=False):
    places = [SeenPlace.of(each) for each in seen]
    return [each.id for each in unseen(new, places, overlap, any_date=any_date)]


def test_a_place_that_was_seen_on_that_day_is_left_out():
    assert left([hit("n", 0.4, source="b")], [hit("s")]) == []
    assert left([hit("n", 0.6, source="b")], [hit("s")]) == ["n"]
    assert left([hit("n", 0.4, source="b", when=DAY + A_DAY)], [hit("s")]) == ["n"]


def test_of_a_scene_whose_file_is_of_another_day_everything_is_new():
    assert left([hit("n", when=DAY + A_DAY)], [hit("s")]) == ["n"]


@pytest.mark.parametrize("placed", [True, False])
def test_a_scene_without_a_date_is_told_by_its_name(placed):
    seen = [hit("s", when=None, placed=placed)]
    assert left([hit("n", when=None, placed=placed)], seen) == []
    assert left([hit("n", when=None, placed=placed, source="b")], seen) == ["n"]
    other = hit("n", x=2, when=None, placed=placed, column=20)
    assert left([other], seen) == ["n"]


def test_the_best_of_new_hits_that_overlap_stays():
    assert left([hit("best"), hit("next", 0.2), hit("other", 3)], []) == ["best", "other"]


def test_a_change_is_of_a_place_whatever_the_date():
    assert left([hit("n", source="b", when=DAY + 40 * A_DAY)], [hit("s")], any_date=True) == []


def test_where_overlapping_chips_are_kept_only_the_same_place_is_seen():
    new = [hit("same", source="b"), hit("near", 0.1, source="b")]
    assert left(new, [hit("s")], overlap=None) == ["near"]


def test_a_footprint_that_was_kept_is_the_same_place():
    place = SeenPlace.of(hit("s"))
    assert shapely.from_wkb(place.geometry).equals(shapely.box(0, 0, 1, 1))
    assert (place.source, place.taken, place.width) == ("a", DAY, 10)
