"""Any picture or raster as 8-bit RGB: plain pictures by Pillow, all else as an index reads it.

Embedding, classifying, training and searches by example read files with this; so a 16-bit GeoTIFF
is the same picture to all of them.
"""

import logging
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, TiffImagePlugin

from harma.errors import DataError, HarmaError, MissingFileError
from harma.ground.tar_members import gdal_name, is_there, open_binary
from harma.scenes.bands import Bands
from harma.scenes.picture import DECODING_ERRORS, open_header, picture_size, read_image
from harma.scenes.ranges import spread
from harma.scenes.stretch_rule import AUTO_RULE, StretchRule

if TYPE_CHECKING:
    # It takes rasterio, which is no part of the plain install.
    from harma.scenes.reading import Reading
    from harma.scenes.scene import Scene, SceneFacts

logger = logging.getLogger(__name__)

# Longer side of a scene that is read as one picture; models take a few hundred pixels.
MOST_SIDE = 2048
# Files of a sample, for the range of all.
SAMPLE_FILES = 64
# Addresses, also as pathlib writes them, with one slash.
ADDRESS = re.compile(r"^(https?|ftp|s3|gs|az|abfs):/|^/vsi[a-z0-9_]+/", re.IGNORECASE)
# First bytes of pictures that never have more than 8 bits; a PNG says it a little later.
ALWAYS_8_BIT = (b"\xff\xd8\xff", b"GIF8", b"BM")
PNG = b"\x89PNG\r\n\x1a\n"
PNG_DEPTH_AT = 24
HEAD_BYTES = 32
# TIFF tags of a place: pixel scale, tie points, transformation.
GEOREFERENCE_TAGS = (33550, 33922, 34264)
# Modes of Pillow whose values are 8 bit, or fewer.
EIGHT_BIT_MODES = ("1", "L", "LA", "P", "PA", "RGB", "RGBA", "RGBX", "CMYK", "YCbCr", "LAB")


def read_rgb(
    path: str | os.PathLike[str], reading: "Reading | None" = None, *, as_scene: bool = False
) -> Image.Image:
    """Read any picture or raster as 8-bit RGB.

    Args:
        path: of the file.
        reading: how rasters are read; None: as a new index reads them, each by itself.
        as_scene: read plain pictures too as an index reads them: with their nodata, and the bands
            that are asked for.

    Returns:
        The whole of it; a raster of more than `MOST_SIDE` pixels along a side is thinned out.

    Raises:
        MissingFileError: there is no such file, or it is a directory or an address.
        DataError: it cannot be read; the message says why.
    """
    check_no_address(path)
    path = Path(path)
    if not as_scene and is_plain_picture(path):
        return read_image(path)
    return _read_scene(path, reading)


def read_seen(
    path: str | os.PathLike[str], reading: "Reading | None", *, as_scene: bool = False
) -> "Image.Image | NDArray[np.float32]":
    """Read a file as a model sees it: a picture, or the values of the bands that it reads.

    Args:
        path: of the file.
        reading: how; its `values` say which of the two.
        as_scene: as of `read_rgb`.

    Raises:
        MissingFileError, DataError: as of `read_rgb` and `read_values`.
    """
    if reading is not None and reading.values is not None:
        return read_values(path, reading)
    return read_rgb(path, reading, as_scene=as_scene)


def read_values(path: str | os.PathLike[str], reading: "Reading") -> NDArray[np.float32]:
    """Read a raster as a model of several bands sees it.

    Args:
        path: of the file.
        reading: how; its `values` say which bands.

    Returns:
        float32 (H, W, N) in the model's unit, NaN where there is no data; a raster of more than
        `MOST_SIDE` pixels along a side is thinned out.

    Raises:
        MissingFileError: there is no such file, or it is a directory or an address.
        DataError: it cannot be read, or lacks a band; the message says why.
    """
    check_no_address(path)
    path = Path(path)
    with _opened(path, reading) as scene:
        if scene is not None:
            return scene.overview_of_values(MOST_SIDE)
    # Pillow says best what is wrong with it; what it reads has no bands by name.
    read_image(path)
    assert reading.values is not None
    raise DataError(
        f"image {path}: it is a picture of colours, and the model reads {reading.values}; give a"
        " raster with these bands (rasters are read with harma[search] installed)"
    )


