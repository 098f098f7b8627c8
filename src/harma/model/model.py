"""HarMA: a backbone with adapters, ready to train and to embed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any, Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones import Backbone, Preprocess
from harma.errors import ConfigError, WeightsError
from harma.methods.attachment import Attachment
from harma.methods.harma.config import TOWERS, Variant
from harma.methods.table import METHODS, MethodConfig, method_of
from harma.model.embedding import embed_images, embed_texts
from harma.model.precision import PRECISIONS, Precision
from harma.original.checkpoint import open_checkpoint

AUTOCAST = {"bf16": torch.bfloat16, "fp16": torch.float16}


class HarMA(nn.Module):
    """A backbone with gated adapters in every block of both towers (SPEC 1), or with one of their peers.

    The constructor freezes and attaches: only what the method trains, and the temperature, train.

    Args:
        backbone: what is adapted; it becomes part of the model.
        adapters: options of the adapters, or of another method (`harma.methods`); None keeps the
            bare backbone.
        temperature: start of the trained scalar τ.
        adapter_class: class to build HarMA's adapters with, in place of the one the options name.

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
        adapter_class: Callable[..., nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.adapters = adapters
        dtype = next(backbone.parameters()).dtype
        self.temperature = nn.Parameter(torch.tensor(temperature, dtype=max_precision(dtype)))
        backbone.requires_grad_(False)
        self.attachment = _attached(backbone, adapters, adapter_class) if adapters else None
        self._num_without = 0
        self.shared = self.attachment.owned if self.attachment else nn.ModuleList()
        self._precision: Precision = "float32"

    # -- encoding
    # ---------------------------------------------------------------------------------------------------

    def encode_image(self, pixels: Tensor) -> Tensor:
        """Embed preprocessed images: (B, 3, H, W) → (B, E), L2-normalised."""
        with self._computing():
            x = self.backbone.encode_image(pixels)
            x = self.attachment.on_image(x) if self.attachment else x
        return normalized(x)

    def encode_text(self, token_ids: Tensor) -> Tensor:
        """Embed token ids: (B, L) → (B, E), L2-normalised; trimmed to the longest where that is safe."""
        if self.trims_text:
            token_ids = token_ids[:, : int(self.text_lengths(token_ids).max())]
        with self._computing():
            x = self.backbone.encode_text(token_ids)
            x = self.attachment.on_text(x) if self.attachment else x
        return normalized(x)

    @property
    def precision(self) -> Precision:
        """Precision that `encode_image` and `encode_text` compute in: "float32" (default), "bf16" or "fp16".

        Weights, and so the model's fingerprint, stay as they are, and embeddings stay float32: what
        one precision embedded, another one may search.

        Raises:
            ConfigError: when set, there is no such precision, or the weights are float64.
        """
        return self._precision

    @precision.setter
    def precision(self, precision: Precision) -> None:
        if precision not in PRECISIONS:
            raise ConfigError(
                f"the precision is {precision!r}; allowed are {', '.join(PRECISIONS)}"
            )
        if precision != "float32" and self.temperature.dtype == torch.float64:
            raise ConfigError(
                f"the model's weights are float64, which it computes in; {precision} needs float32"
                " weights"
            )
        self._precision = precision

    def _computing(self) -> AbstractContextManager[Any]:
        """Context in which products are in the model's precision; in float32 one that is set outside stays."""
        if self.precision == "float32":
            return nullcontext()
        return torch.autocast(self.device.type, dtype=AUTOCAST[self.precision])

    def forward(
        self, pixels: Tensor, token_ids: Tensor, view_dropout: float | None = None
    ) -> tuple[Tensor, ...]:
        """Embed a batch of both.

        Args:
            pixels: (N, 3, H, W).
            token_ids: (M, L).
            view_dropout: also embed everything a second time, with this dropout on the tokens
                before the first block.

        Returns:
            Image embeddings (N, E), text embeddings (M, E), temperature, and the second embeddings
            if asked for.
        """
        # A tensor of this call, not the parameter: Fabric hangs a hook on every output, which the
        # parameter would keep.
        embedded = self.encode_image(pixels), self.encode_text(token_ids), self.temperature * 1.0
        if view_dropout is None:
            return embedded
        with self._token_dropout(view_dropout):
            return *embedded, self.encode_image(pixels), self.encode_text(token_ids)

    @contextmanager
    def _token_dropout(self, share: float) -> Iterator[None]:
        """Within this context each value of a token is dropped with this chance before the first block."""

        def drop(block: nn.Module, inputs: tuple[Any, ...]) -> tuple[Any, ...]:
            return F.dropout(inputs[0], share), *inputs[1:]

        hooks = [self.backbone.blocks(tower)[0].register_forward_pre_hook(drop) for tower in TOWERS]
        try:
            yield
        finally:
            for hook in hooks:
                hook.remove()

    @property
    def trims_text(self) -> bool:
        """Whether a text embedding is independent of padding, so that a batch may be cut to its longest caption."""
        return self.backbone.trims_text and (self.attachment is None or self.attachment.trims_text)

    def text_lengths(self, token_ids: Tensor) -> Tensor:
        """How many of the positions of token ids (B, L) the backbone's embedding depends on: (B,)."""
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

    @contextmanager
    def without_adapters(self) -> Iterator[None]:
        """Within this context, which may be nested, the model is the bare backbone, its weights as before training."""
        if self.attachment is None:
            yield
            return
        self._num_without += 1
        try:
            self.attachment.set_enabled(False)
            yield
        finally:
            self._num_without -= 1
            if self._num_without == 0:
                self.attachment.set_enabled(True)

    def train(self, mode: bool = True) -> Self:
        """Set training mode, but where the backbone is frozen not for its batch norms: their statistics stay too."""
        super().train(mode)
        if self.attachment is not None:
            for module in self.backbone.modules():
                if isinstance(module, nn.modules.batchnorm._BatchNorm):
                    module.eval()
        return self

    # -- embedding files and strings
    # ----------------------------------------------------------------------------------

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
        """Embed strings as they are: float32 (N, E), L2-normalised."""
        return embed_texts(self, texts, batch_size=batch_size, progress=progress)

    # -- weights
    # ------------------------------------------------------------------------------------------------------

    def adapter_state(self) -> dict[str, Tensor]:
        """The trained weights under their names on disk, temperature included (see `Attachment.state`)."""
        state = self.attachment.state() if self.attachment else {}
        return {
            **{name: tensor.detach() for name, tensor in state.items()},
            "temperature": self.temperature.detach(),
        }

    def load_adapter_state(self, state: Mapping[str, Tensor]) -> None:
        """Load what `adapter_state` gave.

        Raises:
            WeightsError: names or shapes do not match; the message lists them.
        """
        state = dict(state)
        own = self.adapter_state()
        differing = sorted(
            [f"missing {name}" for name in own.keys() - state.keys()]
            + [f"unexpected {name}" for name in state.keys() - own.keys()]
            + [
                f"{name} has shape {tuple(state[name].shape)}, needs {tuple(own[name].shape)}"
                for name in own.keys() & state.keys()
                if own[name].shape != state[name].shape
            ]
        )
        if differing:
            shown = "; ".join(differing[:10]) + (
                f"; and {len(differing) - 10} more" if len(differing) > 10 else ""
            )
            raise WeightsError(
                f"{len(differing)} adapter weights do not match: {shown}. They belong to other"
                " options or towers."
            )
        with torch.no_grad():
            self.temperature.copy_(state.pop("temperature"))
        if self.attachment:
            self.attachment.load(state)

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
    # -----------------------------------------------------------------------------------------

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


def _attached(
    backbone: Backbone, config: MethodConfig, adapter_class: Callable[..., nn.Module] | None
) -> Attachment:
    """Attach the method that the options belong to.

    Raises:
        ConfigError: the backbone has one already.
    """
    method = method_of(config)
    if backbone.attached is not None:
        raise ConfigError(
            f"this backbone has method {backbone.attached} attached already; load it anew"
        )
    if method == "harma":
        attachment = METHODS[method].attach(backbone, config, adapter=adapter_class)
    elif adapter_class is None:
        attachment = METHODS[method].attach(backbone, config)
    else:
        raise ConfigError(
            f"an adapter class was given, which only HarMA's adapters take; the method is {method}"
        )
    backbone.attached = method
    return attachment


def normalized(x: Tensor) -> Tensor:
    """L2-normalise embeddings (B, E), at least in float32."""
    return F.normalize(x.to(max_precision(x.dtype)), dim=-1)


def max_precision(dtype: torch.dtype) -> torch.dtype:
    """float64 stays, everything else is float32: temperature and losses lose too much in half precision."""
    return torch.float64 if dtype == torch.float64 else torch.float32
