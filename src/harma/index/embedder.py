"""What an index asks of a model that embeds queries; `harma.HarMA` fulfils it."""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

PictureLike = str | PathLike[str] | Image.Image | NDArray[np.generic]
"""A picture: its file, a PIL image, or an array (H, W, 3)."""


class EmbeddedCaptions(Protocol):
    """Captions that a model was trained on, embedded by it.

    `harma.model.caption_memory.CaptionMemory` fulfils it.
    """

    @property
    def captions(self) -> tuple[str, ...]:
        """N."""

    @property
    def embeddings(self) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""

    @property
    def mean(self) -> NDArray[np.float32]:
        """The mean of all embeddings (E,)."""

    def holding(self, words: Iterable[str]) -> NDArray[np.intp]:
        """Rows of the captions that hold all of these words, ascending."""


class QueryEmbedder(Protocol):
    """Embeds texts and pictures into the space of an index.

    One that has an attribute `captions` too (`EmbeddedCaptions`, or None where its model keeps
    none) has its short texts expanded (`harma.index.expansion`).
    """

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""

    def embed_images(self, images: Sequence[PictureLike]) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""
