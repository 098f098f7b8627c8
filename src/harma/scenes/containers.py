"""Containers: files that hold one raster, several or none: NetCDF, HDF5, Zarr, GeoPackage."""

from pathlib import Path
from typing import NamedTuple

from harma.errors import HarmaError
from harma.scenes.addresses import opened_by_gdal
from harma.scenes.formats import suffix_of
from harma.scenes.source import Source, source_named
from harma.scenes.stacking import stacked
from harma.scenes.subdatasets import as_colors, name_one, subdatasets_of

SEVERAL = "it is no single raster"
NO_RASTER = "it holds no raster"
# How files of HDF4 begin; NetCDF and HDF5 share its suffixes.
HDF4 = b"\x0e\x03\x13\x01"
NO_HDF4 = "HDF4, which this GDAL cannot read; write it as GeoTIFF (gdal_translate)"
# Databases that hold tables without a picture as often as rasters.
DATABASES = (".gpkg", ".mbtiles")


class Content(NamedTuple):
    """What a container holds.

    Attributes:
        sources: its scenes; the container itself where opening it says what is wrong.
        left_out: why it is none where it was not named, or "".
    """

    sources: list[Source]
    left_out: str = ""


def look_into(path: str) -> Content:
    """What a container holds.

    Args:
        path: of it.
    """
    itself = [source_named(path)]
    if _is_hdf4(path):
        return Content(itself, NO_HDF4)
    try:
        names = subdatasets_of(opened_by_gdal(path))
        return _of_subdatasets(path, names)
    except HarmaError as error:
        is_database = suffix_of(path) in DATABASES
        return Content(itself, f"{NO_RASTER} ({error.problem})" if is_database else "")


def _of_subdatasets(path: str, names: list[str] | None) -> Content:
    """Its scenes, by the names of its rasters; None where it is one itself."""
    itself = [source_named(path)]
    if names is None:
        return Content(itself)
    if not names:
        return Content(itself, NO_RASTER)
    if suffix_of(path) in DATABASES or len(names) == 1:
        return Content([source_named(name) for name in names])
    parts = as_colors(names)
    if not parts:
        return Content(itself, SEVERAL + name_one(names))
    try:
        return Content([Source(path, stacked(parts), files=(path,))])
    except HarmaError:
        # Of several grids: they are no bands of one scene.
        return Content(itself, SEVERAL + name_one(names))


def _is_hdf4(path: str) -> bool:
    # Of an object in a bucket opening it says what is wrong.
    try:
        with Path(path).open("rb") as file:
            return file.read(len(HDF4)) == HDF4
    except OSError:
        return False
