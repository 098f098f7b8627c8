"""What an index asks of a model that embeds queries; `harma.HarMA` fulfils it."""

from collections import OrderedDict
from collections.abc import Iterable, Sequence
from os import PathLike
from threading import Lock
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from PIL import Image

# Texts whose embeddings are kept, 2 KB each.
MOST_TEXTS = 2000

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


class RememberingEmbedder:
    """Embeds as another does, and keeps the texts that were asked for last: people ask again.

    Args:
        embedder: embeds.
    """

    def __init__(self, embedder: QueryEmbedder) -> None:
        self._embedder = embedder
        self._known: OrderedDict[str, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""
        return self._embedder.embed_dim

    @property
    def captions(self) -> EmbeddedCaptions | None:
        """The captions of its model; None where it keeps none."""
        captions: EmbeddedCaptions | None = getattr(self._embedder, "captions", None)
        return captions

    def embed_texts(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""
        with self._lock:
            embedded = {text: self._known.get(text) for text in texts}
        missing = [text for text, vector in embedded.items() if vector is None]
        if missing:
            embedded |= zip(missing, self._embedder.embed_texts(missing), strict=True)
        with self._lock:
            for text, vector in embedded.items():
                assert vector is not None
                self._known[text] = vector
                self._known.move_to_end(text)
            while len(self._known) > MOST_TEXTS:
                self._known.popitem(last=False)
        vectors = [embedded[text] for text in texts]
        return np.array(vectors, dtype=np.float32).reshape(len(texts), self.embed_dim)

    def embed_images(self, images: Sequence[PictureLike]) -> NDArray[np.float32]:
        """Float32 (N, E), L2-normalised."""
        return self._embedder.embed_images(images)
