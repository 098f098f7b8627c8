"""Footprints."""

import math

import numpy as np
import pytest
import rasterio.warp
import shapely
from affine import Affine
from pyproj import Geod, Transformer
from rasterio.crs import CRS

from harma.errors import DataError, OffEarthError
from harma.scenes.middle import middle
from harma.scenes.place import PixelSize, Place, check_side, find_place


def place(crs, left, top, pixel):
    found = find_place(CRS.from_user_input(crs), Affine(pixel, 0, left, 0, -pixel, top))
    assert found is not None
    return found


def test_corners_are_those_of_rasterio():
    at = place("EPSG:32631", 500_000, 5_000_000, 10)
    footprint = at.footprint(3, 4, 20, 10)
    xs, ys = zip(
        *(at.transform @ (c, r) for c, r in ((3, 4), (23, 4), (23, 14), (3, 14))), strict=True
    )
    expected = np.column_stack(rasterio.warp.transform(at.crs, "EPSG:4326", xs, ys))
    assert np.abs(np.array(footprint.exterior.coords)[:4] - expected).max() < 1e-9


def test_a_window_across_the_180th_meridian_is_two_polygons():
    at = place(
        "EPSG:32601", 200_000, 1_000_000, 1000
    )  # zone 1 reaches over the 180th meridian in the west
    footprint = at.footprint(-60, 0, 120, 50)
    assert footprint.geom_type == "MultiPolygon"
    assert footprint.is_valid
    assert footprint.bounds[0] == -180
    assert footprint.bounds[2] == 180
    area = abs(Geod(ellps="WGS84").geometry_area_perimeter(footprint)[0])
    assert area == pytest.approx(120e3 * 50e3, rel=0.01)


@pytest.mark.parametrize(("crs", "sign"), [("EPSG:3995", 1), ("EPSG:3031", -1)])
def test_a_window_that_holds_a_pole(crs, sign):
    at = place(crs, -500_000, 500_000, 1000)
    footprint = at.footprint(0, 0, 1000, 1000)
    assert footprint.is_valid
    assert footprint.covers(shapely.Point(0, sign * 89.9))
    assert footprint.covers(shapely.Point(137, sign * 89.9))
    assert not footprint.covers(shapely.Point(0, sign * 70))
    beside = at.footprint(600, 600, 100, 100)
    assert not beside.covers(shapely.Point(0, sign * 89.99))


def test_edges_of_large_windows_are_bent_with_the_projection():
    at = place("EPSG:32633", 0, 8_000_000, 1000)
    footprint = at.footprint(0, 0, 900, 900)
    middle_of_the_edge = at.to_wgs84([(450, 0)])[0]
    assert footprint.exterior.distance(shapely.Point(middle_of_the_edge)) < 1e-2
    assert len(footprint.exterior.coords) > 5


def test_a_whole_world_in_degrees_holds_no_pole_as_a_point():
    at = place("EPSG:4326", -180, 90, 0.5)
    assert at.footprint(0, 0, 720, 360).bounds == (-180, -90, 180, 90)


def test_a_pole_that_is_a_line_of_the_projection_is_an_edge_like_others():
    at = place("EPSG:4087", -20_037_508.34, 10_018_754.17, 20_000)
    west, _, east, north = at.footprint(950, 0, 100, 100).bounds
    assert north == pytest.approx(90, abs=1e-6)
    assert east - west == pytest.approx(100 * 20_000 / 111_319.49, abs=1e-3)


@pytest.mark.parametrize(
    ("crs", "pixel", "expected"), [("EPSG:32631", 10.0, 10.0), ("EPSG:4326", 0.001, 111.0)]
)
def test_ground_sample_distance_is_in_metres(crs, pixel, expected):
    left, top = (500_000, 10_000) if crs == "EPSG:32631" else (3.0, 0.05)
    assert place(crs, left, top, pixel).gsd(100, 100) == pytest.approx(expected, rel=0.01)


def test_without_georeference_there_is_no_place():
    assert find_place(None, Affine.scale(2)) is None
    assert find_place(CRS.from_epsg(4326), Affine.identity()) is None


def test_other_bodies_are_refused_and_local_systems_are_no_place():
    mars = (
        'GEOGCS["Mars",DATUM["D_Mars",SPHEROID["Mars",3396190,169.9]],PRIMEM["Ref",0],'
        'UNIT["degree",0.0174532925]]'
    )
    with pytest.raises(DataError, match="not of the Earth: the body's radius is 3,396 km"):
        find_place(CRS.from_wkt(mars), Affine.scale(0.1))
    local = (
        'ENGCRS["Hall",EDATUM["Corner"],CS[Cartesian,2],AXIS["x",east],AXIS["y",north],'
        'LENGTHUNIT["metre",1]]'
    )
    assert find_place(CRS.from_wkt(local), Affine.scale(2)) is None


def test_a_place_outside_the_projection():
    at = Place(CRS.from_epsg(32631), Affine(1e6, 0, 1e12, 0, -1e6, 1e12))
    with pytest.raises(DataError, match="coordinates|lies outside"):
        at.footprint(0, 0, 10, 10)


