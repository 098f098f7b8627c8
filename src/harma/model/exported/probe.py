"""The probe of an export: pictures and captions on which its embeddings are held to float32.

They are the user's own where he gives some, else drawn scenes and their captions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from harma.data.cache import ImageCache
from harma.data.synthetic import LOOKS, draw_scene, make_scene, scene_captions
from harma.errors import DataError
from harma.model.embedding import Pictures, embed_pixels, eval_transform_of, evaluating
from harma.model.exported.model import ExportedModel
from harma.model.model import HarMA
from harma.scenes.rendering import reading_of

# Of many pictures or captions those that lie evenly are taken.
PROBED = 64
DRAWN_SIDE = 96
AT_ONCE = 16


@dataclass(frozen=True, eq=False)
class Sample:
    """Pictures and captions, as a model takes them.

    Attributes:
        pixels: (n, 3, H, W).
        texts: m.
        of_user: which of "images" and "captions" are the user's own.
    """

    pixels: Tensor
    texts: tuple[str, ...]
    of_user: tuple[str, ...]

    @property
    def told(self) -> dict[str, Any]:
        """How many, and whose, as an export notes it."""
        return {
            "images": len(self.pixels),
            "captions": len(self.texts),
            "own": list(self.of_user),
        }


def read_sample(
    model: HarMA, images: Sequence[Path], captions: Sequence[str], most: int, *, start: float = 0.0
) -> Sample:
    """Pictures and captions for a model.

    Args:
        model: whose preprocessing and captions are used.
        images: files of the user; drawn scenes where there are none.
        captions: of the user; those that the model keeps, or of drawn scenes, where there are none.
        most: how many of each.
        start: share of a step by which the first one lies behind the beginning, so that two
            samples of the same files have few in common.

    Raises:
        DataError: a picture cannot be read.
    """
    of_user = []
    pictures: list[Any] = _drawn_pictures(most)
    if images:
        of_user.append("images")
        pictures = list(_evenly(images, most, start))
    texts: Sequence[str] = captions
    if captions:
        of_user.append("captions")
    elif model.captions is not None:
        texts = model.captions.captions
    else:
        texts = _drawn_captions(most)
    cache = ImageCache("none", reading=reading_of(images, trained=model.trained_reading))
    data = Pictures(pictures, eval_transform_of(model.preprocess), cache)
    pixels = torch.stack([data[row] for row in range(len(data))])
    return Sample(pixels, tuple(_evenly(texts, most, start)), tuple(of_user))


def _evenly(items: Sequence[Any], most: int, start: float) -> list[Any]:
    """Items that lie evenly in their order, `most` at most."""
    if len(items) <= most:
        return list(items)
    step = len(items) / most
    return [items[int((place + start) * step)] for place in range(most)]


def _drawn_pictures(count: int) -> list[NDArray[np.uint8]]:
    looks = list(LOOKS.values())
    pictures = []
    for seed in range(count):
        scene = make_scene(np.random.default_rng(seed))
        pictures.append(draw_scene(scene, looks[seed % len(looks)], DRAWN_SIDE))
    return pictures


def _drawn_captions(count: int) -> list[str]:
    captions = []
    for seed in range(count):
        rng = np.random.default_rng(seed)
        captions += scene_captions(make_scene(rng), 1, rng)
    return captions


def least_cosines(model: HarMA, exported: ExportedModel, sample: Sample) -> dict[str, float]:
    """The least cosine of an export's embeddings to the model's own, of each tower.

    Raises:
        DataError: embeddings of the model are not numbers.
    """
    images = []
    texts = []
    with evaluating(model):
        for start in range(0, len(sample.pixels), AT_ONCE):
            pixels = sample.pixels[start : start + AT_ONCE]
            images.append(
                _cosines(embed_pixels(model, pixels), exported.embed_pixels(pixels.numpy()))
            )
    for start in range(0, len(sample.texts), AT_ONCE):
        part = list(sample.texts[start : start + AT_ONCE])
        if (exported.tokenize(part) != model.tokenize(part)).any():
            raise DataError("the exported tokenizer gives other token ids than the model's own")
        texts.append(_cosines(model.embed_texts(part), exported.embed_texts(part)))
    return {"image": _least(images), "text": _least(texts)}


def _cosines(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float64]:
    """Cosines of rows, in double precision: 1 - 1e-8 is not 1."""
    a = one.astype(np.float64)
    b = other.astype(np.float64)
    lengths = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    cosines: NDArray[np.float64] = (a * b).sum(axis=1) / lengths
    return cosines


def _least(parts: list[NDArray[np.float64]]) -> float:
    least = float(np.concatenate(parts).min())
    # NaN would pass as no number at all.
    if not np.isfinite(least):
        raise DataError("the export gives embeddings that are not numbers")
    return round(least, 7)
