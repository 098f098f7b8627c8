"""Subdatasets: rasters inside of NetCDF, HDF5, Zarr, GeoPackage and others, named one by one.

GDAL names them KIND:file:rest (NETCDF:/data/c.nc:Band1). A name that is kept has an absolute path
and no quotes where none are needed.
"""

import re
from collections.abc import Sequence
from pathlib import Path

from harma.scenes.edge import gdal_settings, open_dataset
from harma.scenes.products.product import BandPart
from harma.scenes.sidecars import how_to_look
from harma.scenes.trial import check_decodes

# Prefixes of drivers that read a local file. Others (WMS:, PG:, …) would ask a server.
KINDS = frozenset(
    {
        "BAG",
        "DIMAP",
        "GPKG",
        "GRIB",
        "GTIFF_DIR",
        "HDF4_EOS",
        "HDF4_SDS",
        "HDF5",
        "NETCDF",
        "NITF_IM",
        "SENTINEL1_CALIB",
        "SENTINEL2_L1B",
        "SENTINEL2_L1C",
        "SENTINEL2_L1C_TILE",
        "SENTINEL2_L2A",
        "ZARR",
    }
)
NAME = re.compile(r"^(?P<kind>[A-Za-z][A-Za-z0-9_]*):(?P<rest>.+)$", re.DOTALL)
# Names of variables that are bands of a picture, in lower case.
COLORS = {
    "red": ("red", "r", "b04", "b4", "sr_b4", "band_red"),
    "green": ("green", "g", "b03", "b3", "sr_b3", "band_green"),
    "blue": ("blue", "b", "b02", "b2", "sr_b2", "band_blue"),
}
# Names shown in a message.
SHOWN = 4


def subdataset(item: str, base: Path) -> str | None:
    """The name of a subdataset, with an absolute path.

    Args:
        item: what a person wrote.
        base: folder that a relative path is relative to.

    Returns:
        None where it is no subdataset of a local file.
    """
    match = NAME.match(item)
    if match is None or match["kind"].upper() not in KINDS:
        return None
    found = _file_in(match["rest"], base)
    if found is None:
        return None
    before, path, after = found
    return f"{match['kind'].upper()}:{before}{_quoted(path)}{after}"


def file_of(name: str) -> str:
    """The file that a subdataset lies in; "" where a name is that of none."""
    match = NAME.match(name)
    if match is None or match["kind"].upper() not in KINDS:
        return ""
    found = _file_in(match["rest"], Path("/"))
    return found[1] if found else ""


def _file_in(rest: str, base: Path) -> tuple[str, str, str] | None:
    """What stands before the file, its absolute path, and what stands after it."""
    quoted = re.match(r'^(?P<before>[^"]*)"(?P<path>[^"]+)"(?P<after>.*)$', rest, re.DOTALL)
    if quoted:
        path = _there(base, quoted["path"])
        return (quoted["before"], path, quoted["after"]) if path else None
    pieces = rest.split(":")
    # Paths and what stands beside them may hold colons: the longest that is there is the path.
    for start in range(min(2, len(pieces))):
        for end in range(len(pieces), start, -1):
            path = _there(base, ":".join(pieces[start:end]))
            if path:
                before = "".join(f"{piece}:" for piece in pieces[:start])
                after = "".join(f":{piece}" for piece in pieces[end:])
                return before, path, after
    return None


def _there(base: Path, text: str) -> str:
    """The absolute path of what is there; "" if it is not."""
    if not text.strip() or text.startswith("/vsi"):
        return ""
    path = base / text
    # Folders are rasters in Zarr alone.
    is_raster = path.is_file() or (path.is_dir() and path.suffix.lower() == ".zarr")
    return str(path.absolute()) if is_raster else ""


def _quoted(path: str) -> str:
    return f'"{path}"' if ":" in path else path


def subdatasets_of(path: str) -> list[str] | None:
    """The names of a file's subdatasets; None where it is a raster itself.

    Raises:
        DataError: it cannot be read.
    """
    # Containers are of the formats whose decoders may die of a damaged file.
    check_decodes(path)
    with gdal_settings(how_to_look(path)), open_dataset(path) as dataset:
        if dataset.count:
            return None
        listed: list[str] = dataset.subdatasets
    # A file can say that it holds what lies elsewhere.
    own = [name for name in listed if path in name]
    return [subdataset(name, Path("/")) or name for name in own]


def as_colors(names: Sequence[str]) -> tuple[BandPart, ...]:
    """Red, green and blue among subdatasets, by the ends of their names; () where they are not."""
    by_end = {re.split(r"[:/]", name)[-1].lower(): name for name in names}
    parts = []
    for color, known in COLORS.items():
        name = next((by_end[end] for end in known if end in by_end), None)
        if name is None:
            return ()
        parts.append(BandPart(name, color))
    return tuple(parts)


def name_one(names: Sequence[str]) -> str:
    """How a message on a file without bands goes on: ", it holds …", or "" if it holds none.

    Args:
        names: of its rasters, as GDAL has them.
    """
    if not names:
        return ""
    names = [subdataset(name, Path("/")) or name for name in names]
    listed = ", ".join(names[:SHOWN])
    more = ", …" if len(names) > SHOWN else ""
    return f"; it holds {len(names)} subdatasets, name one: {listed}{more}"
