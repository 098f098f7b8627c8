"""Decodes uploaded pictures in a process of its own, with limits of memory, time and files.

`python -m harma.serve.decoding PIXELS BYTES SECONDS` reads pictures from its standard input and
writes what they become to its standard output, one after another; see `read_answer`. Bytes of
strangers are decoded here and nowhere else: what a decoder does wrong ends this process, not the
server.
"""

import json
import resource
import struct
import sys
from dataclasses import asdict, dataclass, replace
from io import BytesIO
from typing import IO

import numpy as np
from PIL import Image

from harma.errors import DataError, HarmaError
from harma.ground.apart import limit_process
from harma.scenes.picture import DECODING_ERRORS, to_rgb, upright
from harma.serve.decoding_rasters import COLORS, raster_size, seen_of

# Longer side of what is given on, pixels: more than any model sees.
MOST_SIDE = 1024
# Before each picture: its format, padded, and its number of bytes.
REQUEST = struct.Struct(">8sQ")
# Formats as Pillow calls them: the one of rasters, and what asks for one of these as a model sees
# it.
TIFF = "TIFF"
SEEN = "SEEN"
BYTES_OF_VALUE = 4
# More than any sensor has that a model reads.
MOST_BANDS = 64


@dataclass(frozen=True)
class Decoded:
    """What became of a picture.

    Attributes:
        width: of the reduced picture, whose RGB bytes follow; 0 where there is none.
        height: of it.
        problem: why there is none.
        is_too_large: whether it has too many pixels.
        bands: whose values follow in place of RGB, as float32; 0: it is a picture.
        raster: width and height of the raster that was sent, where it is one: it is kept, and may
            be no picture.
    """

    width: int = 0
    height: int = 0
    problem: str = ""
    is_too_large: bool = False
    bands: int = 0
    raster: tuple[int, int] | None = None

    @property
    def num_bytes(self) -> int:
        """Of what follows."""
        of_pixel = BYTES_OF_VALUE * self.bands or COLORS
        return self.width * self.height * of_pixel


def decode(body: bytes, kind: str, most_pixels: int) -> tuple[Decoded, bytes]:
    """Decode a picture and reduce it: upright, RGB, of several pages or frames the first.

    A TIFF of bands or of more than 8 bits is a raster too, and need be no picture.

    Args:
        body: its bytes.
        kind: its format as Pillow calls it.
        most_pixels: that it may have, by its header.

    Returns:
        What became of it, and its RGB bytes.
    """
    decoded, pixels = _as_picture(body, kind, most_pixels)
    if kind != TIFF or decoded.is_too_large:
        return decoded, pixels
    raster = raster_size(body)
    if raster is None:
        return decoded, pixels
    width, height = raster
    if width * height > most_pixels:
        return _too_large(width, height, most_pixels), b""
    return replace(decoded, problem="", raster=raster), pixels


def _as_picture(body: bytes, kind: str, most_pixels: int) -> tuple[Decoded, bytes]:
    try:
        with Image.open(BytesIO(body), formats=[kind]) as image:
            width, height = image.size
            if width * height > most_pixels:
                return _too_large(width, height, most_pixels), b""
            # A JPEG is decoded at a half, a quarter or an eighth of its size.
            image.draft(None, (MOST_SIDE, MOST_SIDE))
            image.load()
            reduced = to_rgb(upright(image))
    except DataError as error:
        return Decoded(problem=error.problem), b""
    except Image.DecompressionBombError:
        return Decoded(problem="it has far too many pixels", is_too_large=True), b""
    except MemoryError:
        return Decoded(problem="it takes too much memory to decode"), b""
    except DECODING_ERRORS:
        # Not what the decoder says: it speaks of the inside of this machine.
        return Decoded(problem="it is damaged or incomplete, or of a kind that is not read"), b""
    reduced.thumbnail((MOST_SIDE, MOST_SIDE), Image.Resampling.LANCZOS)
    return Decoded(reduced.width, reduced.height), reduced.tobytes()


def _too_large(width: int, height: int, most_pixels: int) -> Decoded:
    return Decoded(
        problem=f"it has {width}×{height} pixels; at most {most_pixels:,} are read",
        is_too_large=True,
    )


def see(request: bytes) -> tuple[Decoded, bytes]:
    """A raster as a model sees it: what became of it, and its bytes.

    Args:
        request: of `decoding_rasters.asking`.
    """
    try:
        seen = seen_of(request, MOST_SIDE)
    except HarmaError as error:
        return Decoded(problem=error.problem), b""
    except MemoryError:
        return Decoded(problem="it takes too much memory to read"), b""
    bands = 0
    if seen.dtype == np.float32:
        bands = seen.shape[-1]
    return Decoded(seen.shape[1], seen.shape[0], bands=bands), seen.tobytes()


def read_answer(answers: IO[bytes]) -> tuple[Decoded, bytes]:
    """Read what became of a picture: a line of JSON, then its bytes, RGB or values.

    Raises:
        EOFError: the process has ended.
    """
    line = answers.readline(4096)
    if not line.endswith(b"\n"):
        raise EOFError
    decoded = Decoded(**json.loads(line))
    # Also the process that decodes is not trusted.
    most = BYTES_OF_VALUE * MOST_BANDS * MOST_SIDE * MOST_SIDE
    pixels = answers.read(min(decoded.num_bytes, most))
    if len(pixels) != decoded.num_bytes:
        raise EOFError
    return decoded, pixels


def _allow_seconds(seconds: int) -> None:
    """Let this process compute so long from now on; then it is killed."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


def _answer(body: bytes, kind: str, most_pixels: int) -> tuple[Decoded, bytes]:
    if kind == SEEN:
        return see(body)
    return decode(body, kind, most_pixels)


def main() -> None:
    """Decode pictures until there are no more."""
    most_pixels, most_bytes, seconds = (int(text) for text in sys.argv[1:4])
    requests = sys.stdin.buffer
    answers = sys.stdout.buffer
    # Pillow learns its formats before memory is limited.
    Image.init()
    limit_process(most_bytes)
    while head := requests.read(REQUEST.size):
        kind, num_bytes = REQUEST.unpack(head)
        _allow_seconds(seconds)
        body = requests.read(num_bytes)
        decoded, pixels = _answer(body, kind.decode().strip(), most_pixels)
        answers.write(json.dumps(asdict(decoded)).encode() + b"\n" + pixels)
        answers.flush()


if __name__ == "__main__":
    main()
