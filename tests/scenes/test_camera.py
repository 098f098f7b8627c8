"""EXIF of cameras: dates and positions of pictures made with Pillow, by GDAL and by Pillow."""

import warnings
from datetime import UTC, datetime

import numpy as np
import pytest
from PIL import ExifTags, Image, TiffImagePlugin
from shapely.geometry import Point

from harma.scenes.camera import position_of, taken_by
from harma.scenes.period import Period
from harma.scenes.raster import open_scene
from harma.scenes.windows import Window

# 52° 30′ 15.5″ N, 4° 15′ 0″ W.
GPS = {1: "N", 2: (52.0, 30.0, 15.5), 3: "W", 4: (4.0, 15.0, 0.0)}
PLACE = (-(4 + 15 / 60), 52 + 30 / 60 + 15.5 / 3600)
TAKEN = {36867: "2020:06:15 10:30:15", 36881: "+02:00"}
WRITTEN = {0x0132: "2021:01:01 00:00:00"}


def save(path, of_camera=(), of_gps=(), written=WRITTEN):
    picture = Image.fromarray(np.full((40, 50, 3), 100, np.uint8))
    if path.suffix == ".tif":
        directory = TiffImagePlugin.ImageFileDirectory_v2()
        directory[int(ExifTags.IFD.Exif)] = dict(of_camera)
        directory[int(ExifTags.IFD.GPSInfo)] = dict(of_gps)
        picture.save(path, tiffinfo=directory)
        return path
    exif = Image.Exif()
    exif.update(written)
    exif.get_ifd(ExifTags.IFD.Exif).update(dict(of_camera))
    exif.get_ifd(ExifTags.IFD.GPSInfo).update(dict(of_gps))
    picture.save(path, exif=exif)
    return path


def opened(path):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with open_scene(str(path)) as scene:
            return scene.facts, scene.footprint(Window(0, 0, 50, 40))


@pytest.mark.parametrize("name", ["a.jpg", "a.png", "a.webp", "a.tif"])
def test_date_and_place_of_a_picture(name, tmp_path):
    facts, footprint = opened(save(tmp_path / name, TAKEN, GPS))
    assert facts.taken == Period.moment(datetime(2020, 6, 15, 8, 30, 15, tzinfo=UTC))
    assert facts.date_from == "its camera (EXIF)"
    assert facts.placed_by == "GPS of the camera"
    assert footprint.geom_type == "Point"
    assert footprint.coords[0] == pytest.approx(PLACE, abs=1e-6)
    # An image editor's time is not when it was taken.
    facts, footprint = opened(save(tmp_path / f"b{name}"))
    assert (facts.taken, facts.date_from, facts.placed_by, footprint) == (None, "", "", None)


def test_a_georeference_goes_before_the_camera(make_raster):
    path = make_raster(tags={"EXIF_GPSLatitude": "(1)", "EXIF_GPSLatitudeRef": "N"})
    facts, footprint = opened(path)
    assert footprint.geom_type == "Polygon"
    assert facts.placed_by == ""


def test_a_picture_with_damaged_exif_is_read_without(tmp_path):
    path = tmp_path / "a.png"
    Image.new("RGB", (50, 40)).save(path, exif=b"Exif\0\0II*\0\x08\0\0\0" + b"\xff" * 40)
    facts, footprint = opened(path)
    assert facts.taken is None
    assert footprint is None


def moment(*numbers):
    return Period.moment(datetime(*numbers, tzinfo=UTC))


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        ({"DateTimeOriginal": "2020:06:15 10:30:15"}, moment(2020, 6, 15, 10, 30, 15)),
        (
            {"DateTimeOriginal": "2020:06:15 10:30:15\0", "OffsetTimeOriginal": "-05:00"},
            moment(2020, 6, 15, 15, 30, 15),
        ),
        (
            {"DateTimeOriginal": "2020:06:15 10:30:15", "OffsetTimeOriginal": "   :  "},
            moment(2020, 6, 15, 10, 30, 15),
        ),
        # GPS knows UTC: within all zones of the clock, and beyond them
        (
            {
                "DateTimeOriginal": "2020:06:15 10:30:15",
                "GPSDateStamp": "2020:06:15",
                "GPSTimeStamp": "(8) (30) (14.5)",
            },
            moment(2020, 6, 15, 8, 30, 14, 500_000),
        ),
        (
            {
                "DateTimeOriginal": "2020:06:15 10:30:15",
                "GPSDateStamp": "2019:06:15",
                "GPSTimeStamp": "(8) (30) (14)",
            },
            moment(2020, 6, 15, 10, 30, 15),
        ),
        (
            {"GPSDateStamp": "2020:06:15", "GPSTimeStamp": "(8.0) (30.0) (14.0)"},
            moment(2020, 6, 15, 8, 30, 14),
        ),
        ({"DateTimeOriginal": "0000:00:00 00:00:00"}, None),
        ({"DateTimeOriginal": "    :  :     :  :  "}, None),
        ({"GPSDateStamp": "2020:06:15"}, None),
        ({"GPSDateStamp": "2020:06:15", "GPSTimeStamp": "(8) (nan) (0)"}, None),
        ({"GPSDateStamp": "2020:06:15", "GPSTimeStamp": "(1e300) (0) (0)"}, None),
        ({"GPSDateStamp": "2020:06:15", "GPSTimeStamp": "(-8) (0) (0)"}, None),
        ({}, None),
    ],
)
def test_times(exif, expected):
    assert taken_by(exif) == expected


def gps(latitude, north, longitude, east):
    return {
        "GPSLatitude": latitude,
        "GPSLatitudeRef": north,
        "GPSLongitude": longitude,
        "GPSLongitudeRef": east,
    }


@pytest.mark.parametrize(
    ("exif", "expected"),
    [
        (gps("(52) (30) (36)", "S", "(179) (59) (60)", "E"), (180, -52.51)),
        (gps("(52.5)", "N", "(4.25)", "W\0"), (-4.25, 52.5)),
        (gps("(52) (30.5)", "n", "(4) (15.5)", "e"), (4 + 15.5 / 60, 52 + 30.5 / 60)),
        (gps("(0) (0) (0)", "N", "(4) (0) (0)", "E"), (4, 0)),
        (gps("(0) (0) (0)", "N", "(0) (0) (0)", "E"), None),
        (gps("(91) (0) (0)", "N", "(4) (0) (0)", "E"), None),
        (gps("(52) (0) (0)", "N", "(181) (0) (0)", "E"), None),
        (gps("(52) (0) (0)", "", "(4) (0) (0)", "E"), None),
        (gps("(nan) (0) (0)", "N", "(4) (0) (0)", "E"), None),
        (gps("(1) (2) (3) (4)", "N", "(4) (0) (0)", "E"), None),
        (gps("", "N", "(4) (0) (0)", "E"), None),
        ({}, None),
    ],
)
def test_positions(exif, expected):
    position = position_of(exif)
    if expected is None:
        assert position is None
    else:
        assert position.equals_exact(Point(expected), 1e-9)
