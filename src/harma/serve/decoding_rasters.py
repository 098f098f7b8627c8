"""Uploaded rasters: a GeoTIFF of a client as its values, or as a picture, read from memory.

All of it runs in the process that decodes (`harma.serve.decoding`). GDAL is given GeoTIFF alone: no
format that names other files or addresses.
"""

import json
import struct
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harma.errors import DataError

if TYPE_CHECKING:
    from rasterio.io import DatasetReader

    from harma.scenes.reading import Reading

# Before a raster in a request: the number of bytes of how it is read, as JSON.
LENGTH = struct.Struct(">I")
COLORS = 3
# In GDAL's memory, of which messages may speak.
NAME = "upload.tif"


def raster_size(body: bytes) -> tuple[int, int] | None:
    """Width and height of a raster that has more than a picture: other bands, or more than 8 bits.

    Args:
        body: bytes of a TIFF.

    Returns:
        None: it is a plain picture, or no raster that is read.
    """
    try:
        with _opened(body) as dataset:
            is_8_bit = all(kind == "uint8" for kind in dataset.dtypes)
            if is_8_bit and dataset.count <= COLORS:
                return None
            return dataset.width, dataset.height
    except DataError:
        return None


def asking(body: bytes, reading: "Reading") -> bytes:
    """The request for a raster as an index reads it; `seen_of` answers it."""
    from harma.scenes.reading_values import reading_values

    said = json.dumps(reading_values(reading)).encode()
    return LENGTH.pack(len(said)) + said + body


def seen_of(request: bytes, most_side: int) -> NDArray[Any]:
    """A raster as the model of an index sees it, thinned out where it is large.

    Args:
        request: of `asking`.
        most_side: longest side of what is given, pixels.

    Returns:
        float32 (H, W, N) where the model reads bands, else uint8 (H, W, 3).

    Raises:
        DataError: it cannot be read, or lacks a band.
    """
    from harma.scenes.raster import scene_of
    from harma.scenes.reading_values import reading_of_values

    (length,) = LENGTH.unpack_from(request)
    said = request[LENGTH.size : LENGTH.size + length]
    reading = reading_of_values(json.loads(said))
    with _opened(request[LENGTH.size + length :]) as dataset:
        scene = scene_of(dataset, dataset.name, reading)
        if reading.values is None:
            return scene.overview(most_side)
        return scene.overview_of_values(most_side)


@contextmanager
def _opened(body: bytes) -> Iterator["DatasetReader"]:
    # Late: pictures are decoded without GDAL.
    from rasterio import io

    from harma.scenes.edge import gdal_settings, open_dataset

    # rasterio does not type it.
    in_memory: Callable[..., AbstractContextManager[Any]] = io.MemoryFile
    # Nothing is beside it, and nothing is looked for.
    with (
        gdal_settings("EMPTY_DIR"),
        in_memory(body, filename=NAME) as memory,
        open_dataset(memory.name, drivers=["GTiff"]) as dataset,
    ):
        yield dataset


def array_of(values: bytes, width: int, height: int, bands: int) -> NDArray[np.float32]:
    """Values that came over the pipe: float32 (H, W, N)."""
    return np.frombuffer(values, np.float32).reshape(height, width, bands)