def reading_of(
    paths: Sequence[str | os.PathLike[str]],
    rule: StretchRule | None = None,
    trained: Mapping[str, Any] | None = None,
    bands: str | Bands = "auto",
) -> "Reading | None":
    """How files that belong together are read: all rasters of a kind in one range.

    Args:
        paths: of pictures and rasters.
        rule: which values become black and white; None: the range of the sensor, or percentiles
            over a sample of the files.
        trained: how the training images of the model that sees them were read, as plain values.
        bands: as of `Reading`.

    Returns:
        What `read_rgb` takes; None where all are plain pictures, or what reads rasters is not
        installed.
    """
    rasters = [path for path in spread(paths, SAMPLE_FILES) if not is_plain_picture(Path(path))]
    if not rasters and rule is None:
        return None
    try:
        from harma.scenes.reading import Reading
        from harma.scenes.reading_values import as_trained
        from harma.scenes.sampling import sample_ranges
    except ImportError:
        return None
    reading = as_trained(Reading(bands, rule or AUTO_RULE), trained)
    sources = [gdal_name(Path(path).absolute()) for path in rasters]
    found = sample_ranges(sources, reading)
    return replace(reading, ranges=(*reading.ranges, *found))


def size_of(path: Path) -> tuple[int, int]:
    """Width and height of any picture or raster, from what it says of itself alone.

    Raises:
        MissingFileError: there is no such file.
        DataError: it cannot be read.
    """
    if is_plain_picture(path):
        return picture_size(path)
    with _opened(path, None, survey=True) as scene:
        if scene is None:
            return picture_size(path)
        return scene.facts.width, scene.facts.height


def check_no_address(path: str | os.PathLike[str]) -> None:
    """Check that a picture is named by a file.

    Raises:
        MissingFileError: it is an address.
    """
    name = os.fspath(path)
    if ADDRESS.match(name):
        raise MissingFileError(
            f"image {name}: addresses are not read here; save it as a file, and name that"
        )


def is_plain_picture(path: Path) -> bool:
    """Whether Pillow reads all there is: 8 bits, and bands that are colours.

    What is not there, empty or no file counts as plain: `read_image` says best what is wrong.
    """
    try:
        # Opening a pipe would wait for ever.
        if not is_there(path):
            return True
        with open_binary(path) as file:
            head = file.read(HEAD_BYTES)
            if head.startswith(PNG):
                return head[PNG_DEPTH_AT : PNG_DEPTH_AT + 1] <= b"\x08"
            if not head or head.startswith(ALWAYS_8_BIT):
                return True
            file.seek(0)
            return _has_8_bits(open_header(file))
    except (Image.DecompressionBombError, *DECODING_ERRORS):
        return False


def _has_8_bits(image: Image.Image) -> bool:
    if image.format == "JPEG2000" or image.mode not in EIGHT_BIT_MODES:
        return False
    if not isinstance(image, TiffImagePlugin.TiffImageFile):
        return True
    # A palette that Pillow overlooks: GDAL writes one into files that it began as grey ones.
    if image.mode == "L" and TiffImagePlugin.COLORMAP in image.tag_v2:
        return False
    # Of colours with 16 bits Pillow gives the upper 8 alone, and of four bands the first three.
    depths: tuple[int, ...] = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
    is_georeferenced = any(tag in image.tag_v2 for tag in GEOREFERENCE_TAGS)
    return max(depths) <= 8 and not (len(depths) > 3 and is_georeferenced)


def _read_scene(path: Path, reading: "Reading | None") -> Image.Image:
    """A file as an index reads it."""
    with _opened(path, reading) as scene:
        if scene is not None:
            _tell_of_range(scene.facts, reading)
            return Image.fromarray(scene.overview(MOST_SIDE))
    return read_image(path)


def _tell_of_range(facts: "SceneFacts", reading: "Reading | None") -> None:
    """Say where a raster is shown in a range of its own beside others that have one."""
    if reading is None or not facts.kind:
        return
    if all(known.kind != facts.kind for known in reading.ranges):
        logger.warning(
            "%s: no range is known of its kind (%s); it is shown from %s, by its own values",
            facts.source,
            facts.kind,
            facts.stretch,
        )


@contextmanager
def _opened(
    path: Path, reading: "Reading | None", *, survey: bool = False
) -> "Iterator[Scene | None]":
    """A file as a scene, or None where Pillow has to try.

    That is where GDAL is not installed, or does not know the format: of a file that is none,
    Pillow's reader says best what is wrong.
    """
    try:
        from harma.scenes.edge import gdal_settings, naming, open_dataset
        from harma.scenes.raster import open_scene
        from harma.scenes.trial import check_decodes
    except ImportError:
        logger.warning("%s: rasters are read right with harma[search] installed", path)
        yield None
        return
    # Absolute: no name of a file is then taken for one of GDAL's own (NETCDF:…).
    source = gdal_name(path.absolute())
    with naming(source):
        check_decodes(source)
    try:
        with gdal_settings(), open_dataset(source):
            pass
    except HarmaError:
        yield None
        return
    with open_scene(source, reading, survey=survey) as scene:
        yield scene
