"""A hit as it stands on a contact sheet."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
import shapely
from tests.exchange.made import hit, picture

from harma.exchange.tile import Tile
from harma.scenes.middle import middle
from harma.scenes.windows import Window


def test_the_middle_of_a_footprint_across_the_180th_meridian():
    both = shapely.MultiPolygon([shapely.box(179, 0, 180, 2), shapely.box(-180, 0, -177, 2)])
    assert middle(both) == pytest.approx((-179, 1))
    assert middle(shapely.box(-10, 40, -8, 42)) == pytest.approx((-9, 41))


def test_only_all_of_the_index_is_100_percent():
    assert Tile(hit(percentile=99.99), ()).percentile == "99.9 %"
    assert Tile(hit(percentile=100.0), ()).percentile == "100.0 %"
    assert (
        Tile(hit(datetime=datetime(2015, 9, 26, 10, 30, tzinfo=UTC)), ()).date == "2015-09-26 10:30"
    )


def test_what_is_said_of_a_hit():
    tile = Tile(hit(), (picture(), picture(problem="it is not there")))
    assert (tile.value, tile.place, tile.source_name) == ("0.250", "4.50000, 50.50000", "scene.tif")
    assert tile.window == "16 × 8 px at 64, 32"
    assert tile.ground == "32 m × 16 m"
    assert tile.thumbnail_reason == "it is not there"
    change = Tile(hit(score=0.35, then=hit(score=0.21)), ())
    assert change.value == "+0.140"


def test_what_is_not_known_is_left_out():
    bare = Tile(hit(geometry=None, datetime=None, gsd=None, window=Window(0, 0, 0, 0)), ())
    assert (bare.place, bare.date, bare.ground, bare.window) == ("", "", "", "")
    assert bare.thumbnail_reason == ""


@pytest.mark.parametrize(("gsd", "ground"), [(62.4, "998 m × 499 m"), (62.5, "1 km × 500 m")])
def test_a_thousand_metres_are_a_kilometre(gsd, ground):
    assert Tile(hit(gsd=gsd), ()).ground == ground


def test_dates_are_those_of_utc_and_midnight_goes_without_a_clock():
    zone = timezone(timedelta(hours=2))
    assert Tile(hit(datetime=datetime(2015, 9, 26, 1, tzinfo=zone)), ()).date == "2015-09-25 23:00"
    assert Tile(hit(datetime=datetime(2015, 9, 26, 2, tzinfo=zone)), ()).date == "2015-09-26"


def test_places_and_names_that_are_hardly_any():
    assert Tile(hit(geometry=shapely.Polygon()), ()).place == ""
    assert Tile(hit(source="/"), ()).source_name == "/"
    assert Tile(hit(source="https://example.org/a/b.tif"), ()).source_name == "b.tif"
