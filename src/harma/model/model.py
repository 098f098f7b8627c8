"""HarMA: a backbone with adapters, ready to train and to embed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from harma.backbones import Backbone, Preprocess
from harma.backbones.bf16_view import Bf16Weights
from harma.backbones.cut_texts import CutText
from harma.backbones.token_dropout import dropping_tokens
from harma.errors import ModelMismatchError
from harma.ground.towers import Tower
from harma.methods.attachment import check_state
from harma.methods.harma.attach import AdapterClass
from harma.methods.harma.config import Variant
from harma.methods.table import MethodConfig, attach_method
from harma.model.caption_file import read_captions
from harma.model.caption_memory import CaptionMemory
from harma.model.computing import (
    backbone_in,
    check_precision,
    computing_in,
    max_precision,
    normalized,
)
from harma.model.distinct_captions import embed_distinct
from harma.model.embedding import embed_images, embed_texts
from harma.model.fingerprint import model_id
from harma.model.precision import Precision
from harma.original.checkpoint import open_checkpoint

# Of several threads that ask for captions one reads them. No attribute: a lock cannot be copied.
_READING = Lock()


class HarMA(nn.Module):
    """A backbone with gated adapters in every block of both towers, or with one of their peers.

    SPEC 1 describes the adapters. The constructor freezes and attaches: only what the method
    trains, and the temperature, train.

    Args:
        backbone: what is adapted; it becomes part of the model.
        adapters: options of the adapters, or of another method (`harma.methods.table`); None keeps
            the bare backbone.
        temperature: start of the trained scalar τ.
        adapter_class: class to build HarMA's adapters with, in place of the one the options name.

    Attributes:
        step_precision: what `forward`, a step of training, computes frozen weights in: "float32",
            or "bf16_weights" (see `precision`), in which each distinct caption of a step is
            embedded once, in groups of like length. What trains is computed in float32.
        trained_reading: how the rasters that it was trained on were read, as plain values
            (`harma.scenes.reading_values`): what it embeds is read alike. None: it was trained on
            plain pictures, or nobody noted it.
        loaded_from: what was named when it was opened, for messages.

    Raises:
        BackboneError: the backbone's towers cannot take the method.
        ConfigError: it has adapters already, or an adapter class is given to a peer.
    """

    def __init__(
        self,
        backbone: Backbone,
        adapters: MethodConfig | None = None,
        *,
        temperature: float = 0.07,
        adapter_class: AdapterClass | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.adapters = adapters
        dtype = next(backbone.parameters()).dtype
        self.temperature = nn.Parameter(torch.tensor(temperature, dtype=max_precision(dtype)))
        backbone.requires_grad_(False)
        self.attachment = attach_method(backbone, adapters, adapter_class)
        # Registered: what a method has beside the backbone's blocks, such as shared adapters.
        self.shared = self.attachment.owned
        self._precision: Precision = "float32"
        self.step_precision: Precision = "float32"
        self._rounded = Bf16Weights()
        self.trained_reading: Mapping[str, Any] | None = None
        self.loaded_from = ""
        # Kept in memory, or still in their file.
        self._captions: CaptionMemory | Path | None = None

    # -- encoding
    # ---------------------------------------------------------------------------------------------

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Embed preprocessed images: (B, 3, H, W) → (B, E), L2-normalised."""
        backbone = backbone_in(self.precision, self.backbone, self._rounded)
        return self._encode_image(backbone, pixels)

    def encode_text(self, token_ids: Tensor) -> Tensor:
        """Embed token ids: (B, L) → (B, E), L2-normalised.

        They are trimmed to the longest text of the batch where that is safe.
        """
        backbone = backbone_in(self.precision, self.backbone, self._rounded)
        return self._encode_text(backbone, self._shortened(token_ids))

    def _encode_image(self, backbone: Backbone, pixels: Tensor) -> Tensor:
        with computing_in(self.precision, self.device):
            x = self._changed("image", backbone.encode_image(pixels))
        return normalized(x)

    def _encode_text(self, backbone: Backbone, token_ids: Tensor) -> Tensor:
        with computing_in(self.precision, self.device):
            x = self._changed("text", backbone.encode_text(token_ids))
        return normalized(x)

    def _shortened(self, token_ids: Tensor) -> Tensor:
        """Token ids (B, L) up to the end of the longest text, where nothing depends on more."""
        if not self.trims_text:
            return token_ids
        longest = int(self.text_lengths(token_ids).max())
        return token_ids[:, :longest]

    def _shortened_in_step(self, token_ids: Tensor) -> Tensor:
        """The same on a CPU; elsewhere they stay, as a look at them would wait for the device."""
        if token_ids.device.type != "cpu":
            return token_ids
        return self._shortened(token_ids)

    def _encode_captions(self, backbone: Backbone, token_ids: Tensor) -> Tensor:
        """Those of a step, which in float32 are embedded as ever, to the bit."""
        if self.step_precision == "float32":
            return self._encode_text(backbone, self._shortened_in_step(token_ids))
        lengths = self.text_lengths(token_ids) if self.trims_text else None

        def encode(token_ids: Tensor) -> Tensor:
            return self._encode_text(backbone, self._shortened(token_ids))

        return embed_distinct(encode, token_ids, lengths)

    def encode_in_step(self, tower: Tower, inputs: Tensor) -> Tensor:
        """Embed pixels or token ids as a step of training does, in `step_precision`: (B, E)."""
        backbone = backbone_in(self.step_precision, self.backbone, self._rounded)
        if tower == "image":
            return self._encode_image(backbone, inputs)
        return self._encode_captions(backbone, inputs)

    def finish(self, tower: Tower, embeddings: Tensor) -> Tensor:
        """What `encode_image` and `encode_text` do with a tower's embeddings (B, E).

        The method changes them, where it does that, and they are L2-normalised.
        """
        with computing_in(self.precision, self.device):
            x = self._changed(tower, embeddings)
        return normalized(x)

    def _changed(self, tower: Tower, embeddings: Tensor) -> Tensor:
        if not self._has_method:
            return embeddings
        if tower == "image":
            return self.attachment.on_image(embeddings)
        return self.attachment.on_text(embeddings)

    @property
    def _has_method(self) -> bool:
        """Whether the caller sees the method that is attached; not inside `without_adapters`."""
        return self.adapters is not None and not self.backbone.is_bare

    @property
    def precision(self) -> Precision:
        """Precision that `encode_image` and `encode_text` compute in.

        "float32" (default); "bf16" or "fp16", by autocast; or "bf16_weights", for CPUs with
        instructions for bfloat16: frozen weights and attention in bfloat16, all else, such as
        adapters and norms, in float32 (`harma.backbones.bf16_view`). It is a property of the model,
        set before it is used.

        Weights, and so the model's fingerprint, stay as they are, and embeddings stay float32: what
        one precision embedded, another one may search.

        Raises:
            ConfigError: when set, there is no such precision, or the weights are float64.
        """
        return self._precision

    @precision.setter
    def precision(self, precision: Precision) -> None:
        check_precision(precision, self.temperature.dtype)
        self._precision = precision

    @property
    def captions(self) -> CaptionMemory | None:
        """The captions that it was trained on, embedded by it (`train.keep_captions`).

        None: it keeps none, or is asked within `without_adapters`. Those of a saved model are read
        when they are first asked for. They are of the weights as they were opened: who trains the
        model further makes them anew (`harma.model.caption_memory.remember`).

        Raises:
            WeightsError: their file is damaged; the message names it.
            ModelMismatchError: their file is another model's; when set, they are.
        """
        if self.backbone.is_bare:
            return None
        with _READING:
            if isinstance(self._captions, Path):
                self._captions = read_captions(self._captions, model_id(self), self.embed_dim)
            return self._captions

    @captions.setter
    def captions(self, memory: CaptionMemory | None) -> None:
        if memory is not None and memory.model_id != model_id(self):
            raise ModelMismatchError(
                f"the captions were embedded by the model {memory.model_id}; this one is"
                f" {model_id(self)}. Embed them with it (harma.model.caption_memory.remember)"
            )
        self._captions = memory

    def find_captions(self, file: Path) -> None:
        """Say in which file the captions of this model are, if it is there; see `captions`."""
        self._captions = file if file.is_file() else None

    def forward(
        self, pixels: Tensor, token_ids: Tensor, view_dropout: float | None = None
    ) -> tuple[Tensor, ...]:
        """Embed a batch of both.

        Args:
            pixels: (N, 3, H, W).
            token_ids: (M, L); on a GPU whoever gives them cuts them (`training.feed.shortened`).
            view_dropout: also embed everything a second time, with this dropout on the tokens
                before the first block.

        Returns:
            Image embeddings (N, E), text embeddings (M, E), temperature, and the second embeddings
            if asked for.
        """
        images = self.encode_in_step("image", pixels)
        texts = self.encode_in_step("text", token_ids)
        # A tensor of this call, not the parameter: Fabric hangs a hook on every output, which the
        # parameter would keep.
        temperature = self.temperature * 1.0
        if view_dropout is None:
            return images, texts, temperature
        # After the first ones, so that these draw the random numbers that they draw alone.
        backbone = backbone_in(self.step_precision, self.backbone, self._rounded)
        dropping = dropping_tokens(backbone, view_dropout)
        second_images = self._encode_image(dropping, pixels)
        second_texts = self._encode_text(dropping, self._shortened_in_step(token_ids))
        return images, texts, temperature, second_images, second_texts

    @property
    def trims_text(self) -> bool:
        """Whether a text embedding is independent of padding.

        A batch may then be cut to its longest caption.
        """
        return self.backbone.trims_text and self.attachment.trims_text

    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """How many positions of token ids (B, L) the backbone's embedding depends on: (B,)."""
        return self.backbone.text_lengths(token_ids)

    @property
    def device(self) -> torch.device:
        """Where the model's weights are."""
        return self.temperature.device

    @property
    def embed_dim(self) -> int:
        """E, length of an embedding."""
        return self.backbone.embed_dim

    @property
    def preprocess(self) -> Preprocess:
        """How images become pixels for this model."""
        return self.backbone.preprocess

    def tokenize(self, texts: Sequence[str]) -> Tensor:
        """Token ids (N, L) of texts, by the backbone's own tokenizer."""
        return self.backbone.tokenize(texts)

    def cut_texts(self, texts: Sequence[str], token_ids: Tensor) -> list[CutText]:
        """Those of texts (N) that are not read to their end in their token ids (N, L)."""
        return self.backbone.cut_texts(texts, token_ids)

    @contextmanager
    def without_adapters(self) -> Iterator[None]:
        """Within this context the model is the bare backbone, its weights as before training.

        That holds for the calling thread alone (or the calling task of a server); others go on with
        adapters. It may be nested.
        """
        if self.adapters is None:
            yield
            return
        with self.backbone.bare(self.attachment.values_before()):
            yield

    def train(self, mode: bool = True) -> Self:
        """Set training mode, but not for batch norms of a frozen backbone.

        Their statistics are frozen as well.
        """
        super().train(mode)
        if self.adapters is not None:
            for module in self.backbone.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    # -- embedding files and strings
    # ---------------------------------------------------------------------------------------------

    def embed_images(
        self,
        images: Sequence[Any],
        *,
        batch_size: int = 64,
        num_workers: int = 0,
        progress: bool = False,
    ) -> NDArray[np.float32]:
        """Embed pictures.

        Args:
            images: paths, PIL images or arrays (H, W), (H, W, 3) or (H, W, 4).
            batch_size: how many at once.
            num_workers: processes that decode.
            progress: show a bar.

        Returns:
            float32 (N, E), L2-normalised.

        Raises:
            DataError: a picture cannot be read; the message names it.
        """
        return embed_images(
            self, images, batch_size=batch_size, num_workers=num_workers, progress=progress
        )

    def embed_texts(
        self, texts: Sequence[str], *, batch_size: int = 256, progress: bool = False
    ) -> NDArray[np.float32]:
        """Embed strings as they are: float32 (N, E), L2-normalised.

        A warning says which of them are longer than the model reads, and what of them it leaves
        out.
        """
        return embed_texts(self, texts, batch_size=batch_size, progress=progress)

    # -- weights
    # ---------------------------------------------------------------------------------------------

    def adapter_state(self) -> dict[str, Tensor]:
        """The trained weights and the temperature under their names on disk.

        See `Attachment.state`.
        """
        state = {name: tensor.detach() for name, tensor in self.attachment.state().items()}
        state["temperature"] = self.temperature.detach()
        return state

    def load_adapter_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `adapter_state` gave.

        Raises:
            WeightsError: names or shapes do not match; the message lists them.
        """
        check_state(self.adapter_state(), state)
        # They were of the weights that go.
        self._captions = None
        of_method = dict(state)
        with torch.no_grad():
            self.temperature.copy_(of_method.pop("temperature"))
        self.attachment.load(of_method)

    def trained_parameters(self) -> dict[str, nn.Parameter]:
        """The parameters that train, by name."""
        return {name: p for name, p in self.named_parameters() if p.requires_grad}

    def num_parameters(self, *, trained: bool = False) -> int:
        """Count weights, all of them or those that train."""
        return sum(p.numel() for p in self.parameters() if p.requires_grad or not trained)

    def train_backbone(self) -> None:
        """Let the whole backbone train too (`method: full`).

        The backbone's own temperature stays frozen: `temperature` takes its place.
        """
        self.backbone.requires_grad_(True)
        for name, parameter in self.backbone.named_parameters():
            if name.rpartition(".")[2] in ("logit_scale", "logit_bias"):
                parameter.requires_grad_(False)

    # -- released checkpoints
    # ---------------------------------------------------------------------------------------------

    @classmethod
    def from_released(
        cls,
        checkpoint: str | Path,
        architecture: str | Mapping[str, Any],
        *,
        variant: Variant = "released",
    ) -> "HarMA":
        """Open a checkpoint of the original HarMA (SPEC 6).

        Args:
            checkpoint: a `.pt`/`.pth` pickle or a safetensors file with the released names.
            architecture: an open_clip model name, or an open_clip config. The activation belongs to
                it: GeoRSCLIP's checkpoints need `ViT-B-32-quickgelu`.
            variant: the shared adapter the checkpoint was trained with.

        Returns:
            The model, in float64 if the checkpoint is, else in float32.

        Raises:
            WeightsError: names are missing or unexpected, or the file cannot be read safely.
        """
        released = open_checkpoint(checkpoint, architecture, variant=variant)
        model = cls(released.backbone, released.config)
        model.load_adapter_state(released.adapters)
        return model.eval()
