"""Places by transforms, control points and coefficients; stated reference systems."""

import numpy as np
import pyproj
import pytest
import rasterio
import rasterio.shutil
import shapely
from affine import Affine
from rasterio.control import GroundControlPoint as Point
from rasterio.crs import CRS
from rasterio.rpc import RPC

from harma.errors import ConfigError, DataError
from harma.scenes.locate import Georeference, locate
from harma.scenes.mapping import AffineMapping
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.systems import parse_crs
from harma.scenes.unplaced import LOCAL, NO_CRS
from harma.scenes.windows import Window

DEGREES = CRS.from_epsg(4326)
UTM = CRS.from_epsg(32631)
GEOD = pyproj.Geod(ellps="WGS84")


def by_points(points, points_crs=DEGREES, size=64, **options):
    given = Georeference(size, size, None, Affine.identity(), points, points_crs)
    return locate(given, **options)


def swath(function, size=64, count=3):
    places = np.linspace(0, size, count)
    return [Point(float(row), float(col), *function(col, row)) for row in places for col in places]


def coefficients(longitude=11.0, latitude=48.0, **changes):
    """A camera above, that sees what is higher further east."""
    one = [1.0] + [0.0] * 19
    values = {
        "height_off": 100.0,
        "height_scale": 500.0,
        "lat_off": latitude,
        "lat_scale": 0.05,
        "long_off": longitude,
        "long_scale": 0.07,
        "line_off": 32.0,
        "line_scale": 32.0,
        "samp_off": 32.0,
        "samp_scale": 32.0,
        "line_num_coeff": [0.0, 0.0, -1.0] + [0.0] * 17,
        "line_den_coeff": one,
        "samp_num_coeff": [0.0, 1.0, 0.0, 0.2] + [0.0] * 16,
        "samp_den_coeff": one,
        "err_bias": 0.1,
        "err_rand": 0.1,
    }
    return RPC(**(values | changes))


def by_coefficients(given, **options):
    return locate(Georeference(64, 64, None, Affine.identity(), coefficients=given), **options)


def whole(location):
    return location.place.footprint(0, 0, location.width, location.height)


def test_a_transform_of_its_own_is_said_by_nothing():
    location = locate(Georeference(50, 40, UTM, Affine(10, 0, 500_000, 0, -10, 5_000_000)))
    assert (location.placed_by, location.mapping, location.width) == ("", None, 50)
    assert location.place.crs == UTM


def test_no_georeference_is_no_place_and_nothing_is_said_of_it():
    location = locate(Georeference(50, 40, None, Affine.identity()), crs=UTM)
    assert (location.place, location.placed_by, location.crs_name) == (None, "", "")


@pytest.mark.parametrize("text", ["EPSG:32631", "32631", "+proj=utm +zone=31 +datum=WGS84", "utm"])
def test_a_stated_system_places_coordinates_that_name_none(text):
    crs = UTM.to_wkt() if text == "utm" else text
    given = Georeference(50, 40, None, Affine(10, 0, 500_000, 0, -10, 5_000_000))
    assert locate(given).place is None
    assert locate(given).placed_by == NO_CRS
    location = locate(given, crs=parse_crs(crs))
    bounds = whole(location).bounds
    expected = pyproj.Transformer.from_crs(32631, 4326, always_xy=True)
    assert bounds[0] == pytest.approx(expected.transform(500_000, 4_999_600)[0], abs=1e-9)
    assert location.placed_by == "a stated reference system, EPSG:32631"


def test_a_stated_system_leaves_alone_what_has_one():
    given = Georeference(50, 40, UTM, Affine(10, 0, 500_000, 0, -10, 5_000_000))
    assert locate(given, crs=CRS.from_epsg(25832)).place.crs == UTM
    points = swath(lambda c, r: (3 + c / 1000, 50 - r / 1000))
    assert by_points(points, DEGREES, crs=UTM).place.crs == DEGREES


