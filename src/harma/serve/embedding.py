"""Queries embedded for many callers: known texts from memory, those of one moment in one batch."""

import threading
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from itertools import chain

import numpy as np
import torch
from numpy.typing import NDArray

from harma.ground.device import usable_cores
from harma.index.embedder import EmbeddedCaptions, PictureLike, QueryEmbedder
from harma.serve.shelf import Shelf

# Texts whose embeddings are kept, and bytes of all of them.
MOST_TEXTS = 20_000
MOST_BYTES = 64 << 20

Embeddings = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class _Asked:
    """Texts that a caller waits for."""

    texts: Sequence[str]
    embedded: "Future[dict[str, Embeddings]]" = field(default_factory=Future)


class SharedEmbedder:
    """A model as many threads use it to embed queries (`harma.index.embedder.QueryEmbedder`).

    One thread computes at a time, so that callers do not take each other's cores. A caller who is
    alone does not wait; texts that come while something is computed are embedded together next.

    Args:
        model: embeds.
    """

    def __init__(self, model: QueryEmbedder) -> None:
        if isinstance(model, torch.nn.Module):
            # For good: a thread that put it back into training would do so to all others.
            model.eval()
        self._model = model
        self._known: Shelf[Embeddings] = Shelf(
            most_things=MOST_TEXTS, most_bytes=MOST_BYTES, kept_s=float("inf")
        )
        self._lock = threading.Lock()
        self._waiting: list[_Asked] = []
        # Held by who computes.
        self._computing = threading.Lock()

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""
        return self._model.embed_dim

    @property
    def captions(self) -> EmbeddedCaptions | None:
        """The captions of its model, by which short texts are expanded; None: it keeps none."""
        captions: EmbeddedCaptions | None = getattr(self._model, "captions", None)
        return captions

    def embed_texts(self, texts: Sequence[str]) -> Embeddings:
        """Float32 (N, E), L2-normalised; see `HarMA.embed_texts`."""
        embedded: dict[str, Embeddings] = {}
        missing: list[str] = []
        for text in texts:
            known = self._known.get(text)
            if known is None:
                missing.append(text)
            else:
                embedded[text] = known
        if missing:
            embedded |= self._gathered(missing)
        if not texts:
            return np.empty((0, self.embed_dim), dtype=np.float32)
        return np.stack([embedded[text] for text in texts])

    def embed_images(self, images: Sequence[PictureLike]) -> Embeddings:
        """Float32 (N, E), L2-normalised; see `HarMA.embed_images`."""
        with self._computing:
            return self._model.embed_images(images)

    def _gathered(self, texts: Sequence[str]) -> dict[str, Embeddings]:
        """Embeddings of texts, computed here or by who computes before."""
        own = _Asked(texts)
        with self._lock:
            self._waiting.append(own)
        with self._computing:
            # Whoever computed before may have taken these texts along.
            if not own.embedded.done():
                with self._lock:
                    batch = self._waiting
                    self._waiting = []
                self._embed(batch)
        return own.embedded.result()

    def _embed(self, batch: Sequence[_Asked]) -> None:
        """Embed what callers wait for, all at once."""
        texts = dict.fromkeys(chain.from_iterable(asked.texts for asked in batch))
        try:
            embedded = self._embedded(list(texts))
        except Exception as error:
            if len(batch) == 1:
                batch[0].embedded.set_exception(error)
                return
            # The text of one must not be the trouble of all: each gets what is its own.
            for asked in batch:
                self._embed([asked])
            return
        for asked in batch:
            asked.embedded.set_result({text: embedded[text] for text in asked.texts})

    def _embedded(self, texts: Sequence[str]) -> dict[str, Embeddings]:
        embedded: dict[str, Embeddings] = {}
        for text, row in zip(texts, self._model.embed_texts(texts), strict=True):
            # A row of the batch would keep all of it in memory.
            vector = np.array(row, dtype=np.float32)
            embedded[text] = vector
            self._known.put(text, vector, vector.nbytes + 4 * len(text))
        return embedded


def share_cores(threads: int) -> None:
    """Let PyTorch take what is left of the cores when so many threads search.

    Args:
        threads: that search at once.
    """
    torch.set_num_threads(max(1, usable_cores() // threads))
