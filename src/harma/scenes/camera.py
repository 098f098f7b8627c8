"""What a camera wrote into a picture (EXIF): when it was taken, and by GPS where (drones, phones).

Of pictures and TIFFs. A position is a point, not an area: the camera's, from which the ground below
may be some way off. Its height is not used.
"""

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple

from PIL import ExifTags, Image
from rasterio.io import DatasetReader
from shapely.geometry import Point

from harma.errors import DataError
from harma.scenes.edge import library_call
from harma.scenes.period import Period
from harma.scenes.written_dates import period_of_text

# GDAL gives EXIF of JPEG and TIFF, as text with this before its names; Pillow of these.
PREFIX = "EXIF_"
BY_PILLOW = ("PNG", "WEBP")
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?", re.IGNORECASE)
# Clocks of cameras show some zone's time; more than this apart, one of two clocks is wrong.
ZONES = timedelta(hours=14)
SECONDS_A_DAY = 86_400
SIDES = {"N": 1.0, "S": -1.0, "E": 1.0, "W": -1.0}


class Camera(NamedTuple):
    """What a camera says.

    Attributes:
        taken: when, or None.
        position: longitude and latitude, or None.
    """

    taken: Period | None
    position: Point | None


def camera_of(dataset: DatasetReader, path: str) -> Camera:
    """What the camera of an opened picture says; nothing where there is no EXIF, or a damaged one.

    Args:
        dataset: of rasterio.
        path: of it; files alone are read by Pillow.
    """
    with library_call("what its camera says cannot be read"):
        tags = {**dataset.tags(), **dataset.tags(ns="EXIF")}
        driver = dataset.driver
    exif = {}
    for name, text in tags.items():
        if name.startswith(PREFIX):
            exif[name.removeprefix(PREFIX)] = text
    if driver in BY_PILLOW and not path.startswith("/vsi"):
        exif = _by_pillow(path)
    return Camera(taken_by(exif), position_of(exif))


def taken_by(exif: Mapping[str, str]) -> Period | None:
    """When a picture was taken, by its EXIF; the time of an unknown zone is taken to be UTC.

    GPS knows UTC: its time counts where the camera's clock has no zone, and does not contradict it.
    """
    original = exif.get("DateTimeOriginal", "").strip("\0 ")
    zone = exif.get("OffsetTimeOriginal", "").strip("\0 ")
    by_clock = period_of_text(original + zone) or period_of_text(original)
    by_gps = _gps_time(exif)
    if by_clock is None or by_gps is None or (zone and by_clock is not None):
        return by_clock or by_gps
    is_likely = abs(by_clock.start - by_gps.start) <= ZONES
    return by_gps if is_likely else by_clock


def position_of(exif: Mapping[str, str]) -> Point | None:
    """Longitude and latitude of a picture, by its EXIF.

    None where they are not there, damaged, or both 0, which cameras write that know no position.
    """
    latitude = _degrees(exif, "GPSLatitude")
    longitude = _degrees(exif, "GPSLongitude")
    if latitude is None or longitude is None:
        return None
    is_possible = abs(latitude) <= 90 and abs(longitude) <= 180
    if not is_possible or latitude == longitude == 0:
        return None
    return Point(longitude, latitude)


def _gps_time(exif: Mapping[str, str]) -> Period | None:
    day = period_of_text(exif.get("GPSDateStamp", "").strip("\0 "))
    clock = _numbers(exif.get("GPSTimeStamp", ""))
    if day is None or len(clock) != 3:
        return None
    seconds = 3600 * clock[0] + 60 * clock[1] + clock[2]
    # A leap second is of the next day.
    if not 0 <= seconds <= SECONDS_A_DAY:
        return None
    return Period.moment(day.start + timedelta(seconds=seconds))


def _degrees(exif: Mapping[str, str], name: str) -> float | None:
    """Degrees of "(52) (30) (15.5)" with the hemisphere beside it."""
    side = SIDES.get(exif.get(f"{name}Ref", "").strip("\0 ").upper()[:1])
    parts = _numbers(exif.get(name, ""))
    if side is None or not 1 <= len(parts) <= 3:
        return None
    degrees = 0.0
    for place, part in enumerate(parts):
        degrees += part / 60.0**place
    return side * degrees


def _numbers(text: str) -> list[float]:
    """The numbers of "(52) (30) (15.5)"; none where one of them is none, such as 0/0."""
    parts = text.replace("(", " ").replace(")", " ").split()
    if not all(NUMBER.fullmatch(part) for part in parts):
        return []
    return [float(part) for part in parts]


def _by_pillow(path: str) -> dict[str, str]:
    """EXIF as GDAL writes it, of formats that GDAL reads without."""
    try:
        with library_call("its EXIF data cannot be read"), Image.open(path) as image:
            exif = image.getexif()
            of_camera = exif.get_ifd(ExifTags.IFD.Exif)
            of_gps = exif.get_ifd(ExifTags.IFD.GPSInfo)
            tags: dict[str, str] = {}
            for number, value in of_camera.items():
                tags[ExifTags.TAGS.get(number, "")] = str(value)
            for number, value in of_gps.items():
                tags[ExifTags.GPSTAGS.get(number, "")] = _text(value)
    except DataError:
        # Whether the picture itself can be read is another matter.
        return {}
    return tags


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(f"({float(part)})" for part in value)
    return str(value)
