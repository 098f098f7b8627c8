"""Image files by the thousand: found, embedded in batches; unreadable ones may be left out."""

import logging
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from os import PathLike
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from harma.data.cache import ImageCache
from harma.errors import ConfigError, DataError, HarmaError
from harma.ground.progress import Advance
from harma.model.embedding import (
    Embedder,
    Pictures,
    embed_pixels,
    eval_resize_of,
    reading_for,
)
from harma.model.pixels import BatchPixels
from harma.scenes.sources import find_scenes

logger = logging.getLogger(__name__)


@dataclass(frozen=True, eq=False)
class EmbeddedFiles:
    """Files and their embeddings.

    Attributes:
        paths: of the images that could be read, n, in the order given.
        embeddings: L2-normalised, (n, E).
        problems: path → why it could not be read.
    """

    paths: tuple[Path, ...]
    embeddings: NDArray[np.floating]
    problems: dict[Path, str]


def find_images(named: Iterable[str | PathLike[str]]) -> list[Path]:
    """Image files, each once: files; folders with everything below; globs; lists (.txt, .csv).

    Raises:
        MissingFileError: something named is not there.
        DataError: a list cannot be used.
        ConfigError: an address is named.
    """
    paths = []
    found = find_scenes(named)
    for path, problem in found.problems.items():
        logger.warning("%s is left out: %s", path, problem)
    for source in found.sources:
        if source.opened_as.startswith("<") and len(source.files) > 1:
            raise ConfigError(
                f"{source.name} is part of a product of {len(source.files)} files; images are read"
                " from one file each (`harma index build` puts products together)"
            )
        if source.opened_as.startswith("/vsi"):
            raise ConfigError(
                f"{source.name} is an address; images are read from files (`harma index build`"
                " reads addresses)"
            )
        # Of a product of one file its name is the file.
        paths.append(Path(source.name))
    return paths


class _Tolerant(Dataset[tuple[Tensor | None, str]]):
    """Images as uint8 (3, H, W) of the model's size, or as the reason why there are none."""

    def __init__(self, pictures: Pictures) -> None:
        self.pictures = pictures

    def __len__(self) -> int:
        return len(self.pictures)

    def __getitem__(self, index: int) -> tuple[Tensor | None, str]:
        # An error raised in a worker process would end the loader.
        try:
            return self.pictures[index], ""
        except HarmaError as error:
            return None, str(error)


def _together(items: list[tuple[Tensor | None, str]]) -> tuple[Tensor | None, list[str]]:
    """A batch: pictures (n, 3, H, W) that could be read, and for each image its problem or ""."""
    reasons = [reason for _, reason in items]
    readable = [picture for picture, _ in items if picture is not None]
    if not readable:
        return None, reasons
    return torch.stack(readable), reasons


def _worth_starting(num_workers: int, num_images: int, batch_size: int) -> int:
    """Processes that decode ahead: of one batch none, as one takes seconds to start."""
    return num_workers if num_images > batch_size else 0


def embed_files(
    model: Embedder,
    paths: Sequence[Path],
    *,
    dtype: Literal["float16", "float32"] = "float32",
    batch_size: int = 64,
    num_workers: int = 0,
    skip_unreadable: bool = False,
    progress: Advance = lambda done, total: None,
) -> EmbeddedFiles:
    """Embed image files; of pixels only a few batches are held at a time.

    Args:
        model: embeds; in evaluation mode, as `harma.load` gives it.
        paths: image files.
        dtype: of the embeddings; float16 takes half the room.
        batch_size: images at once.
        num_workers: processes that decode; 0 decodes in this one, as are images of one batch.
        skip_unreadable: leave images that cannot be read out, and say so in `problems`.
        progress: called with (images done, images in all).

    Raises:
        DataError: images cannot be read; the message names all of them. After the first the others
            are only decoded.
    """
    # One range for all: pictures of one archive stay comparable.
    cache = ImageCache("none", reading=reading_for(model, paths))
    loader = DataLoader(
        _Tolerant(Pictures(paths, eval_resize_of(model.preprocess), cache)),
        batch_size=batch_size,
        num_workers=_worth_starting(num_workers, len(paths), batch_size),
        collate_fn=_together,
        pin_memory=model.device.type == "cuda",
    )
    pixels_of = BatchPixels(model.preprocess, model.device)
    # Filled from the front; what unreadable images leave free at the end is cut off.
    embeddings = np.empty((len(paths), model.embed_dim), dtype=dtype)
    readable: list[Path] = []
    problems: dict[Path, str] = {}
    done = 0
    for pictures, reasons in loader:
        for path, reason in zip(paths[done : done + len(reasons)], reasons, strict=True):
            if reason:
                problems[path] = reason
            else:
                readable.append(path)
        done += len(reasons)
        # Once something is wrong the work is lost anyway: what is left is only looked at.
        if pictures is not None and (skip_unreadable or not problems):
            start = len(readable) - len(pictures)
            embeddings[start : len(readable)] = embed_pixels(model, pixels_of(pictures))
        progress(done, len(paths))
    # Where none can be read it is an error in any case: no answer would look like an empty one.
    if problems and not (skip_unreadable and readable):
        raise _unreadable(problems, len(paths))
    return EmbeddedFiles(tuple(readable), embeddings[: len(readable)], problems)


def _unreadable(problems: Mapping[Path, str], total: int) -> DataError:
    listed = "".join(f"\n  {reason}" for reason in problems.values())
    return DataError(
        f"{len(problems):,} of {total:,} images cannot be read; replace them, or leave them out "
        f"(--skip-unreadable) if others remain:{listed}"
    )
