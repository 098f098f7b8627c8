"""What frozen towers make of captions and images: computed once, kept for all epochs and runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from lightning_fabric import Fabric
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader

from harma.data.cache import ImageCache
from harma.data.split import Split
from harma.evaluation.retrieval import Embedded
from harma.ground.towers import Tower
from harma.metrics import captions_of
from harma.model.embedding import Pictures, eval_transform_of, evaluating
from harma.model.model import HarMA
from harma.training.frozen import Frozen, Stage, finished, outputs_of
from harma.training.frozen_cache import FrozenCache, entry_name
from harma.training.step import Batch

# Part of every name: a change of how outputs are computed must not meet old entries.
VERSION = "1"
CAPTIONS_AT_ONCE = 256


@dataclass(frozen=True, eq=False)
class FrozenOutputs:
    """What frozen towers make of a split.

    Attributes:
        images: (N, …) of each image; None where pixels are needed.
        captions: (U, …) of each distinct caption; None where token ids are needed.
    """

    images: Tensor | None = field(default=None, repr=False)
    captions: Tensor | None = field(default=None, repr=False)

    def put_into(self, batch: Batch) -> Batch:
        """A batch with outputs in place of what they were made from."""
        if self.images is not None:
            batch = batch._replace(pixels=self.images[batch.image_index])
        if self.captions is not None:
            batch = batch._replace(token_ids=self.captions[batch.caption_index])
        return batch


@dataclass(frozen=True, eq=False)
class FrozenSplit:
    """A split that is embedded from what both frozen towers made of it.

    Attributes:
        split: images and captions.
        frozen: what the towers' outputs are.
        images: outputs of its images (N, …).
        captions: outputs of its distinct captions (U, …), sorted.
    """

    split: Split
    frozen: Frozen
    images: Tensor = field(repr=False)
    captions: Tensor = field(repr=False)

    def embedded(self, model: HarMA) -> Embedded:
        """The embeddings of the model as it is now; as `harma.evaluation.retrieval.embed_split`."""
        distinct, text = sorted_captions(self.split)

        def of(tower: Tower, outputs: Tensor) -> NDArray[np.float32]:
            embeddings = finished(model, tower, self.frozen[tower], outputs.to(model.device))
            as_numbers: NDArray[np.float32] = embeddings.float().cpu().numpy()
            return as_numbers

        with evaluating(model):
            images = of("image", self.images)
            texts = of("text", self.captions)
        captions = captions_of(self.split.caption_to_image, self.split.num_images, text)
        return Embedded(images, texts, distinct, captions)


@dataclass(frozen=True, eq=False)
class OutputMaker:
    """Computes what frozen towers give, or finds what an earlier run has kept.

    Attributes:
        fabric: devices and precision.
        model: on its device.
        made_from: what the outputs depend on besides captions or images: hash of the backbone's
            weights, precision.
        cache: where they are kept; None: nowhere.
        pictures: decoded images.
        batch_size: images at once.
        num_workers: processes that decode.
    """

    fabric: Fabric
    model: HarMA
    made_from: tuple[str, ...]
    cache: FrozenCache | None
    pictures: ImageCache
    batch_size: int
    num_workers: int

    def of_captions(self, stage: Stage, token_ids: Tensor) -> Tensor:
        """Outputs of the text tower (U, …) for distinct captions (U, L), on the CPU."""
        inputs = token_ids.numpy().tobytes()
        return self._kept(
            "text", stage, len(token_ids), inputs, lambda: self._texts(stage, token_ids)
        )

    def of_images(self, stage: Stage, images: Sequence[Path]) -> Tensor:
        """Outputs of the image tower (N, …) for images as they are evaluated, on the CPU.

        Raises:
            MissingFileError: one is not there.
            DataError: one cannot be read.
        """
        keys = "\0".join(self.pictures.key(path) for path in images)
        inputs = f"{self.model.preprocess.to_dict()}\0{keys}".encode("utf-8", "surrogateescape")
        return self._kept("image", stage, len(images), inputs, lambda: self._images(stage, images))

    def _kept(
        self, tower: Tower, stage: Stage, rows: int, inputs: bytes, compute: Callable[[], Tensor]
    ) -> Tensor:
        """What was kept of these inputs, else what is computed now."""
        name = self._name(tower, stage, inputs)
        # Of the processes of a machine one computes, and the others find what it has kept.
        with self.fabric.rank_zero_first(local=True):
            outputs = self.cache.get(name, rows) if self.cache is not None else None
            if outputs is not None:
                return outputs
            # In the mode of training, so that the numbers are those of training.
            self.model.train()
            with self.fabric.autocast():
                outputs = compute()
            if self.cache is not None:
                self.cache.put(name, outputs)
            return outputs

    def _name(self, tower: Tower, stage: Stage, inputs: bytes) -> str:
        return entry_name(VERSION, *self.made_from, self.model.device.type, tower, stage, inputs)

    def _texts(self, stage: Stage, token_ids: Tensor) -> Tensor:
        lengths = self.model.text_lengths(token_ids)
        # Captions of one length together: a batch is only as long as its longest caption.
        order = torch.argsort(lengths, stable=True)
        parts: list[Tensor] = []
        for rows in torch.split(order, CAPTIONS_AT_ONCE):
            batch = token_ids[rows]
            if self.model.trims_text:
                batch = batch[:, : int(lengths[rows].max())]
            parts.append(self._outputs("text", stage, batch))
        # Back to the order of the captions.
        return torch.cat(parts)[torch.argsort(order)]

    def _images(self, stage: Stage, images: Sequence[Path]) -> Tensor:
        transform = eval_transform_of(self.model.preprocess)
        loader = DataLoader(
            Pictures(images, transform, self.pictures),
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            # A generator of its own: the random numbers of the model stay where they are.
            generator=torch.Generator(),
        )
        return torch.cat([self._outputs("image", stage, pixels) for pixels in loader])

    def _outputs(self, tower: Tower, stage: Stage, inputs: Tensor) -> Tensor:
        return outputs_of(self.model, tower, stage, inputs.to(self.model.device)).cpu()


def sorted_captions(split: Split) -> tuple[tuple[str, ...], NDArray[np.intp]]:
    """The distinct captions of a split (U,), and which of them each caption is (M,)."""
    distinct, text = np.unique(np.array(split.captions), return_inverse=True)
    return tuple(map(str, distinct)), text
