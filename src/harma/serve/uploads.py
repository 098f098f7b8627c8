"""Uploaded pictures: checked, decoded apart, reduced, and kept in memory for an hour."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime

from PIL import Image

from harma.errors import MediaTypeError, QueryError, TooLargeError
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
        self._shelf: Shelf[Image.Image] = Shelf(
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
        picture = self._decoder.decode(body, format_of(body))
        pixels = picture.tobytes()
        # With the shape: bytes alone may be of two pictures.
        name = hashlib.sha256(f"{picture.size}".encode() + pixels).hexdigest()[:ID_LENGTH]
        self._shelf.put(name, picture, len(pixels))
        expires = datetime.fromtimestamp(self._clock() + self._shelf.kept_s, UTC)
        return Upload(name, picture.width, picture.height, expires)

    def picture(self, upload: str) -> Image.Image:
        """An uploaded picture by its id, RGB.

        Raises:
            QueryError: it is kept no longer, or never was.
        """
        picture = self._shelf.get(upload)
        if picture is None:
            raise QueryError(
                f"there is no uploaded picture {upload!r}: pictures are kept for an hour; upload"
                " it again"
            )
        return picture

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