def test_pixels_without_a_size_are_no_georeference():
    for pixel in (0.0, float("nan"), float("inf")):
        transform = Affine(pixel, 0, 500_000, 0, -10, 5_000_000)
        with pytest.raises(DataError, match="its pixels have no size on the ground"):
            find_place(CRS.from_epsg(32631), transform)


def test_the_name_of_a_coordinate_reference_system():
    assert place("EPSG:32631", 0, 0, 1).name == "EPSG:32631"
    own = place("+proj=laea +lat_0=12 +lon_0=34 +ellps=WGS84", 0, 0, 1)
    assert "Lambert_Azimuthal" in own.name


@pytest.mark.parametrize(
    ("west", "expected"), [(170.0, (175.0, -18.0)), (178.0, (-177.0, -18.0)), (177.0, (-178, -18))]
)
def test_the_middle_of_a_footprint_across_the_dateline(west, expected):
    footprint = place("EPSG:4326", west, -17, 0.1).footprint(0, 0, 100, 20)
    assert middle(footprint) == pytest.approx(expected, abs=0.01)


def test_the_middle_of_parts_that_do_not_cross_stays_between_them():
    parts = shapely.MultiPolygon([shapely.box(-80, 0, -60, 10), shapely.box(60, 0, 80, 10)])
    assert middle(parts) == pytest.approx((0, 5))


def test_chips_of_a_scene_across_the_dateline_cover_it_once():
    at = place("EPSG:32601", 200_000, 1_000_000, 1000)
    whole = at.footprint(-80, 0, 160, 80)
    chips = [at.footprint(c, r, 40, 40) for c in (-80, -40, 0, 40) for r in (0, 40)]
    assert all(chip.is_valid for chip in chips)
    assert sum(chip.area for chip in chips) == pytest.approx(whole.area, rel=1e-3)
    assert shapely.union_all(chips).symmetric_difference(whole).area < 1e-3 * whole.area


@pytest.mark.parametrize("crs", ["EPSG:3413", "EPSG:3031", "EPSG:6931"])
@pytest.mark.parametrize("start", [(512, 512), (256, 256), (384, 256), (512, 256), (128, 256)])
def test_a_pole_on_the_outline_does_not_make_it_the_whole_world(crs, start):
    place = Place(CRS.from_user_input(crs), Affine(100, 0, -51_200, 0, -100, 51_200))
    footprint = place.footprint(*start, 256, 256)
    assert footprint.is_valid
    _, south, _, north = footprint.bounds
    assert min(abs(south), abs(north)) > 88
    # A window at a pole may span all longitudes, but few degrees of latitude.
    assert footprint.area < 360 * 2


def test_a_middle_at_the_dateline_or_the_first_meridian_is_not_moved():
    parts = shapely.MultiPolygon([shapely.box(-180, 0, -178, 10), shapely.box(178, 0, 180, 10)])
    assert middle(parts) == pytest.approx((180, 5))
    parts = shapely.MultiPolygon([shapely.box(0, 0, 1, 10), shapely.box(-180, 0, -179, 10)])
    # Halfway from 0.5 to 180.5; the part that begins at longitude 0 stays.
    assert middle(parts)[0] == pytest.approx(90.5)


def test_parts_half_the_world_apart_are_not_moved():
    parts = shapely.MultiPolygon([shapely.box(-90, 0, -80, 10), shapely.box(80, 0, 90, 10)])
    assert middle(parts) == pytest.approx((0, 5))


def test_ground_sample_distance_is_the_mean_of_both_directions():
    at = Place(CRS.from_epsg(32631), Affine(10, 0, 500_000, 0, -30, 10_000))
    assert at.gsd(100, 50) == pytest.approx(20, rel=0.01)


@pytest.mark.parametrize(
    ("radius", "is_earth"), [(6_350_000, True), (6_299_000, False), (6_401_000, False)]
)
def test_the_radii_of_earth(radius, is_earth):
    crs = CRS.from_wkt(
        f'GEOGCS["X",DATUM["D",SPHEROID["S",{radius},298]],PRIMEM["Greenwich",0],'
        'UNIT["degree",0.0174532925]]'
    )
    if is_earth:
        assert find_place(crs, Affine.scale(0.1)) is not None
    else:
        with pytest.raises(DataError, match="not of the Earth"):
            find_place(crs, Affine.scale(0.1))


@pytest.mark.parametrize(("degrees", "points"), [(0.4, 5), (0.6, 65)])
def test_windows_over_half_a_degree_have_points_on_their_edges(degrees, points):
    footprint = place("EPSG:4326", 3, 50, 0.1).footprint(0, 0, degrees * 10, 1)
    assert len(footprint.exterior.coords) == points


GEOSTATIONARY = "+proj=geos +h=35786023 +lon_0={} +sweep=x +ellps=GRS80"