@pytest.mark.parametrize("height", [np.nan, np.inf, -20_000, 1e6])
def test_heights_of_no_ground(height):
    with pytest.raises(ConfigError, match="give metres above the ellipsoid"):
        Reading(height=height)


@pytest.mark.parametrize("unit", ['"metre",1', '"foot",0.3048', '"US survey foot",0.3048006096'])
@pytest.mark.parametrize("name", ["Local Coordinates (m)", "Site"])
def test_local_coordinates_are_no_place(unit, name):
    local = CRS.from_wkt(f'LOCAL_CS["{name}",UNIT[{unit}],AXIS["E",EAST],AXIS["N",NORTH]]')
    location = locate(Georeference(50, 40, local, Affine(0.02, 0, 10, 0, -0.02, 50)))
    assert (location.place, location.placed_by, location.pixel_size) == (None, LOCAL, None)
    assert location.gsd == pytest.approx(0.02 * float(unit.split(",")[1]), rel=1e-6)


def test_local_systems_turned_have_the_same_scale():
    feet = CRS.from_wkt('LOCAL_CS["Site (ft)",UNIT["foot",0.3048],AXIS["E",EAST],AXIS["N",NORTH]]')
    turned = Affine.rotation(30) @ Affine.scale(0.5)
    assert locate(Georeference(9, 9, feet, turned)).gsd == pytest.approx(0.1524)


def test_points_without_a_system_take_the_stated_one():
    points = swath(lambda c, r: (500_000 + 10 * c, 5_000_000 - 10 * r))
    assert by_points(points, None).placed_by == NO_CRS
    location = by_points(points, None, crs=UTM)
    assert location.placed_by == "9 ground control points, affine, 0.0 pixels"
    assert location.place.transform.almost_equals(Affine(10, 0, 500_000, 0, -10, 5_000_000))


@pytest.mark.parametrize("west", [179.0, -181.0, 178.5, 179.999, -180.5])
@pytest.mark.parametrize("wrap", [True, False])
def test_points_on_both_sides_of_the_dateline(west, wrap):
    def at(column, row):
        east = west + column / 32
        return (east + 180) % 360 - 180 if wrap else east, -17 - row / 32

    location = by_points(swath(at, count=5))
    assert location.placed_by == "25 ground control points, affine, 0.0 pixels"
    footprint = whole(location)
    assert footprint.is_valid
    # Two degrees by two, in one or two parts, each on its side.
    assert footprint.area == pytest.approx(4, rel=1e-6)
    first = location.place.footprint(0, 0, 8, 8)
    expected = (west + 0.125 + 180) % 360 - 180
    assert first.buffer(1e-6).covers(shapely.Point(expected, -17.125))


@pytest.mark.parametrize("turn", [0, 15, 120, 190, 270])
def test_points_turned_across_the_dateline(turn):
    turned = Affine.translation(180, 10) @ Affine.rotation(turn) @ Affine.scale(0.01, -0.01)

    def at(column, row):
        x, y = turned @ (column - 32, row - 32)
        return (x + 180) % 360 - 180, y

    location = by_points(swath(at, count=4))
    footprint = whole(location)
    assert footprint.is_valid
    assert footprint.covers(shapely.Point(180, 10)) or footprint.covers(shapely.Point(-180, 10))
    assert footprint.area < 1
    assert (location.mapping is None) == (turn == 0)


@pytest.mark.parametrize(
    ("longitude", "latitude"), [(180, -84), (0, 88), (-179, -79), (45, 89.9), (100, -89.9)]
)
def test_points_near_a_pole_are_placed_around_it(longitude, latitude):
    polar = pyproj.CRS(f"+proj=stere +lat_0={latitude} +lon_0={longitude} +ellps=WGS84")
    to_degrees = pyproj.Transformer.from_crs(polar, 4326, always_xy=True)

    def at(column, row):
        return to_degrees.transform(1000 * (column - 32), -1000 * (row - 32))

    location = by_points(swath(at, count=7))
    assert location.crs_name == ("EPSG:3995" if latitude > 0 else "EPSG:3031")
    footprint = whole(location)
    assert footprint.is_valid
    assert footprint.covers(shapely.Point(longitude, latitude))
    for column, row in ((5, 5), (60, 10), (30, 60)):
        x, y = at(column, row)
        assert footprint.covers(shapely.Point((x + 180) % 360 - 180, y))
    assert location.gsd == pytest.approx(1000, rel=0.05)


