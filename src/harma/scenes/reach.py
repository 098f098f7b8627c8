"""What a file reaches for beyond itself: formats that name other files or addresses (VRT, WMS, …).

A raster is whatever GDAL takes for one: a text of a few lines that names other files, which are
then read, or addresses, which are then asked. Whoever sends a file would so choose what is read on
this machine, and whom it asks. Unless a person says so (`--follow`, HARMA_FOLLOW=1), formats that
name what they show are not read, a VRT may name what lies in its own folder or below it, and what
lies beside a raster (.ovr, .msk, .aux.xml) is of formats that name nothing.
"""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from harma.errors import DataError
from harma.scenes.addresses import address_opened
from harma.scenes.vrt_parts import reached_by

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

FOLLOW = "HARMA_FOLLOW"
# GDAL's names of formats that fetch what they show, or show what another file or service has.
ELSEWHERE = frozenset(
    (
        *("WMS", "WMTS", "WCS", "HTTP", "OGCAPI", "PLMOSAIC", "EEDA", "EEDAI", "DAAS", "NGW"),
        *("STACIT", "STACTA", "GTI", "MRF", "KMLSUPEROVERLAY", "DERIVED", "Rasterlite", "ESRIC"),
    )
)
# Formats whose header or label names the files of its pixels, wherever they lie.
LABELS = frozenset(
    (
        *("ISIS2", "ISIS3", "PDS", "PDS4", "VICAR", "ISCE", "ROI_PAC", "MAP", "OZI", "ERS"),
        *("RPFTOC", "ECRGTOC", "PCIDSK", "SNODAS", "GenBin", "RRASTER", "PAux", "ILWIS", "MFF"),
        *("MFF2", "FAST", "NDF", "GSC", "CPG", "AirSAR", "EIR", "NSIDCbin"),
    )
)
VRT = "VRT"
# A VRT says near its beginning that it is one, as GDAL has it.
VRT_MARK = b"<VRTDataset"
SNIFFED_BYTES = 1024
# How texts begin that stand for services, or for tiles that lie elsewhere.
SERVICES = (b"<GDAL_WMS", b"<GDAL_WMTS", b"<WCS_GDAL", b"<MRF_META", b"<GDALTileIndex", b"<Capab")
# How overviews and masks beside a raster begin: TIFF of either order and size, Imagine.
PLAIN_BESIDE = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")
BESIDE = (".ovr", ".msk")
# What a sidecar in XML may name: overviews in any file, and a VRT within it.
NAMES_FILES = re.compile(rb"OVERVIEW_FILE|SourceFilename|SourceDataset|VRTDataset|/vsi|GDAL_WMS")
OWN_OVERVIEWS = ":::BASE:::"
HOW = f"say --follow (or set {FOLLOW}=1) to have what it names read"


def follows() -> bool:
    """Whether a person has asked that what files name is read."""
    return os.environ.get(FOLLOW, "") not in ("", "0")


def drivers_for(opened_as: str) -> tuple[str, ...] | None:
    """GDAL's names of the formats that a source may be of; None: any.

    Args:
        opened_as: what GDAL opens: path, address, or a VRT in XML, which is one of ours.

    Raises:
        DataError: it names what lies elsewhere, or what lies beside it does.
    """
    if follows():
        return None
    if opened_as.startswith("<"):
        return (VRT,)
    start = start_of(opened_as)
    if VRT_MARK in start or _is_listed_vrt(opened_as):
        _check_vrt(opened_as)
        return allowed_drivers(with_vrt=True)
    check_start(start)
    _check_beside(opened_as)
    return allowed_drivers(with_vrt=False)


@lru_cache(2)
def allowed_drivers(*, with_vrt: bool) -> tuple[str, ...]:
    """Formats that name nothing beside themselves, and a VRT if it is one that may be read."""
    # rasterio does not type it.
    import rasterio

    environment: Callable[[], AbstractContextManager[Any]] = rasterio.Env
    with environment() as opened:
        names = set(opened.drivers())
    left_out = {*ELSEWHERE, *LABELS}
    if not with_vrt:
        left_out.add(VRT)
    return tuple(sorted(names - left_out))


def start_of(path: str) -> bytes:
    """The first bytes of a local file; none of what is no file."""
    if not path.startswith("/") or path.startswith("/vsi"):
        return b""
    try:
        with Path(path).open("rb") as file:
            return file.read(SNIFFED_BYTES)
    except (OSError, ValueError):
        # Opening it says what is wrong.
        return b""


def check_start(start: bytes) -> None:
    """Check that a file that begins so is no text that stands for a service.

    Raises:
        DataError: it is.
    """
    if any(sign in start for sign in SERVICES):
        raise DataError(
            "it holds no pixels, but names a service or tiles that lie elsewhere, which are not"
            f" asked for; {HOW}"
        )


def check_overviews(dataset: "DatasetReader") -> None:
    """Check that an opened raster has its overviews in itself; they are opened when first asked.

    Raises:
        DataError: it names another file for them.
    """
    named = str(dataset.tags(ns="OVERVIEWS").get("OVERVIEW_FILE", ""))
    if named and not named.startswith(OWN_OVERVIEWS) and not follows():
        raise DataError(f"it names another file for its overviews, {named[:200]}; {HOW}")


def _is_listed_vrt(opened_as: str) -> bool:
    """Whether an object of a bucket is a VRT, by its name: its first bytes would be a request."""
    return opened_as.lower().endswith(".vrt") and bool(address_opened(opened_as))


def _check_vrt(vrt: str) -> None:
    """Check that a VRT names what lies in its folder or below, of formats that name nothing."""
    for name, path in reached_by(address_opened(vrt) or vrt):
        if not path:
            raise DataError(
                f"it is a virtual raster (VRT) that names {name[:200]}; without --follow, what lies"
                f" in its own folder is read alone; {HOW}"
            )
        start = start_of(path)
        # What it names may be such a text again, whatever it is called.
        if VRT_MARK in start and Path(path) != Path(vrt):
            raise DataError(f"it is a virtual raster (VRT) of another VRT, {name[:200]}; {HOW}")
        check_start(start)
        _check_beside(path)


def _check_beside(path: str) -> None:
    """Check that the files beside a local raster that GDAL opens by themselves name nothing."""
    if not path.startswith("/") or path.startswith("/vsi"):
        return
    for suffix in BESIDE:
        start = start_of(path + suffix)
        if start and not start.startswith(PLAIN_BESIDE):
            raise DataError(
                f"the file {Path(path).name}{suffix} beside it is no TIFF, and may name others;"
                f" remove it, or {HOW}"
            )
    for named in _xml_beside(path):
        raise DataError(
            f"the file {Path(path).name}.aux.xml beside it names other files ({named}); remove it,"
            f" or {HOW}"
        )


def _xml_beside(path: str) -> Iterator[str]:
    """What makes a sidecar in XML one that names files."""
    try:
        content = Path(path + ".aux.xml").read_bytes()
    except (OSError, ValueError):
        return
    for found in NAMES_FILES.finditer(content):
        # Overviews that GDAL built itself are named by what they belong to.
        after = content[found.end() : found.end() + 40]
        if found[0] != b"OVERVIEW_FILE" or OWN_OVERVIEWS.encode() not in after:
            yield found[0].decode()
