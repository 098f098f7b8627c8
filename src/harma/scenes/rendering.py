"""Any picture or raster as 8-bit RGB: plain pictures by Pillow, all else as an index reads it.

Embedding, classifying, training and searches by example read files with this; so a 16-bit GeoTIFF
is the same picture to all of them.
"""

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from PIL import Image, TiffImagePlugin

from harma.errors import DataError, HarmaError, MissingFileError
from harma.scenes.picture import DECODING_ERRORS, open_header, read_image

if TYPE_CHECKING:
    # It takes rasterio, which is no part of the plain install.
    from harma.scenes.raster import Reading

# Longer side of a scene that is read as one picture; models take a few hundred pixels.
MOST_SIDE = 2048
# Addresses, also as pathlib writes them, with one slash.
ADDRESS = re.compile(r"^(https?|ftp|s3|gs|az|abfs):/|^/vsi[a-z0-9_]+/", re.IGNORECASE)
# First bytes of pictures that never have more than 8 bits; a PNG says it a little later.
ALWAYS_8_BIT = (b"\xff\xd8\xff", b"GIF8", b"BM")
PNG = b"\x89PNG\r\n\x1a\n"
PNG_DEPTH_AT = 24
HEAD_BYTES = 32
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
        if not path.is_file():
            return True
        with path.open("rb") as file:
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
    # Of colours with 16 bits Pillow gives the upper 8 alone.
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        depths: tuple[int, ...] = image.tag_v2.get(TiffImagePlugin.BITSPERSAMPLE, (1,))
        return max(depths) <= 8
    return True


def _read_scene(path: Path, reading: "Reading | None") -> Image.Image:
    """A file as an index reads it; by Pillow where GDAL is not installed, or cannot read it."""
    try:
        from harma.scenes.edge import gdal_settings, open_dataset
        from harma.scenes.raster import open_scene
    except ImportError as error:
        return _by_pillow(path, "install harma[search], which reads rasters", error)
    # Absolute: no name of a file is then taken for one of GDAL's own (NETCDF:…).
    source = str(path.absolute())
    try:
        with gdal_settings(), open_dataset(source):
            pass
    except HarmaError:
        # Pillow reads formats that GDAL does not know, and says best what is wrong with others.
        return read_image(path)
    with open_scene(source, reading) as scene:
        return Image.fromarray(scene.overview(MOST_SIDE))


def _by_pillow(path: Path, remedy: str, cause: Exception) -> Image.Image:
    try:
        return read_image(path)
    except DataError as error:
        raise DataError(f"{error.problem}; or {remedy}", source=error.source) from cause
