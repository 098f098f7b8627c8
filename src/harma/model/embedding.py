"""Embedding images and strings with any model of two towers, in batches of like length."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from PIL.Image import Image
from torch import Tensor, nn
from torch.utils.data import DataLoader, Dataset

from harma.backbones import Preprocess
from harma.data.cache import ImageCache
from harma.data.transforms import eval_resize, eval_transform, value_transform
from harma.errors import ConfigError, DataError
from harma.ground.progress import tracked
from harma.model.cut_texts import tell_cut_texts
from harma.model.pixels import BatchPixels
from harma.scenes.model_bands import ModelBands
from harma.scenes.picture import to_uint8_rgb
from harma.scenes.rendering import reading_of

if TYPE_CHECKING:
    from harma.scenes.reading import Reading

Embeddings = NDArray[np.float32]
Picture = str | os.PathLike[str] | Image | NDArray[np.generic]
"""A path (of a picture or raster), a PIL image or an array (H, W), (H, W, 3) or (H, W, 4)."""
Images = Sequence[Picture] | NDArray[np.generic]
"""A list of pictures, or an array of them."""


class Embedder(Protocol):
    """What embedding needs of a model; see `harma.HarMA`."""

    @property
    def preprocess(self) -> Preprocess:
        """How images become pixels."""

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""

    @property
    def device(self) -> torch.device:
        """Where the weights are."""

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Token ids (N, L)."""

    def encode_image(self, pixels: Tensor) -> Tensor:
        """(B, 3, H, W) → (B, E), L2-normalised."""

    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """How many of the positions of token ids (B, L) are no padding: (B,)."""

    def encode_text(self, token_ids: Tensor) -> Tensor:
        """(B, L) → (B, E), L2-normalised."""


class Pictures(Dataset[Tensor]):
    """Paths, PIL images or arrays as a transform of uint8 (3, H, W) makes them."""

    def __init__(
        self,
        images: Images,
        transform: Callable[[Tensor], Tensor],
        cache: ImageCache | None = None,
    ) -> None:
        self.images = images
        self.transform = transform
        self.cache = cache or ImageCache("none")

    def __len__(self) -> int:
        return len(self.images)

    def __getitem__(self, index: int) -> Tensor:
        image = self.images[index]
        if isinstance(image, str | os.PathLike):
            return self.transform(self.cache.get(Path(image)))
        return self.transform(seen_in_memory(image, self.cache.values))


def eval_transform_of(preprocess: Preprocess) -> Callable[[Tensor], Tensor]:
    """The transform of a backbone's preprocessing: uint8 (3, H, W) → float32 (3, H', W').

    Of a model of several bands: values (N, H, W) → float32 (N, H', W').
    """
    make = eval_transform if preprocess.bands is None else value_transform
    return make(
        preprocess.size,
        preprocess.mean,
        preprocess.std,
        interpolation=preprocess.interpolation,
        resize_mode=preprocess.resize_mode,
    )


def eval_resize_of(preprocess: Preprocess) -> Callable[[Tensor], Tensor]:
    """The first half of `eval_transform_of`: uint8 (3, H, W) → uint8 (3, H', W').

    `harma.model.pixels` does the other half, for whole batches. Values of bands, which are float32
    already, it passes on: for these this is all of it.
    """
    if preprocess.bands is not None:
        return eval_transform_of(preprocess)
    return eval_resize(
        preprocess.size,
        interpolation=preprocess.interpolation,
        resize_mode=preprocess.resize_mode,
    )


@contextmanager
def evaluating(model: object) -> Iterator[None]:
    """Evaluation mode without gradients; the model's own mode is restored."""
    # Any other object that embeds has no modes.
    module = model if isinstance(model, nn.Module) else nn.Identity()
    was_training = module.training
    module.eval()
    try:
        with torch.inference_mode():
            yield
    finally:
        if was_training:
            module.train()


def embed_images(
    model: Embedder,
    images: Images,
    *,
    batch_size: int = 64,
    num_workers: int = 0,
    cache: ImageCache | None = None,
    progress: bool = False,
) -> Embeddings:
    """Embed paths, PIL images or arrays: float32 (N, E); see `HarMA.embed_images`.

    Files that are rasters of one kind are shown in one range (`harma.scenes.rendering`), which a
    cache that is given knows.
    """
    _check_many(images, "images")
    if cache is None:
        files = [image for image in images if isinstance(image, str | os.PathLike)]
        cache = ImageCache("none", reading=reading_for(model, files))
    # Pinned memory lets a batch travel to the GPU while the one before is embedded.
    loader = DataLoader(
        Pictures(images, eval_resize_of(model.preprocess), cache),
        batch_size=batch_size,
        num_workers=num_workers,
        pin_memory=model.device.type == "cuda",
    )
    pixels_of = BatchPixels(model.preprocess, model.device)
    parts = []
    with evaluating(model):
        for pictures in tracked(loader, len(loader), "images", enabled=progress):
            parts.append(embed_pixels(model, pixels_of(pictures)))
    if not parts:
        return _no_embeddings(model)
    return np.concatenate(parts)


