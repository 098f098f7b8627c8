"""Ranking a list of captions for images: which of them fit best. Nothing is written anew."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.model.checked_inputs import check_distinct, check_texts, image_embeddings
from harma.model.embedding import Embedder, Embeddings, Images, embed_texts

# Cosines held at once: 64 MB.
BLOCK_COSINES = 1 << 24


@dataclass(frozen=True)
class CaptionScore:
    """A caption, and how well it fits an image.

    Attributes:
        caption: as in the list.
        cosine: of image and caption.
    """

    caption: str
    cosine: float


@dataclass(frozen=True, eq=False)
class RankedCaptions:
    """The captions that fit images best.

    Attributes:
        captions: the list they are from, M.
        order: numbers of the best captions of each image, best first, int64 (N, k); equal ones in
            the list's order.
        cosines: theirs, float32 (N, k).
    """

    captions: tuple[str, ...]
    order: NDArray[np.int64]
    cosines: Embeddings

    def scores(self) -> list[tuple[CaptionScore, ...]]:
        """For each image its captions, best first."""
        return [
            tuple(map(self._score, numbers, cosines))
            for numbers, cosines in zip(self.order, self.cosines, strict=True)
        ]

    def _score(self, caption: int, cosine: float) -> CaptionScore:
        return CaptionScore(self.captions[caption], float(cosine))


def rank_captions(
    model: Embedder,
    images: Images,
    captions: Sequence[str],
    *,
    k: int = 5,
    batch_size: int = 64,
) -> RankedCaptions:
    """Find the captions of a list that fit images best.

    Args:
        model: embeds.
        images: paths, PIL images or arrays, N; or their embeddings, a float array (N, E).
        captions: to choose from, M.
        k: captions for each image; with fewer in the list, all of them.
        batch_size: images at once.

    Raises:
        ConfigError: the list is empty, a caption is in it twice, or k is not positive.
        MissingFileError: an image is not there.
        DataError: one cannot be read.
    """
    if k < 1:
        raise ConfigError(f"k is {k}; it must be 1 or more")
    check_texts(captions, "captions")
    check_distinct(captions, "captions")
    image_rows = image_embeddings(model, images, batch_size=batch_size)
    caption_rows = embed_texts(model, captions)
    order = np.empty((len(image_rows), min(k, len(captions))), dtype=np.int64)
    cosines = np.empty(order.shape, dtype=np.float32)
    # All cosines of a large archive and a long list would not fit into memory.
    step = max(1, BLOCK_COSINES // len(captions))
    for start in range(0, len(image_rows), step):
        block = image_rows[start : start + step] @ caption_rows.T
        best = np.argsort(-block, axis=1, kind="stable")[:, : order.shape[1]]
        order[start : start + step] = best
        cosines[start : start + step] = np.take_along_axis(block, best, axis=1)
    return RankedCaptions(tuple(captions), order, cosines)
