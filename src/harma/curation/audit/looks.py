"""What an audit keeps of an image: a small grey picture, hashes of its file and of its pixels."""

import hashlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.ground.progress import Advance
from harma.ground.tar_members import open_binary
from harma.scenes.rendering import read_rgb, reading_of

if TYPE_CHECKING:
    from harma.scenes.reading import Reading

LOOK_SIDE = 64
"""Height and width of the grey pictures."""


@dataclass(frozen=True, eq=False)
class Looks:
    """Images as an audit sees them.

    Attributes:
        grey: uint8 (N, 64, 64), each image squeezed to a square.
        files: (N,) SHA-256 of the files.
        pixels: (N,) SHA-256 of the decoded pixels and their size; equal where a picture was only
            stored anew.
        sizes: int64 (N, 2), width and height in pixels.
    """

    grey: NDArray[np.uint8]
    files: tuple[str, ...]
    pixels: tuple[str, ...]
    sizes: NDArray[np.int64]


class _Look(NamedTuple):
    """One image of `Looks`."""

    grey: NDArray[np.uint8]
    file: str
    pixels: str
    size: tuple[int, int]


def look_at(
    paths: Sequence[Path], *, num_workers: int = 4, progress: Advance | None = None
) -> Looks:
    """Read images once.

    Args:
        paths: N files.
        num_workers: threads; Pillow's decoders run beside each other.
        progress: called with (images read, images in all).

    Raises:
        MissingFileError: a file is not there.
        DataError: one cannot be read.
    """
    # Filled as images come: a list of arrays would hold everything twice at the end.
    grey = np.zeros((len(paths), LOOK_SIDE, LOOK_SIDE), dtype=np.uint8)
    sizes = np.zeros((len(paths), 2), dtype=np.int64)
    files = []
    pixels = []
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        look_one = partial(_look, reading=reading_of(paths))
        for index, look in enumerate(pool.map(look_one, paths)):
            grey[index] = look.grey
            sizes[index] = look.size
            files.append(look.file)
            pixels.append(look.pixels)
            if progress is not None:
                progress(index + 1, len(paths))
    return Looks(grey, tuple(files), tuple(pixels), sizes)


def _look(path: Path, reading: "Reading | None") -> _Look:
    image = read_rgb(path, reading)
    # The size belongs to it: the same bytes in other rows are another picture.
    pixels = hashlib.sha256(str(image.size).encode() + image.tobytes()).hexdigest()
    with open_binary(path) as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Look(small_grey(image), digest, pixels, image.size)


def small_grey(image: Image.Image) -> NDArray[np.uint8]:
    """Grey, squeezed to 64×64; every pixel of a larger image counts."""
    # Bilinear in Pillow widens with the factor when it shrinks, so nothing is skipped.
    return np.asarray(image.convert("L").resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BILINEAR))
