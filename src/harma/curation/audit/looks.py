"""What an audit keeps of an image: a small grey picture and hashes of its file and of its pixels."""

import hashlib
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from harma.data.images import read_image

SIDE = 64
"""Height and width of the grey pictures."""

Progress = Callable[[int, int], None]


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


def look_at(
    paths: Sequence[Path], *, num_workers: int = 4, progress: Progress | None = None
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
    grey = np.zeros((len(paths), SIDE, SIDE), dtype=np.uint8)
    sizes = np.zeros((len(paths), 2), dtype=np.int64)
    files, pixels = [], []
    with ThreadPoolExecutor(max(1, num_workers)) as pool:
        for number, (picture, file, content, size) in enumerate(pool.map(_look, paths)):
            grey[number], sizes[number] = picture, size
            files.append(file)
            pixels.append(content)
            if progress is not None:
                progress(number + 1, len(paths))
    return Looks(grey, tuple(files), tuple(pixels), sizes)


def _look(path: Path) -> tuple[NDArray[np.uint8], str, str, tuple[int, int]]:
    image = read_image(path)
    pixels = hashlib.sha256(str(image.size).encode() + image.tobytes()).hexdigest()
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return small_grey(image), digest, pixels, image.size


def small_grey(image: Image.Image) -> NDArray[np.uint8]:
    """Grey, squeezed to 64×64; every pixel of a larger image counts."""
    # Bilinear in Pillow widens with the factor when it shrinks, so nothing is skipped.
    return np.asarray(image.convert("L").resize((SIDE, SIDE), Image.Resampling.BILINEAR))