def test_a_bent_swath_lies_where_its_points_are():
    def at(column, row):
        return 5 + 0.002 * column + 0.02 * np.sin(row / 20), 50 - 0.0015 * row + 1e-6 * column**2

    location = by_points(swath(at, count=9))
    kind = location.placed_by.split(", ")[1]
    assert kind in ("thin-plate spline", "polynomial")
    rng = np.random.default_rng(0)
    columns, rows = rng.uniform(4, 60, (2, 100))
    found = location.mapping.pixels(*at(columns, rows))
    assert np.hypot(found.first - columns, found.second - rows).max() < 1.5
    west, south, east, north = whole(location).bounds
    edge = np.linspace(0, 64, 200)
    xs, ys = at(*(axis.ravel() for axis in np.meshgrid(edge, edge)))
    pixel = location.place.transform.a
    assert (west, east) == pytest.approx((xs.min(), xs.max()), abs=2 * pixel)
    assert (south, north) == pytest.approx((ys.min(), ys.max()), abs=2 * pixel)


@pytest.mark.parametrize("height", [None, 100.0, 0.0, 600.0, -400.0])
def test_coefficients_at_a_height(height):
    location = by_coefficients(coefficients(), height=height)
    ground = 100.0 if height is None else height
    assert location.placed_by == (
        f"rational polynomial coefficients at {ground:g} m above the ellipsoid"
    )
    west, south, east, north = whole(location).bounds
    # By hand: samples are 32 + 32 (x + 0.2 z), a pixel's middle is a whole sample.
    shift = 0.07 * (-0.2 * (ground - 100) / 500 - 0.5 / 32)
    pixel = location.place.transform.a
    assert (west, east) == pytest.approx((10.93 + shift, 11.07 + shift), abs=pixel)
    assert (south, north) == pytest.approx((47.95 + 0.05 / 64, 48.05 + 0.05 / 64), abs=pixel)
    size = location.pixel_size
    assert size.across == pytest.approx(size.along, rel=0.01)


@pytest.mark.parametrize("longitude", [180.0, 179.98, -179.98, -180.0])
def test_coefficients_across_the_dateline(longitude):
    footprint = whole(by_coefficients(coefficients(longitude, 10.0)))
    assert footprint.is_valid
    assert footprint.geom_type == "MultiPolygon"
    assert footprint.area == pytest.approx(0.14 * 0.1, rel=0.05)


@pytest.mark.parametrize("latitude", [85.0, -85.0])
def test_coefficients_near_a_pole(latitude):
    location = by_coefficients(coefficients(30.0, latitude))
    assert location.crs_name == ("EPSG:3995" if latitude > 0 else "EPSG:3031")
    assert whole(location).covers(shapely.Point(30, latitude))


@pytest.mark.parametrize("name", ["line_scale", "samp_scale", "lat_scale", "long_scale"])
def test_damaged_coefficients(name):
    for value in (0.0, float("nan")):
        with pytest.raises(DataError, match="determine no place"):
            by_coefficients(coefficients(**{name: value}))


def test_a_transform_comes_before_points_and_coefficients():
    transform = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    points = swath(lambda c, r: (50 + c, 50 - r))
    given = Georeference(64, 64, UTM, transform, points, DEGREES, coefficients())
    assert locate(given).placed_by == ""
    without = given._replace(transform=Affine.identity(), crs=None)
    assert locate(without).placed_by.startswith("rational")
    assert locate(without._replace(coefficients=None)).placed_by.startswith("9 ground")


