"""Rasters that may be opened while serving: none that reaches elsewhere (VRT, WMS, the network).

A raster is whatever GDAL takes for one: a text that names other files, or addresses that are then
asked. Only indexed scenes are opened, and of those only what their index knew: formats that fetch
are left out, a VRT may name the files alone that were indexed with it, and what lies on this
machine reaches no network.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

import rasterio
from rasterio.io import DatasetReader

from harma.errors import DataError
from harma.scenes.edge import gdal_settings, open_dataset
from harma.scenes.sidecars import how_to_look, is_remote
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
# Nothing is called so: an address that GDAL would fetch must end with it.
NO_ADDRESS = "{no address}"
# A VRT says near its beginning that it is one, as GDAL has it.
SNIFFED_BYTES = 1024


@contextmanager
def serving_settings(opened_as: str) -> Iterator[None]:
    """GDAL's settings while a scene is opened or read for a client.

    Args:
        opened_as: what GDAL opens.
    """
    with gdal_settings(how_to_look(opened_as)):
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
    is_vrt = is_own or _is_vrt(opened_as)
    for path in [opened_as, *source.files]:
        if _is_vrt(path) and strangers_in(path, source.files):
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


def _is_vrt(path: str) -> bool:
    """Whether a local file is a VRT, whatever it is called."""
    if not path.startswith("/") or path.startswith("/vsi"):
        return False
    try:
        with Path(path).open("rb") as file:
            start = file.read(SNIFFED_BYTES)
    except OSError:
        # Opening it says what is wrong.
        return False
    return VRT_START.encode() in start


def _environment(**settings: str) -> AbstractContextManager[Any]:
    # rasterio does not type it.
    environment: Callable[..., AbstractContextManager[Any]] = rasterio.Env
    return environment(**settings)
