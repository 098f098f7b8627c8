"""Uploaded pictures and rasters: checked, decoded apart, kept in memory for an hour."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.errors import MediaTypeError, QueryError, TooLargeError
from harma.scenes.reading import Reading
from harma.serve.decoder import Decoder
from harma.serve.settings import Limits
from harma.serve.shelf import Shelf

# Pictures, and bytes of all of them, that are kept at once: 3 MB each at most.
MOST_PICTURES = 256
MOST_BYTES = 128 << 20
KEPT_S = 3600.0
# Hexadecimal digits of an id.
ID_LENGTH = 32
# Format as Pillow calls it → what its files begin with.
BEGINNINGS = {
    "PNG": (b"\x89PNG\r\n\x1a\n",),
    "JPEG": (b"\xff\xd8\xff",),
    "TIFF": (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"),
}
MEDIA_TYPES = ("image/png", "image/jpeg", "image/webp", "image/tiff")


@dataclass(frozen=True)
class Upload:
    """A picture that is kept.

    Attributes:
        id: by which searches name it: the same for the same picture.
        width: as it is kept, upright.
        height: as it is kept.
        expires: until when it is.
    """

    id: str
    width: int
    height: int
    expires: datetime


@dataclass(frozen=True)
class _Kept:
    """What is kept of an upload.

    Attributes:
        picture: RGB; None: it is a raster that is none.
        raster: bytes of the file, where it is a raster; else none.
    """

    picture: Image.Image | None
    raster: bytes


class Uploads:
    """Pictures that clients sent; threads share it.

    Args:
        limits: of what a client may send.
        decoder: of pictures; None makes one.
        kept_s: seconds that a picture is kept.
        clock: gives seconds since 1970; tests have their own.
    """

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        decoder: Decoder | None = None,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.limits = limits or Limits()
        self._decoder = decoder or Decoder(self.limits.upload_pixels)
        self._clock = clock
        self._shelf: Shelf[_Kept] = Shelf(
            most_things=MOST_PICTURES, most_bytes=MOST_BYTES, kept_s=kept_s, clock=clock
        )

    def add(self, body: bytes) -> Upload:
        """Decode a picture and keep it.

        Args:
            body: bytes of a file.

        Raises:
            MediaTypeError: they are of no format that is read.
            TooLargeError: they are too many, or say that the picture is too large.
            QueryError: the picture cannot be decoded.
        """
        self.check_size(len(body))
        sent = self._decoder.decode(body, format_of(body))
        # A raster holds more than its picture; of a picture the bytes say nothing further.
        kept = _Kept(sent.picture, body if sent.raster else b"")
        size = sent.raster if sent.picture is None else sent.picture.size
        assert size is not None
        pixels = b"" if sent.picture is None else sent.picture.tobytes()
        # With the shape: bytes alone may be of two pictures.
        name = hashlib.sha256(f"{size}".encode() + pixels + kept.raster).hexdigest()[:ID_LENGTH]
        self._shelf.put(name, kept, len(pixels) + len(kept.raster))
        expires = datetime.fromtimestamp(self._clock() + self._shelf.kept_s, UTC)
        return Upload(name, *size, expires)

    def seen(self, upload: str, reading: Reading) -> Image.Image | NDArray[np.float32]:
        """An uploaded picture or raster by its id, as the model of an index sees it.

        Args:
            upload: its id.
            reading: how the index reads scenes, and as what.

        Returns:
            RGB; float32 (H, W, N) where the model reads bands.

        Raises:
            QueryError: it is kept no longer, or never was, or cannot be read so: it lacks bands.
        """
        kept = self._shelf.get(upload)
        if kept is None:
            raise QueryError(
                f"there is no uploaded picture {upload!r}: pictures are kept for an hour; upload"
                " it again"
            )
        if reading.values is None and kept.picture is not None:
            return kept.picture
        if not kept.raster:
            raise QueryError(
                f"the uploaded picture has red, green and blue alone, and the index's model reads"
                f" {reading.values}; send a GeoTIFF with these bands, or search by a chip of the"
                " index or by a text"
            )
        return self._decoder.seen(kept.raster, reading)

    def check_size(self, num_bytes: int) -> None:
        """Check that a file is not too large.

        Raises:
            TooLargeError: it is.
        """
        most = self.limits.upload_bytes
        if num_bytes > most:
            raise TooLargeError(
                f"the picture has more than {most:,} bytes; make it smaller and send it again"
            )

    def close(self) -> None:
        """End the process that decodes."""
        self._decoder.close()


def format_of(body: bytes) -> str:
    """The format of a picture, as Pillow calls it, by its first bytes.

    Raises:
        MediaTypeError: it is of no format that is read.
    """
    for kind, beginnings in BEGINNINGS.items():
        if body.startswith(beginnings):
            return kind
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "WEBP"
    raise MediaTypeError(
        "what was sent is no PNG, JPEG, WebP or TIFF by its first bytes; send one of these"
    )
