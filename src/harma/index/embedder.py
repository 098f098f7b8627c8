"""What an index asks of a model that embeds queries; `harma.HarMA` fulfils it."""

from collections.abc import Sequence
from os import PathLike
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PictureLike = str | PathLike[str] | Image.Image | NDArray[np.generic]
"""A picture: its file, a PIL image, or an array (H, W, 3)."""


class QueryEmbedder(Protocol):
    """Embeds texts and pictures into the space of an index."""

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""

    def embed_images(self, images: Sequence[PictureLike]) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""
