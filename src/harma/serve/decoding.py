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
from dataclasses import asdict, dataclass
from io import BytesIO
from typing import IO

from PIL import Image

from harma.errors import DataError
from harma.ground.apart import limit_process
from harma.scenes.picture import DECODING_ERRORS, to_rgb, upright

# Longer side of what is given on, pixels: more than any model sees.
MOST_SIDE = 1024
# Before each picture: its format, padded, and its number of bytes.
REQUEST = struct.Struct(">8sQ")


@dataclass(frozen=True)
class Decoded:
    """What became of a picture.

    Attributes:
        width: of the reduced picture, whose RGB bytes follow; 0 where there is none.
        height: of it.
        problem: why there is none.
        is_too_large: whether it has too many pixels.
    """

    width: int = 0
    height: int = 0
    problem: str = ""
    is_too_large: bool = False


def decode(body: bytes, kind: str, most_pixels: int) -> tuple[Decoded, bytes]:
    """Decode a picture and reduce it: upright, RGB, of several pages or frames the first.

    Args:
        body: its bytes.
        kind: its format as Pillow calls it.
        most_pixels: that it may have, by its header.

    Returns:
        What became of it, and its RGB bytes.
    """
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


def read_answer(answers: IO[bytes]) -> tuple[Decoded, bytes]:
    """Read what became of a picture: a line of JSON, then its RGB bytes.

    Raises:
        EOFError: the process has ended.
    """
    line = answers.readline(4096)
    if not line.endswith(b"\n"):
        raise EOFError
    decoded = Decoded(**json.loads(line))
    size = 3 * decoded.width * decoded.height
    # Also the process that decodes is not trusted.
    pixels = answers.read(min(size, 3 * MOST_SIDE * MOST_SIDE))
    if len(pixels) != size:
        raise EOFError
    return decoded, pixels


def _allow_seconds(seconds: int) -> None:
    """Let this process compute so long from now on; then it is killed."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    until = int(usage.ru_utime + usage.ru_stime) + 1 + seconds
    _, hard = resource.getrlimit(resource.RLIMIT_CPU)
    resource.setrlimit(resource.RLIMIT_CPU, (until, hard))


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
        decoded, pixels = decode(body, kind.decode().strip(), most_pixels)
        answers.write(json.dumps(asdict(decoded)).encode() + b"\n" + pixels)
        answers.flush()


if __name__ == "__main__":
    main()
