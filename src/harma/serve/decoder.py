"""The process that decodes uploads, as the server sees it: started, timed, killed, replaced."""

import logging
import subprocess
import threading
from dataclasses import dataclass
from typing import IO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.errors import QueryError, TooLargeError
from harma.ground.apart import command_of, environment_of
from harma.scenes.reading import Reading
from harma.serve.decoding import REQUEST, SEEN, Decoded, read_answer
from harma.serve.decoding_rasters import array_of, asking

logger = logging.getLogger(__name__)

MEGA = 1 << 20
# Measured: 25 megapixels of 16 bits or of floats take 620 MB on their way to RGB.
MOST_BYTES = 800 * MEGA
# Of computing, for one picture: 25 megapixels of a PNG take one.
CPU_SECONDS = 10
# Of waiting, for one picture, also where other programs have the cores.
SECONDS = 30.0
# Pictures after which the process is replaced, so that nothing that it leaks grows.
PICTURES_EACH = 200
UNREADABLE = "the picture cannot be read: {}. Save it as PNG or JPEG and send it again"


@dataclass(frozen=True)
class Sent:
    """What was sent.

    Attributes:
        picture: RGB; None: it is a raster alone.
        raster: width and height of a raster, which `Decoder.seen` reads; None: it is a picture.
    """

    picture: Image.Image | None
    raster: tuple[int, int] | None


class Decoder:
    """Decodes pictures of strangers in a process of its own, one at a time; threads share it.

    The process starts with the first picture.

    Args:
        most_pixels: that a picture may have, by its header.
        most_bytes: of memory that the process may take beside its own.
        cpu_seconds: that it may compute for a picture.
        seconds: that a picture may take in all.
        pictures_each: after so many the process is replaced.
    """

    def __init__(
        self,
        most_pixels: int,
        *,
        most_bytes: int = MOST_BYTES,
        cpu_seconds: int = CPU_SECONDS,
        seconds: float = SECONDS,
        pictures_each: int = PICTURES_EACH,
    ) -> None:
        self.seconds = seconds
        self.pictures_each = pictures_each
        self._limits = [str(most_pixels), str(most_bytes), str(cpu_seconds)]
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._num_pictures = 0

    def decode(self, body: bytes, kind: str) -> Sent:
        """A picture, reduced, as RGB, or a raster, which need be none.

        Args:
            body: its bytes.
            kind: its format as Pillow calls it.

        Raises:
            TooLargeError: it has too many pixels.
            QueryError: it cannot be decoded, or takes too much memory or time.
        """
        with self._lock:
            decoded, pixels = self._asked(body, kind)
        if decoded.is_too_large:
            raise TooLargeError(f"the picture is too large: {decoded.problem}; make it smaller")
        if decoded.problem:
            raise QueryError(UNREADABLE.format(decoded.problem))
        if not pixels:
            return Sent(None, decoded.raster)
        picture = Image.frombytes("RGB", (decoded.width, decoded.height), pixels)
        return Sent(picture, decoded.raster)

    def seen(self, body: bytes, reading: Reading) -> Image.Image | NDArray[np.float32]:
        """A raster as the model of an index sees it.

        Args:
            body: bytes of a GeoTIFF.
            reading: of the index.

        Returns:
            RGB; float32 (H, W, N) where the model reads bands.

        Raises:
            QueryError: it cannot be read so, or takes too much memory or time.
        """
        with self._lock:
            decoded, pixels = self._asked(asking(body, reading), SEEN)
        if decoded.problem:
            raise QueryError(f"the uploaded raster cannot be searched with: {decoded.problem}")
        if decoded.bands:
            return array_of(pixels, decoded.width, decoded.height, decoded.bands)
        return Image.frombytes("RGB", (decoded.width, decoded.height), pixels)

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._end()

    # -- under the lock ---------------------------------------------------------------------------

    def _asked(self, body: bytes, kind: str) -> tuple[Decoded, bytes]:
        process = self._running()
        killed = threading.Event()

        def kill() -> None:
            killed.set()
            process.kill()

        timer = threading.Timer(self.seconds, kill)
        timer.start()
        try:
            return _exchanged(process, body, kind)
        except (OSError, EOFError, ValueError, TypeError):
            process.kill()
            killed.set()
            logger.warning("decoding a picture of %d bytes ended its process", len(body))
            return Decoded(problem="it takes too long, or ends the program that decodes it"), b""
        finally:
            timer.cancel()
            if killed.is_set():
                self._end()

    def _running(self) -> "subprocess.Popen[bytes]":
        if self._num_pictures >= self.pictures_each:
            self._end()
        if self._process is None or self._process.poll() is not None:
            self._end()
            self._process = subprocess.Popen(
                command_of("harma.serve.decoding", *self._limits),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                # Decoders write there what strangers make them say.
                stderr=subprocess.DEVNULL,
                env=environment_of(),
            )
        self._num_pictures += 1
        return self._process

    def _end(self) -> None:
        process = self._process
        self._process = None
        self._num_pictures = 0
        if process is not None:
            process.kill()
            process.communicate()


def _exchanged(process: "subprocess.Popen[bytes]", body: bytes, kind: str) -> tuple[Decoded, bytes]:
    requests = _pipe(process.stdin)
    requests.write(REQUEST.pack(kind.encode().ljust(8), len(body)) + body)
    requests.flush()
    return read_answer(_pipe(process.stdout))


def _pipe(pipe: IO[bytes] | None) -> IO[bytes]:
    assert pipe is not None
    return pipe
