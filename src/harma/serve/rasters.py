"""Rasters that may be opened while serving: none that reaches elsewhere (VRT, WMS, the network).

A raster is whatever GDAL takes for one: a text that names other files, or addresses that are then
asked. Only indexed scenes are opened, and of those only what their index knew: formats that fetch
are left out, a VRT may name the files alone that were indexed with it, and what lies on this
machine reaches no network.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import rasterio
from rasterio.io import DatasetReader

from harma.errors import DataError
from harma.scenes.edge import gdal_settings, open_dataset
from harma.scenes.sidecars import asked_for, how_to_look, is_remote
from harma.scenes.source import Source
from harma.scenes.stacking import VRT_START
from harma.scenes.vrt_parts import strangers_in

# GDAL's names of formats that fetch what they show, or show what another file or service has.
ELSEWHERE = frozenset(
    (
        *("WMS", "WMTS", "WCS", "HTTP", "OGCAPI", "PLMOSAIC", "EEDA", "EEDAI", "DAAS"),
        *("STACIT", "STACTA", "GTI", "MRF", "KMLSUPEROVERLAY", "DERIVED", "Rasterlite"),
    )
)
# Of blocks of files that GDAL keeps; of itself it takes a twentieth of the machine's memory.
BLOCKS_MB = 256
# Nothing is called so: an address that GDAL would fetch must end with it.
NO_ADDRESS = "{no address}"
# How texts begin that stand for services, or for tiles that lie elsewhere.
SERVICES = (b"<GDAL_WMS", b"<GDAL_WMTS", b"<WCS_GDAL", b"<MRF_META", b"<GDALTileIndex")
# A VRT says near its beginning that it is one, as GDAL has it.
SNIFFED_BYTES = 1024


def bound_blocks() -> None:
    """Bound the memory of what GDAL keeps of files, of all scenes together.

    It is heeded by whoever calls it before the first raster is opened; what the environment says
    goes before.
    """
    os.environ.setdefault("GDAL_CACHEMAX", str(BLOCKS_MB))


@contextmanager
def serving_settings(opened_as: str, files: Collection[str] = ()) -> Iterator[None]:
    """GDAL's settings while a scene is opened or read for a client.

    Args:
        opened_as: what GDAL opens.
        files: of its source.
    """
    with gdal_settings(how_to_look(opened_as, files), asked_for(opened_as, files)):
        if is_remote(opened_as):
            yield
            return
        with _environment(CPL_VSIL_CURL_ALLOWED_EXTENSIONS=NO_ADDRESS):
            yield


def open_raster(source: Source) -> DatasetReader:
    """Open an indexed scene; call it, and read what it gives, within `serving_settings`.

    Raises:
        MissingFileError: it is not there any more.
        DataError: it cannot be read, or reaches for what was not indexed with it.
    """
    opened_as = source.opened_as
    # What HarMA put together is a VRT too, of files as others are.
    is_own = opened_as.startswith(VRT_START)
    is_vrt = is_own or _is_vrt(_start(opened_as))
    for path in [opened_as, *source.files]:
        start = _start(path)
        is_stranger = _is_vrt(start) and strangers_in(path, source.files)
        # GDAL opens parts of a VRT in any format.
        if is_stranger or (is_vrt and any(sign in start for sign in SERVICES)):
            raise DataError(
                "it is a VRT that names what was not indexed with it, and is not shown; index the"
                " files that it is made of"
            )
    return open_dataset(opened_as, drivers=_drivers(is_vrt))


@lru_cache(2)
def _drivers(with_vrt: bool) -> tuple[str, ...]:
    """Formats that may be opened."""
    with _environment() as environment:
        names = set(environment.drivers())
    left_out = set(ELSEWHERE)
    if not with_vrt:
        left_out.add("VRT")
    return tuple(sorted(names - left_out))


def _start(path: str) -> bytes:
    """The first bytes of a local file; none of what is no file."""
    if not path.startswith("/") or path.startswith("/vsi"):
        return b""
    try:
        with Path(path).open("rb") as file:
            return file.read(SNIFFED_BYTES)
    except OSError:
        # Opening it says what is wrong.
        return b""


def _is_vrt(start: bytes) -> bool:
    """Whether a file that begins so is a VRT, whatever it is called."""
    return VRT_START.encode() in start


def _environment(**settings: str) -> AbstractContextManager[Any]:
    # rasterio does not type it.
    environment: Callable[..., AbstractContextManager[Any]] = rasterio.Env
    return environment(**settings)