@pytest.mark.parametrize("longitude", [-75, 0, 140.7, 179.5, -137])
def test_windows_of_a_full_disk_are_on_the_earth_or_said_not_to_be(longitude):
    crs = CRS.from_user_input(GEOSTATIONARY.format(longitude))
    disk = Place(crs, Affine(54_350, 0, -5_435_000, 0, -54_350, 5_435_000))
    at_middle = disk.footprint(90, 90, 20, 20)
    assert at_middle.is_valid
    east = middle(at_middle)[0]
    assert abs((east - longitude + 180) % 360 - 180) < 0.1
    with pytest.raises(OffEarthError):
        disk.footprint(0, 0, 20, 20)
    assert disk.gsd(200, 200) == pytest.approx(54_350, rel=0.01)
    # Its upper left quarter has space in its middle, and Earth below and right of that.
    assert disk.gsd(60, 60) > 54_350
    with pytest.raises(OffEarthError, match="coordinates|lies outside"):
        disk.gsd(10, 10)


@pytest.mark.parametrize("pixel", [0.25, 0.5, 1.0, 2.0, 2.5])
def test_world_grids_of_cells_around_the_poles_end_at_the_poles(pixel):
    grid = place("EPSG:4326", -180 - pixel / 2, 90 + pixel / 2, pixel)
    top = grid.footprint(10, 0, 4, 4)
    assert top.bounds[3] == 90
    assert top.bounds[1] == pytest.approx(90 - 3.5 * pixel)
    rows = round(180 / pixel) + 1
    assert grid.footprint(10, rows - 4, 4, 4).bounds[1] == -90
    # Beyond by more than a pixel is no rounding of a grid.
    with pytest.raises(OffEarthError, match="lies outside"):
        place("EPSG:4326", 0, 90 + 1.01 * pixel, pixel).footprint(0, 0, 4, 4)


@pytest.mark.parametrize("latitude", [0.0, 20.0, -45.0, 60.0, 80.0])
def test_both_sides_of_a_pixel_of_degrees(latitude):
    across, along = place("EPSG:4326", 25, latitude + 0.05, 0.001).pixel_size(100, 100)
    geod = Geod(ellps="WGS84")
    expected = geod.inv(25.05, latitude, 25.051, latitude)[2]
    assert across == pytest.approx(expected, rel=1e-4)
    assert along == pytest.approx(geod.inv(25.05, latitude, 25.05, latitude + 0.001)[2], rel=1e-4)
    size = PixelSize(across, along)
    assert size.is_square == (abs(latitude) < 5)
    assert size.mean == (across + along) / 2


WORLD_MAPS = ["+proj=sinu +R=6371007.181", "EPSG:8857", "+proj=moll", "+proj=robin", "+proj=igh"]


@pytest.mark.parametrize("crs", WORLD_MAPS)
def test_chips_beside_a_map_of_the_world_are_nowhere(crs):
    at = place(crs, -20_000_000, 9_000_000, 10_000)
    with pytest.raises(OffEarthError):
        at.footprint(0, 0, 64, 64)
    inside = at.footprint(1800, 700, 64, 64)
    assert inside.is_valid
    to_degrees = Transformer.from_crs(crs, 4326, always_xy=True)
    x, y = at.transform @ (1832, 732)
    assert middle(inside) == pytest.approx(to_degrees.transform(x, y), abs=0.1)
    # As many as lie on the Earth by pyproj, whose inverse is asked for the way back too.
    count = 0
    for column in range(0, 4000, 400):
        for row in range(0, 1800, 300):
            try:
                at.footprint(column, row, 20, 20)
                count += 1
            except OffEarthError:
                continue
    expected = sum(
        on_the_map(crs, at, column, row)
        for column in range(0, 4000, 400)
        for row in range(0, 1800, 300)
    )
    assert count == expected
    assert 0 < count < 60


def on_the_map(crs, at, column, row):
    """Whether the corners of a chip of 20 pixels come back from longitude and latitude."""
    there = Transformer.from_crs(crs, 4326, always_xy=True)
    corners = [at.transform @ (column + c, row + r) for c in (0, 20) for r in (0, 20)]
    xs, ys = (np.array(axis) for axis in zip(*corners, strict=True))
    back = there.transform(*there.transform(xs, ys), direction="INVERSE")
    return bool(np.allclose([xs, ys], back, atol=1))


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4087", "EPSG:3395"])
def test_maps_that_go_round_do_not_end_at_the_dateline(crs):
    at = place(crs, 19_900_000, 5_000_000, 10_000)
    west, _, east, _ = at.footprint(0, 0, 64, 64).bounds
    assert (west, east) == (-180, 180)
    assert at.footprint(40, 0, 20, 20).bounds[2] < -170


@pytest.mark.parametrize("side", [0.0, -1.0, math.nan, 1e-5, 5e7, math.inf])
def test_sides_of_pixels_that_cannot_be(side):
    with pytest.raises(DataError, match="georeference is damaged"):
        check_side(side)


@pytest.mark.parametrize("side", [0.001, 0.1, 30.0, 111_000.0, 4e7])
def test_sides_of_pixels_that_can(side):
    check_side(side)
