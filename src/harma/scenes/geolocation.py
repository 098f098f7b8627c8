"""Geolocation arrays: swaths (VIIRS, Sentinel-3, MODIS) whose files hold the place of every pixel.

GDAL names the arrays, as further rasters of longitudes and latitudes. A few hundred of their places
serve as ground control points.
"""

import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from rasterio.control import GroundControlPoint
from rasterio.crs import CRS
from rasterio.io import DatasetReader
from rasterio.windows import Window

from harma.errors import DataError
from harma.scenes.control_points import make_point
from harma.scenes.edge import library_call, open_dataset

DOMAIN = "GEOLOCATION"
# Places along a side of an array that become control points.
PLACES = 18
# Of a subdataset or a file: NETCDF:"/data/a.nc":lon, HDF5:"/data/a.h5"://geo/lat, /data/lon.tif.
FILE_IN_NAME = re.compile(r'(?:[A-Za-z0-9_]+:)?"?(?P<file>/[^":]+)"?(?::.*)?')
MOST_DEGREES = 360.0


class ArrayPoints(NamedTuple):
    """Control points taken from geolocation arrays.

    Attributes:
        points: as rasterio has them.
        crs: of their coordinates.
    """

    points: list[GroundControlPoint]
    crs: CRS


def points_of_arrays(dataset: DatasetReader) -> ArrayPoints | None:
    """Control points from the geolocation arrays of a local raster; None where it has none.

    Args:
        dataset: the raster.

    Raises:
        DataError: the arrays cannot be read, or lie in another folder than the raster.
    """
    with library_call("what it says of geolocation arrays cannot be read"):
        tags = dataset.tags(ns=DOMAIN)
    if not tags.get("X_DATASET") or not tags.get("Y_DATASET"):
        return None
    with library_call("what it says of geolocation arrays cannot be read"):
        files = dataset.files
    # Over a network each row of the arrays would be a request.
    if any(file.startswith("/vsi") for file in files):
        return None
    for name in (tags["X_DATASET"], tags["Y_DATASET"]):
        _check_is_beside(name, files)
    with library_call("its geolocation arrays cannot be used"):
        places = _places(dataset, tags)
        crs = CRS.from_wkt(tags["SRS"]) if tags.get("SRS") else CRS.from_epsg(4326)
        xs = _values(tags["X_DATASET"], int(tags.get("X_BAND", "1")), places)
        ys = _values(tags["Y_DATASET"], int(tags.get("Y_BAND", "1")), places)
    columns, rows = np.meshgrid(places.at_columns, places.at_rows)
    # What has no place, at the rim of a swath, is no number or far out.
    usable = np.isfinite(xs + ys) & (np.abs(xs) <= MOST_DEGREES) & (np.abs(ys) <= MOST_DEGREES / 4)
    every = zip(rows[usable], columns[usable], xs[usable], ys[usable], strict=True)
    points = [
        make_point(float(row), float(column), float(x), float(y)) for row, column, x, y in every
    ]
    return ArrayPoints(points, crs)


class _Places(NamedTuple):
    """Where arrays are looked at, and the raster's pixels that lie there."""

    rows: list[int]
    columns: list[int]
    at_rows: list[float]
    at_columns: list[float]


def _places(dataset: DatasetReader, tags: Mapping[str, str]) -> _Places:
    # A place is that of a pixel's middle, or of its corner.
    is_middle = tags.get("GEOREFERENCING_CONVENTION", "") == "PIXEL_CENTER"
    shift = 0.5 if is_middle else 0.0
    rows, at_rows = _along(tags, "LINE", dataset.height, shift)
    columns, at_columns = _along(tags, "PIXEL", dataset.width, shift)
    return _Places(rows, columns, at_rows, at_columns)


def _along(
    tags: Mapping[str, str], axis: str, length: int, shift: float
) -> tuple[list[int], list[float]]:
    """Numbers in an array along one axis, and the raster's pixels there."""
    offset = float(tags.get(f"{axis}_OFFSET", "0"))
    step = float(tags.get(f"{axis}_STEP", "1"))
    count = max(1, int((length - 1 - offset) / step) + 1)
    numbers = np.unique(np.linspace(0, count - 1, min(PLACES, count)).round().astype(int))
    return numbers.tolist(), (offset + numbers * step + shift).tolist()


def _values(name: str, band: int, places: _Places) -> NDArray[np.float64]:
    """Values (rows, columns) of an array at places; NaN where it has none."""
    with open_dataset(name) as array:
        nodata = array.nodata
        rows = [
            array.read(band, window=Window(0, row, array.width, 1))[0][places.columns]
            for row in places.rows
        ]
    values = np.array(rows, dtype=np.float64)
    if nodata is not None:
        values[values == nodata] = np.nan
    return values


def _check_is_beside(name: str, files: Sequence[str]) -> None:
    """Check that an array lies in the raster's file or beside it: others are nobody's to name.

    Raises:
        DataError: it does not.
    """
    matched = FILE_IN_NAME.fullmatch(name)
    folders = {str(PurePath(file).parent) for file in files}
    if matched is None or ".." in name or str(PurePath(matched["file"]).parent) not in folders:
        raise DataError(f"its geolocation arrays lie elsewhere ({name}); put them into its folder")
