"""An exported model, opened: it embeds texts and pictures as `harma.HarMA` does, without torch."""

import logging
import os
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from harma.backbones.clip_tokens import ClipTokens
from harma.backbones.cut_texts import CutText
from harma.errors import ConfigError, DataError
from harma.ground.progress import tracked
from harma.model.caption_file import CAPTIONS_FILE, read_captions
from harma.model.caption_memory import CaptionMemory
from harma.model.cut_texts import cut_message
from harma.model.exported.engines import SUFFIXES, Tower, open_tower
from harma.model.exported.facts import ExportFacts, ExportPrecision, preprocess_of, read_facts
from harma.model.exported.pixels import pixels_of
from harma.scenes.rendering import read_rgb, reading_of

if TYPE_CHECKING:
    import torch
    from torch import Tensor

    from harma.scenes.reading import Reading

logger = logging.getLogger(__name__)

Embeddings = NDArray[np.float32]
# Captions of like length in a batch: larger ones pad more, and leave the processor's caches.
TEXTS_AT_ONCE = 32


class ExportedModel:
    """A model that `harma export` wrote for an engine.

    Threads may share it.

    Args:
        directory: with the graphs.
        facts: of it.
        num_threads: that compute; None takes those that this process may use.

    Attributes:
        directory: of the export.
        facts: what it says of itself.
        model_id: fingerprint of its embeddings.
        preprocess: how images become pixels.
    """

    def __init__(
        self, directory: Path, facts: ExportFacts, *, num_threads: int | None = None
    ) -> None:
        self.directory = directory
        self.loaded_from = str(directory)
        self.facts = facts
        self.model_id = facts.model_id
        self.preprocess = preprocess_of(facts)
        self._num_threads = num_threads
        self._towers: dict[str, Tower] = {}
        self._lock = Lock()

    @classmethod
    def open(
        cls, directory: str | os.PathLike[str], *, num_threads: int | None = None
    ) -> "ExportedModel":
        """Open a directory that `harma export` wrote; a tower is read when it is first needed.

        Args:
            directory: with engine.json.
            num_threads: that compute; None takes those that this process may use.

        Raises:
            MissingFileError: there is no export.
            ConfigError: it is of another version.
            WeightsError: it is damaged.
        """
        path = Path(directory)
        return cls(path, read_facts(path), num_threads=num_threads)

    def __reduce__(self) -> tuple[object, ...]:
        # To another process, by its place: an engine's graph cannot be sent.
        return ExportedModel.open, (self.directory,)

    # -- what it is
    # ---------------------------------------------------------------------------------------------

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""
        return self.facts.embed_dim

    @property
    def precision(self) -> ExportPrecision:
        """Of its products."""
        return self.facts.precision

    @property
    def temperature(self) -> float:
        """That turns cosines into probabilities."""
        return self.facts.temperature

    @property
    def trained_reading(self) -> Mapping[str, Any] | None:
        """How rasters were read that the model was trained on; see `harma.HarMA`."""
        return self.facts.reading

    @cached_property
    def captions(self) -> CaptionMemory | None:
        """The captions that the model was trained on; None: they were not kept, or left out."""
        file = self.directory / CAPTIONS_FILE
        if not file.is_file():
            return None
        return read_captions(file, self.model_id, self.embed_dim)

    @property
    def device(self) -> "torch.device":
        """The processor, as torch names it."""
        import torch

        return torch.device("cpu")

    # -- embedding
    # ---------------------------------------------------------------------------------------------

    def embed_texts(
        self, texts: Sequence[str], *, batch_size: int = TEXTS_AT_ONCE, progress: bool = False
    ) -> Embeddings:
        """Embed strings as they are: float32 (N, E), L2-normalised.

        A warning says which of them are longer than the model reads.
        """
        _check_many(texts, "texts")
        if len(texts) == 0:
            return np.empty((0, self.embed_dim), dtype=np.float32)
        token_ids = self._token_ids(list(texts))
        self._tell_cut(texts, token_ids)
        # As in `harma.model.embedding`: a batch is only as long as its longest caption.
        order = np.argsort(text_lengths(token_ids), kind="stable")
        embedded = np.empty((len(order), self.embed_dim), dtype=np.float32)
        starts = range(0, len(order), batch_size)
        for start in tracked(starts, len(starts), "captions", enabled=progress):
            rows = order[start : start + batch_size]
            embedded[rows] = self.embed_token_ids(token_ids[rows])
        return _checked(embedded, self.directory)

    def embed_images(
        self, images: Sequence[Any], *, batch_size: int = 64, progress: bool = False
    ) -> Embeddings:
        """Embed pictures: float32 (N, E), L2-normalised.

        Args:
            images: paths, PIL images or arrays (H, W), (H, W, 3) or (H, W, 4).
            batch_size: how many at once.
            progress: show a bar.

        Raises:
            DataError: a picture cannot be read; the message names it.
        """
        _check_many(images, "images")
        files = [image for image in images if isinstance(image, str | os.PathLike)]
        # Rasters of one kind are shown in one range.
        reading = reading_of(files, trained=self.trained_reading)
        parts = [np.empty((0, self.embed_dim), dtype=np.float32)]
        starts = range(0, len(images), batch_size)
        for start in tracked(starts, len(starts), "images", enabled=progress):
            batch = [
                self._pixels_of(image, reading) for image in images[start : start + batch_size]
            ]
            parts.append(self.embed_pixels(np.stack(batch)))
        return _checked(np.concatenate(parts), self.directory)

    def _pixels_of(self, image: object, reading: "Reading | None") -> NDArray[np.float32]:
        if isinstance(image, str | os.PathLike):
            image = read_rgb(image, reading)
        return pixels_of(image, self.preprocess)

    def embed_pixels(self, pixels: NDArray[np.float32]) -> Embeddings:
        """Embed pixels (B, 3, H, W) → (B, E)."""
        return self._tower("image")(pixels)

    def embed_token_ids(self, token_ids: NDArray[np.int64]) -> Embeddings:
        """Embed token ids (B, L) → (B, E); they are cut to the longest text where that is safe."""
        if self.facts.trims_text:
            token_ids = token_ids[:, : int(text_lengths(token_ids).max())]
        return self._tower("text")(np.ascontiguousarray(token_ids))

    def _tower(self, name: str) -> Tower:
        """A tower, opened when it is first needed: who asks for texts reads no image tower."""
        with self._lock:
            if name not in self._towers:
                engine = self.facts.engine
                file = self.directory / f"{name}{SUFFIXES[engine][0]}"
                self._towers[name] = open_tower(
                    engine, file, self.facts.precision, self._num_threads
                )
            return self._towers[name]

    # -- token ids
    # ---------------------------------------------------------------------------------------------

    @cached_property
    def _token_ids(self) -> ClipTokens:
        return ClipTokens(self.facts.context_length, self.facts.tokenizer)

    def _tell_cut(self, texts: Sequence[str], token_ids: NDArray[np.int64]) -> None:
        """Warn, once for all texts of a call, that some are not read to their end."""
        # Of a text that may have been cut no position is padding.
        full = [text for text, row in zip(texts, token_ids, strict=True) if row[-1]]
        cut: list[CutText] = self._token_ids.cut_texts(full)
        if cut:
            logger.warning(cut_message(cut, len(texts)))

    # -- as tensors, for builds of an index (`harma.model.embedding.Embedder`)
    # ---------------------------------------------------------------------------------------------

    def tokenize(self, texts: Sequence[str]) -> "Tensor":
        """Token ids (N, L) of texts."""
        import torch

        return torch.from_numpy(self._token_ids(texts))

    def encode_image(self, pixels: "Tensor") -> "Tensor":
        """Embed pixels (B, 3, H, W) → (B, E), L2-normalised."""
        import torch

        return torch.from_numpy(self.embed_pixels(pixels.contiguous().numpy()))

    def text_lengths(self, token_ids: "Tensor") -> "Tensor":
        """How many positions of token ids (B, L) the embedding depends on: (B,)."""
        import torch

        return torch.from_numpy(text_lengths(token_ids.numpy()))

    def encode_text(self, token_ids: "Tensor") -> "Tensor":
        """Embed token ids (B, L) → (B, E), L2-normalised."""
        import torch

        return torch.from_numpy(self.embed_token_ids(token_ids.numpy()))


def text_lengths(token_ids: NDArray[np.int64]) -> NDArray[np.int64]:
    """How long texts are (B,), up to the mark of their end, whose id is the highest (B, L)."""
    lengths: NDArray[np.int64] = token_ids.argmax(axis=1) + 1
    return lengths


def _check_many(given: object, what: str) -> None:
    """Raise ConfigError for one string: it is a sequence of letters, which nobody means."""
    if isinstance(given, str | os.PathLike):
        raise ConfigError(f"{what} is {given!r}; give a list, such as [{given!r}]")


def _checked(embeddings: Embeddings, directory: Path) -> Embeddings:
    if not np.isfinite(embeddings).all():
        raise DataError(
            "the exported model gives embeddings that are not numbers: its files are damaged;"
            " export it again",
            source=str(directory),
        )
    return embeddings