def test_degrees_turned_have_pixels_as_wide_as_high():
    transform = Affine.translation(20, 65) @ Affine.rotation(20) @ Affine.scale(0.001, -0.001)
    location = locate(Georeference(64, 64, DEGREES, transform))
    assert isinstance(location.mapping, AffineMapping)
    size = location.pixel_size
    assert size.across == pytest.approx(size.along, rel=0.01)


@pytest.fixture
def chips(tmp_path):
    """Writes values with control points or coefficients; a bright pixel shows where it lies."""

    def make(name="a.tif", driver="GTiff", **profile):
        values = np.full((1, 64, 64), 20, dtype=np.uint8)
        values[0, 10:13, 40:43] = 250
        path = tmp_path / name
        with rasterio.open(
            path, "w", driver=driver, width=64, height=64, count=1, dtype="uint8", **profile
        ) as dataset:
            dataset.write(values)
        return path

    return make


def bright(path, reading=None):
    """Longitude and latitude of the bright pixel as a scene shows it, and the facts."""
    with open_scene(str(path), reading) as scene:
        pixels = scene.read(Window(0, 0, scene.facts.width, scene.facts.height))[0]
        rows, columns = np.nonzero(pixels[..., 0] > 200)
        at = [(columns.mean() + 0.5, rows.mean() + 0.5)]
        return scene.place.to_wgs84(at)[0], scene.facts


def turned_point(column, row):
    return (
        Affine.translation(5, 60)
        @ Affine.rotation(25)
        @ Affine.scale(2e-3, -1e-3)
        @ (
            column,
            row,
        )
    )


def test_files_with_points_are_shown_where_these_say(chips):
    path = chips(gcps=swath(turned_point), crs=DEGREES)
    found, facts = bright(path)
    assert found == pytest.approx(turned_point(41.5, 11.5), abs=5e-4)
    assert facts.placed_by == "9 ground control points, affine, 0.0 pixels"
    # A virtual raster of it keeps the points.
    rasterio.shutil.copy(path, path.with_suffix(".vrt"), driver="VRT")
    again, others = bright(path.with_suffix(".vrt"))
    assert again == pytest.approx(found)
    assert others.placed_by == facts.placed_by


def test_files_with_points_that_name_no_system(chips):
    path = chips(gcps=swath(turned_point), crs=DEGREES)
    rasterio.shutil.copy(path, path.with_suffix(".vrt"), driver="VRT")
    text = path.with_suffix(".vrt").read_text()
    assert 'GCPList Projection="' in text
    start = text.index(' Projection="')
    stop = text.index(">", start)
    path.with_suffix(".vrt").write_text(text[:start] + text[stop:])
    with open_scene(str(path.with_suffix(".vrt"))) as scene:
        assert scene.place is None
        assert scene.facts.placed_by == NO_CRS
    found, _ = bright(path.with_suffix(".vrt"), Reading(crs="EPSG:4326"))
    assert found == pytest.approx(turned_point(41.5, 11.5), abs=5e-4)


@pytest.mark.parametrize("height", [None, 0.0, 500.0])
def test_files_with_coefficients_in_tags_or_beside_them(chips, tmp_path, height):
    ground = 100 if height is None else height
    in_tags = chips(rpcs=coefficients())
    beside = chips("b.tif", rpcs=coefficients(), RPCTXT="YES", PROFILE="BASELINE")
    assert (tmp_path / "b_RPC.TXT").is_file()
    for path in (in_tags, beside):
        found, facts = bright(path, Reading(height=height))
        x = (41.0 - 32) / 32 - 0.2 * (ground - 100) / 500
        expected = 11 + 0.07 * x, 48 - 0.05 * (11.0 - 32) / 32
        assert found == pytest.approx(expected, abs=2e-3)
        assert facts.placed_by.startswith("rational polynomial coefficients at ")
        assert facts.gsd == pytest.approx(168, rel=0.02)
