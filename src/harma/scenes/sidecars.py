"""Sidecars: files beside a raster (world files, .aux.xml, .msk, .ovr, .hdr, .RPB, .prj)."""

from pathlib import Path

from rasterio.crs import CRS

from harma.scenes.edge import library_call

# What GDAL reads over a network, wherever in a name it stands (/vsizip//vsicurl/…, VRT in XML).
REMOTE_MARKS = (
    "/vsicurl",
    "/vsis3",
    "/vsigs",
    "/vsiaz",
    "/vsiadls",
    "/vsioss",
    "/vsiswift",
    "/vsihdfs",
    "/vsiwebhdfs",
    "http://",
    "https://",
)
# A virtual raster names its parts near its beginning.
VRT_BYTES = 1 << 20
# ESRI's programs write the reference system beside a world file, which GDAL does not read there.
PRJ_SUFFIXES = (".prj", ".PRJ")


def is_remote(opened_as: str) -> bool:
    """Whether opening a source asks anything of a network.

    Args:
        opened_as: what GDAL opens: path, address, or a VRT in XML.
    """
    return _has_mark(opened_as) or (
        opened_as.lower().endswith(".vrt") and _has_remote_part(opened_as)
    )


def how_to_look(opened_as: str) -> str:
    """Value of GDAL's GDAL_DISABLE_READDIR_ON_OPEN for a source.

    Beside a local file sidecars are looked for by their names: half a millisecond, however many
    files are in the folder (a list of 100,000 takes over a millisecond for every file opened). Of
    what is remote no sidecar is asked for: each would be a request, and a bucket would be listed.

    Args:
        opened_as: what GDAL opens.
    """
    return "EMPTY_DIR" if is_remote(opened_as) else "TRUE"


def crs_beside(opened_as: str) -> CRS | None:
    """The coordinate reference system of a .prj file beside a local raster, or None.

    Raises:
        DataError: the file holds none.
    """
    if is_remote(opened_as) or opened_as.startswith("<"):
        return None
    for suffix in PRJ_SUFFIXES:
        path = Path(opened_as).with_suffix(suffix)
        with library_call(f"the file {path.name} beside it cannot be read"):
            if path.is_file():
                return CRS.from_wkt(
                    path.read_text(encoding="utf-8-sig"), morph_from_esri_dialect=True
                )
    return None


def _has_mark(text: str) -> bool:
    return any(mark in text for mark in REMOTE_MARKS)


def _has_remote_part(path: str) -> bool:
    try:
        with Path(path).open("rb") as file:
            return _has_mark(file.read(VRT_BYTES).decode("utf-8", "replace"))
    except (OSError, ValueError):
        # Opening it says what is wrong.
        return False
