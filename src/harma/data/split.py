"""The record of a split: images, texts, and where each came from."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from harma.errors import DataError

if TYPE_CHECKING:
    # It takes rasterio, which is no part of the plain install.
    from harma.scenes.reading import Reading


class SplitSize(NamedTuple):
    """How large a split is."""

    num_images: int
    num_captions: int


@dataclass(frozen=True, eq=False)
class Split:
    """Images with captions, one part of a data set.

    Attributes:
        name: "train", "val" or "test".
        images: (N,) absolute paths.
        captions: (M,) cleaned captions.
        caption_to_image: int64 (M,), the image each caption describes.
        labels: int64 (N,) class of each image, or None if an image has none.
        label_names: names of the classes, index = label; () if the annotations have none.
        image_sources: (N,) where each image is annotated, such as "rsicd_train.json row 17"; () if
            unknown.
        dropped: what was left out, a message each.
        image_root: the folder that image names are relative to; None: names are file names.
        reading: how images are read that are rasters; None: all are plain pictures.

    Raises:
        DataError: lengths or indices do not fit together.
    """

    name: str
    images: tuple[Path, ...]
    captions: tuple[str, ...]
    caption_to_image: NDArray[np.int64]
    labels: NDArray[np.int64] | None = None
    label_names: tuple[str, ...] = ()
    image_sources: tuple[str, ...] = ()
    dropped: tuple[str, ...] = ()
    image_root: Path | None = None
    reading: "Reading | None" = None

    def __post_init__(self) -> None:
        owners = self.caption_to_image
        if owners.shape != (self.num_captions,):
            raise DataError(
                f"split {self.name}: caption_to_image has shape {owners.shape}, "
                f"{self.num_captions} captions need ({self.num_captions},)"
            )
        # An index that is out of range would show up much later, as a wrong pair.
        if self.num_captions and not 0 <= owners.min() <= owners.max() < self.num_images:
            raise DataError(
                f"split {self.name}: caption_to_image has values from {owners.min()}"
                f" to {owners.max()}, {self.num_images} images allow 0 to {self.num_images - 1}"
            )
        if self.labels is not None and self.labels.shape != (self.num_images,):
            raise DataError(
                f"split {self.name}: labels have shape {self.labels.shape}, "
                f"{self.num_images} images need ({self.num_images},)"
            )

    @property
    def num_images(self) -> int:
        """N."""
        return len(self.images)

    @property
    def num_captions(self) -> int:
        """M."""
        return len(self.captions)

    @property
    def size(self) -> SplitSize:
        """N and M."""
        return SplitSize(self.num_images, self.num_captions)

    @property
    def image_names(self) -> tuple[str, ...]:
        """(N,) image paths relative to the image root, with forward slashes."""
        root = self.image_root
        if root is None:
            return tuple(path.name for path in self.images)
        return tuple(path.relative_to(root).as_posix() for path in self.images)

    def fingerprint(self) -> str:
        """SHA-256 (hex) of what the split says: image names, captions, and which belongs to which.

        It does not depend on where the data lie, nor on the pixels.
        """
        # Names relative to the image folder: the same data elsewhere have the same fingerprint.
        content = [self.image_names, self.captions, self.caption_to_image.tolist()]
        return hashlib.sha256(json.dumps(content).encode("ascii")).hexdigest()

    def subset(self, image_indices: Sequence[int] | NDArray[np.int64]) -> "Split":
        """The split with some of its images, in the order given, and their captions.

        Args:
            image_indices: images to keep, each once.

        Raises:
            DataError: an index does not exist or comes twice.
        """
        chosen = np.asarray(image_indices, dtype=np.int64).reshape(-1)
        beyond = chosen[(chosen < 0) | (chosen >= self.num_images)]
        if beyond.size:
            raise DataError(
                f"subset of {self.name}: image index {beyond[0]} does not exist, allowed are 0"
                f" to {self.num_images - 1}"
            )
        # Old index → new one; -1 for images that go.
        new_index = np.full(self.num_images, -1, dtype=np.int64)
        new_index[chosen] = np.arange(chosen.size)
        if (new_index >= 0).sum() != chosen.size:
            raise DataError(f"subset of {self.name}: an image index comes twice; give each once")
        # Captions keep their order, whatever order the images are asked in.
        captions = np.flatnonzero(new_index[self.caption_to_image] >= 0)
        labels = None
        if self.labels is not None:
            labels = self.labels[chosen]
        sources: tuple[str, ...] = ()
        if self.image_sources:
            sources = tuple(self.image_sources[i] for i in chosen)
        return Split(
            name=self.name,
            images=tuple(self.images[i] for i in chosen),
            captions=tuple(self.captions[j] for j in captions),
            caption_to_image=new_index[self.caption_to_image[captions]],
            labels=labels,
            label_names=self.label_names,
            image_sources=sources,
            dropped=self.dropped,
            image_root=self.image_root,
            reading=self.reading,
        )
