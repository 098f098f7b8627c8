"""Sidecars: files beside a raster that belong to it, such as world files, masks and metadata."""

import os
from functools import lru_cache

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


class Sidecars:
    """Finds sidecars; the folder of many rasters is listed once."""

    def __init__(self) -> None:
        self._listed = lru_cache(FOLDERS)(_names)

    def of(self, path: str) -> tuple[str, ...]:
        """The sidecars of a local raster, absolute; those of other paths are not looked for."""
        folder, name = os.path.split(path)
        if not path.startswith("/") or path.startswith("/vsi"):
            return ()
        names = self._listed(folder)
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
