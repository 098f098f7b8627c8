"""Small maps of hits: what is drawn where."""

import re

import pytest
import shapely
from tests.exchange.made import hit

from harma.index.small_map import HEIGHT, MOST_DRAWN, WIDTH, _land, small_maps


def at(west, south, size=0.01, **said):
    return hit(geometry=shapely.box(west, south, west + size, south + size), **said)


def points(path):
    return [
        tuple(map(float, pair.split(","))) for pair in re.findall(r"-?[\d.e-]+,-?[\d.e-]+", path)
    ]


def test_no_place_no_map():
    assert small_maps([]) == []
    assert small_maps([hit(geometry=None), hit(geometry=shapely.Polygon())]) == []


def test_hits_of_one_town_have_a_map_of_land_and_one_of_their_own():
    wide, close = small_maps([at(4.9, 52.4), at(4.95, 52.42, standing="likely")])
    assert wide.land.startswith("M")
    assert close.land == ""
    # The best is drawn last; both dots are near the middle, as the map is wide.
    assert [mark.standing for mark in wide.hits] == ["likely", "clear"]
    for mark in wide.hits:
        assert mark.path == ""
        assert (mark.x, mark.y) == pytest.approx((WIDTH / 2, HEIGHT / 2), abs=3)
    assert wide.hits[-1].words == "1 · clear · 2015-09-26"
    second, first = (points(mark.path) for mark in close.hits)
    assert min(x for x, _ in first) < min(x for x, _ in second)
    assert max(y for _, y in first) > max(y for _, y in second), "north is up"
    for x, y in (*first, *second):
        assert 0 <= x <= WIDTH
        assert 0 <= y <= HEIGHT


def test_a_map_is_as_wide_as_high_on_the_ground():
    # At 60° N a degree of longitude is half as long as one of latitude.
    (_, close) = small_maps([at(10, 59.995)])
    xs, ys = zip(*points(close.hits[0].path), strict=True)
    assert (max(xs) - min(xs)) / (max(ys) - min(ys)) == pytest.approx(0.5, abs=0.01)


def test_hits_that_are_far_apart_have_one_map_that_holds_all():
    maps = small_maps([at(-120, 40), at(20, 50), at(140, -30)])
    assert len(maps) == 1
    assert all(0 <= mark.x <= WIDTH and 0 <= mark.y <= HEIGHT for mark in maps[0].hits)


def test_both_sides_of_the_180th_meridian_lie_beside_each_other():
    across = shapely.MultiPolygon(
        [shapely.box(179.99, -17, 180, -16.98), shapely.box(-180, -17, -179.99, -16.98)]
    )
    wide, close = small_maps([hit(geometry=across), at(-179.98, -17), at(179.97, -17)])
    xs = [mark.x for mark in wide.hits]
    assert max(xs) - min(xs) < 2
    # Fiji's land is drawn, from either side.
    assert points(wide.land)
    assert close.corners[0].startswith("179.9")
    assert close.corners[1].startswith("-179.9")


def test_land_is_where_it_is():
    middle = shapely.Point(WIDTH / 2, HEIGHT / 2)
    # The middle of Australia, and a place in the Pacific without any land around.
    outlines = small_maps([at(134, -25)])[0].land.split("Z")[:-1]
    assert any(shapely.Polygon(points(outline)).contains(middle) for outline in outlines)
    assert len(outlines) > 1
    assert small_maps([at(-125, -30)])[0].land == ""


def test_known_places_are_on_land_or_at_sea():
    land = _land()
    assert land.is_valid
    on_land = [(10, 50), (-100, 40), (25, 0), (0, -80), (170, 66), (-175, 66), (134, -25)]
    at_sea = [(-30, 40), (-150, -16.5), (0, -16.5), (-140, 10), (0, 71), (75, -20)]
    assert [shapely.Point(at) for at in on_land if not land.contains(shapely.Point(at))] == []
    assert [shapely.Point(at) for at in at_sea if land.contains(shapely.Point(at))] == []


def test_poles_and_too_many_hits():
    assert small_maps([at(0, 89.9, size=0.05)])
    wide = small_maps([at(4, 52)] * (MOST_DRAWN + 5))[0]
    assert len(wide.hits) == MOST_DRAWN