def reading_for(model: Embedder, files: Sequence[str | os.PathLike[str]]) -> "Reading | None":
    """How files are read for a model: rasters of one kind in one range, or the bands it reads.

    Args:
        model: embeds.
        files: that belong together.
    """
    if model.preprocess.bands is None:
        return reading_of(files, trained=trained_reading(model))
    from harma.scenes.reading import Reading

    # Files that name no band are in the order that the training images were in.
    bands = (trained_reading(model) or {}).get("bands", "auto")
    if not isinstance(bands, str):
        bands = "auto"
    return with_model_bands(Reading(bands), model.preprocess)


def with_model_bands(reading: "Reading | None", preprocess: Preprocess) -> "Reading | None":
    """A reading of scenes as a model needs it: with the bands that it reads, where it does.

    Args:
        reading: how pictures for people are made; None: of plain pictures.
        preprocess: of the model.
    """
    if preprocess.bands is None:
        return reading
    # It takes rasterio, which models of pictures go without.
    from harma.scenes.reading import Reading

    return replace(reading or Reading(), values=preprocess.bands)


def seen_in_memory(image: object, bands: ModelBands | None) -> Tensor:
    """What a model sees of a picture or array in memory: uint8 (3, H, W), or values (N, H, W).

    Args:
        image: a PIL image or an array; of values an array (H, W, N) of real numbers, in the unit
            of the bands, NaN where there is no data.
        bands: that the model reads; None: it sees pictures.

    Raises:
        DataError: it is something else.
    """
    if bands is None:
        return to_uint8_rgb(image)
    count = len(bands.names)
    if isinstance(image, np.ndarray) and _are_values(image, count):
        return torch.from_numpy(image.astype(np.float32)).permute(2, 0, 1)
    kind = type(image).__name__
    if isinstance(image, np.ndarray):
        kind = f"an array of {image.dtype} of shape {image.shape}"
    raise DataError(
        f"the model reads {bands}; give the file of a raster, or its values as an array of real"
        f" numbers (H, W, {count}); got {kind}"
    )


def _are_values(array: NDArray[np.generic], num_bands: int) -> bool:
    """Whether an array may be values of so many bands."""
    has_shape = array.ndim == 3 and array.shape[2] == num_bands
    return has_shape and array.dtype.kind == "f" and array.size > 0


def trained_reading(model: object) -> Mapping[str, Any] | None:
    """How the rasters that a model was trained on were read; None where it does not say."""
    reading: Mapping[str, Any] | None = getattr(model, "trained_reading", None)
    return reading


def embed_pixels(model: Embedder, pixels: Tensor) -> Embeddings:
    """Embed one batch: pixels (B, 3, H, W), on any device → float32 (B, E).

    Raises:
        DataError: the embeddings are not numbers.
    """
    with torch.inference_mode():
        encoded = model.encode_image(pixels.to(model.device, non_blocking=True))
    # float32 whatever the precision: numpy has no bfloat16.
    return _checked(model, encoded.float().cpu().numpy())


def _checked(model: Embedder, embeddings: Embeddings) -> Embeddings:
    if embeddings.shape[1:] != (model.embed_dim,):
        raise DataError(
            f"the model gives embeddings of {embeddings.shape[-1]} numbers, and says that they"
            f" have {model.embed_dim}: its config is damaged",
            source=getattr(model, "loaded_from", ""),
        )
    if not np.isfinite(embeddings).all():
        raise DataError(
            "the model gives embeddings that are not numbers: its weights are damaged, or its"
            " values too large for fp16",
            source=getattr(model, "loaded_from", ""),
        )
    return embeddings


def embed_texts(
    model: Embedder,
    texts: Sequence[str],
    *,
    batch_size: int = 256,
    progress: bool = False,
    tell_cut: bool = True,
) -> Embeddings:
    """Embed strings: float32 (N, E); see `HarMA.embed_texts`.

    Args:
        model: embeds.
        texts: N.
        batch_size: how many at once.
        progress: show a bar.
        tell_cut: warn of texts that are longer than the model reads.
    """
    _check_many(texts, "texts")
    if len(texts) == 0:
        return _no_embeddings(model)
    token_ids = model.tokenize(list(texts))
    if tell_cut:
        tell_cut_texts(model, texts, token_ids)
    # Captions of one length together: a batch is only as long as its longest caption.
    order = torch.argsort(model.text_lengths(token_ids), stable=True)
    starts = range(0, len(order), batch_size)
    # float32 is named, since float64 runs change the default.
    embedded = torch.empty(len(order), model.embed_dim, dtype=torch.float32)
    with evaluating(model):
        for start in tracked(starts, len(starts), "captions", enabled=progress):
            rows = order[start : start + batch_size]
            encoded = model.encode_text(token_ids[rows].to(model.device)).float().cpu()
            embedded[rows] = torch.from_numpy(_checked(model, encoded.numpy()))
    return embedded.numpy()


def _check_many(given: object, what: str) -> None:
    """Raise ConfigError for one string: it is a sequence of letters, which nobody means."""
    if isinstance(given, str | os.PathLike):
        raise ConfigError(f"{what} is {given!r}; give a list, such as [{given!r}]")


def _no_embeddings(model: Embedder) -> Embeddings:
    return np.empty((0, model.embed_dim), dtype=np.float32)
