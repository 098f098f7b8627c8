"""Sidecars: files beside a raster (world files, .aux.xml, .msk, .hdr, .IMD, .RPB, .prj)."""

import os
from collections import defaultdict
from collections.abc import Collection, Iterable
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from harma.ground.storage.addresses import in_bucket
from harma.scenes.addresses import address_opened
from harma.scenes.edge import library_call
from harma.scenes.reach import follows

if TYPE_CHECKING:
    from rasterio.crs import CRS

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
# GDAL's setting of how addresses must end, to be asked for; nothing is called as the second.
ONLY_THESE = "CPL_VSIL_CURL_ALLOWED_EXTENSIONS"
NO_ADDRESS = "{no address}"
# A virtual raster names its parts near its beginning.
VRT_BYTES = 1 << 20
# ESRI's programs write the reference system beside a world file, which GDAL does not read there.
PRJ_SUFFIXES = (".prj", ".PRJ")
# Added to a raster's whole name, or in place of its suffix. Overviews (.ovr) are not here: they
# are the same picture, smaller.
AFTER_NAME = (".aux.xml", ".msk")
FOR_SUFFIX = (
    ".aux.xml",
    ".hdr",
    ".imd",
    ".rpb",
    ".prj",
    ".tab",
    ".til",
    ".wld",
    "_rpc.txt",
    "_metadata.xml",
    "_metadata.json",
)
# Folders whose names are at hand: sources come folder by folder.
FOLDERS = 64


def is_remote(opened_as: str) -> bool:
    """Whether opening a source asks anything of a network.

    Args:
        opened_as: what GDAL opens: path, address, or a VRT in XML.
    """
    return _has_mark(opened_as) or (
        opened_as.lower().endswith(".vrt") and _has_remote_part(opened_as)
    )


def how_to_look(opened_as: str, files: Collection[str] = ()) -> str:
    """Value of GDAL's GDAL_DISABLE_READDIR_ON_OPEN for a source.

    Beside a local file sidecars are looked for by their names: half a millisecond, however many
    files are in the folder (a list of 100,000 takes over a millisecond for every file opened). Of
    what is remote no sidecar is asked for, unless a listing has shown one: each name that GDAL
    tries is a request.

    Args:
        opened_as: what GDAL opens.
        files: of its source.
    """
    if not is_remote(opened_as) or _has_sidecar(opened_as, files):
        return "TRUE"
    return "EMPTY_DIR"


def _has_sidecar(opened_as: str, files: Collection[str]) -> bool:
    """Whether an address has sidecars among the files of its source."""
    return bool(files) and bool(_sidecars_of(opened_as, files))


def _sidecars_of(opened_as: str, files: Collection[str]) -> list[str]:
    """Names of the sidecars of an address among the files of its source."""
    folder, _, name = address_opened(opened_as).rpartition("/")
    wanted = _wanted(name.lower())
    beside = [file.rpartition("/") for file in files]
    return [end for place, _, end in beside if place == folder and end.lower() in wanted]


def asked_for(opened_as: str, files: Collection[str]) -> dict[str, str]:
    """GDAL's settings that keep it to the sidecars that an address has: others are not asked for.

    Args:
        opened_as: what GDAL opens.
        files: of its source.
    """
    if not is_remote(opened_as):
        # What lies on this machine asks for nothing, whatever it names.
        return {} if follows() else {ONLY_THESE: NO_ADDRESS}
    names = [opened_as.rpartition("/")[2], *_sidecars_of(opened_as, files)]
    is_plain = not {",", " "} & set("".join(names))
    if len(names) == 1 or not is_plain:
        return {}
    return {ONLY_THESE: ",".join(names)}


def crs_beside(opened_as: str) -> "CRS | None":
    """The coordinate reference system of a .prj file beside a local raster, or None.

    Raises:
        DataError: the file holds none.
    """
    if is_remote(opened_as) or opened_as.startswith("<"):
        return None
    from rasterio.crs import CRS

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


class Sidecars:
    """Finds sidecars; the folder of many rasters is listed once.

    Args:
        objects: addresses of what was listed in buckets.
    """

    def __init__(self, objects: Iterable[str] = ()) -> None:
        self._listed = lru_cache(FOLDERS)(_names)
        # Lower-case name → name of the objects of each folder.
        self._in_buckets: dict[str, dict[str, str]] = defaultdict(dict)
        for address in objects:
            folder, _, name = address.rpartition("/")
            self._in_buckets[folder][name.lower()] = name

    def of(self, path: str) -> tuple[str, ...]:
        """The sidecars of a raster, absolute; those of other paths are not looked for."""
        folder, _, name = path.rpartition("/")
        if in_bucket(path):
            names = self._in_buckets.get(folder, {})
        elif path.startswith("/") and not path.startswith("/vsi"):
            names = self._listed(folder or "/")
        else:
            return ()
        wanted = _wanted(name.lower())
        return tuple(f"{folder}/{names[low]}" for low in wanted if low in names and low != name)


def _wanted(name: str) -> list[str]:
    """The names that sidecars of a raster may have, in lower case."""
    stem, dot, end = name.rpartition(".")
    if not dot:
        return [name + after for after in AFTER_NAME]
    suffix = dot + end
    wanted = [name + end for end in AFTER_NAME] + [stem + end for end in FOR_SUFFIX]
    # .tif → .tfw, .tifw
    wanted += [stem + suffix + "w", stem + suffix[:2] + suffix[-1] + "w"]
    return list(dict.fromkeys(wanted))


def _names(folder: str) -> dict[str, str]:
    """Lower-case name → name of the files of a folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name.lower(): entry.name for entry in entries if entry.is_file()}
    except OSError:
        return {}
