"""Rasters that may be opened while serving: none that reaches elsewhere (VRT, WMS, the network).

A raster is whatever GDAL takes for one: a text that names other files, or addresses that are then
asked. Only indexed scenes are opened, and of those only what their index knew: formats that fetch
are left out, a VRT may name the files alone that were indexed with it, and what lies on this
machine reaches no network.
"""

import os
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import rasterio
from rasterio.io import DatasetReader

from harma.errors import DataError
from harma.scenes.edge import gdal_settings, open_dataset
from harma.scenes.reach import SERVICES, VRT_MARK, allowed_drivers, start_of
from harma.scenes.sidecars import NO_ADDRESS, ONLY_THESE, asked_for, how_to_look, is_remote
from harma.scenes.source import Source
from harma.scenes.stacking import VRT_START
from harma.scenes.vrt_parts import strangers_in

# Of blocks of files that GDAL keeps; of itself it takes a twentieth of the machine's memory.
BLOCKS_MB = 256


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
        with _environment(**{ONLY_THESE: NO_ADDRESS}):
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
    is_vrt = is_own or VRT_MARK in start_of(opened_as)
    for path in [opened_as, *source.files]:
        start = start_of(path)
        is_stranger = VRT_MARK in start and strangers_in(path, source.files)
        # GDAL opens parts of a VRT in any format.
        if is_stranger or (is_vrt and any(sign in start for sign in SERVICES)):
            raise DataError(
                "it is a VRT that names what was not indexed with it, and is not shown; index the"
                " files that it is made of"
            )
    return open_dataset(opened_as, drivers=allowed_drivers(with_vrt=is_vrt))


def _environment(**settings: str) -> AbstractContextManager[Any]:
    # rasterio does not type it.
    environment: Callable[..., AbstractContextManager[Any]] = rasterio.Env
    return environment(**settings)
