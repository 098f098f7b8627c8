"""Frozen towers: what a method leaves as it was, so that it is computed once for each input.

`clip-adapter` changes embeddings alone, `linear` the projections: the towers below give the same
numbers in every epoch, and training learns from those. HarMA's adapters and the other methods sit
in every block; below the first of them is a twelfth of a tower's forward pass and none of the
backward pass, which is not worth a file.
"""

from collections.abc import Mapping
from contextlib import nullcontext
from typing import Literal, NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones import Backbone
from harma.errors import BackboneError
from harma.ground.towers import TOWERS, Tower
from harma.model.model import HarMA

Stage = Literal["projection", "embedding"]
"""What a frozen tower's outputs are: what its projection is given (B, P), or embeddings (B, E)."""
Frozen = Mapping[Tower, Stage]


class OnFrozen(nn.Module):
    """A model that is given what its frozen towers made, in place of pixels or token ids.

    Args:
        model: whose trained part is computed.
        frozen: its towers whose outputs are given.
    """

    def __init__(self, model: HarMA, frozen: Frozen) -> None:
        super().__init__()
        self.model = model
        self.frozen = dict(frozen)

    def forward(
        self, images: Tensor, captions: Tensor, view_dropout: float | None = None
    ) -> tuple[Tensor, ...]:
        """Embed a batch of both.

        Args:
            images: outputs of a frozen image tower (N, …), else pixels (N, 3, H, W).
            captions: outputs of a frozen text tower (M, …), else token ids (M, L).
            view_dropout: None: there are no second views of what is not computed.

        Returns:
            As `HarMA.forward`.
        """
        assert view_dropout is None
        temperature = self.model.temperature * 1.0
        return self._embedded("image", images), self._embedded("text", captions), temperature

    def _embedded(self, tower: Tower, inputs: Tensor) -> Tensor:
        if tower in self.frozen:
            return finished(self.model, tower, self.frozen[tower], inputs)
        return self.model.encode_in_step(tower, inputs)


def finished(model: HarMA, tower: Tower, stage: Stage, outputs: Tensor) -> Tensor:
    """The model's embeddings (B, E) of what a frozen tower made."""
    if stage == "projection":
        outputs = _projection(model.backbone, tower).of(outputs)
    return model.finish(tower, outputs)


def outputs_of(model: HarMA, tower: Tower, stage: Stage, inputs: Tensor) -> Tensor:
    """What a frozen tower makes of pixels or token ids, without gradients."""
    backbone = model.backbone
    encode = backbone.encode_image if tower == "image" else backbone.encode_text
    values: Mapping[nn.Parameter, Tensor] = {}
    if stage == "projection":
        # With the identity in its place a projection gives, to the bit, what it is given.
        values = _projection(backbone, tower).identity()
    with torch.no_grad(), backbone.bare(values) if values else nullcontext():
        return encode(inputs)


def outputs_bytes(model: HarMA, tower: Tower, stage: Stage, rows: int) -> int:
    """How large the outputs for so many images or captions are in memory, in float32."""
    width = model.embed_dim
    if stage == "projection":
        width = _projection(model.backbone, tower).width
    return 4 * rows * width


def frozen_towers(model: HarMA) -> dict[Tower, Stage]:
    """The towers whose outputs depend on nothing but pixels or token ids, and what they are.

    Args:
        model: in training mode, on the CPU, where it is tried with one image and one caption.
    """
    stage = model.attachment.first_change
    if stage == "blocks":
        return {}
    return {tower: stage for tower in TOWERS if _is_frozen(model, tower, stage)}


def _is_frozen(model: HarMA, tower: Tower, stage: Stage) -> bool:
    backbone = model.backbone
    trained = {p for p in backbone.tower_parameters(tower).values() if p.requires_grad}
    if stage == "projection":
        try:
            trained -= set(backbone.projection(tower).values())
            _projection(backbone, tower)
        except BackboneError:
            return False
    if trained:
        return False
    return _is_repeatable(model, tower, stage)


def _is_repeatable(model: HarMA, tower: Tower, stage: Stage) -> bool:
    """Whether a tower draws no random numbers, as dropout does, and ends as it is taken to end."""
    dtype = next(model.backbone.parameters()).dtype
    inputs = torch.zeros(1, *model.preprocess.shape, dtype=dtype)
    if tower == "text":
        inputs = model.tokenize(["a river"])
    encode = model.encode_image if tower == "image" else model.encode_text
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        before = torch.get_rng_state()
        outputs = outputs_of(model, tower, stage, inputs)
        if not torch.equal(torch.get_rng_state(), before):
            return False
        return torch.allclose(finished(model, tower, stage, outputs), encode(inputs), atol=1e-5)


class _Projection(NamedTuple):
    """The one linear map that a tower ends with.

    Attributes:
        matrix: (P, E), or (E, P) of a linear layer.
        bias: (E,) of a linear layer that has one.
        is_linear: whether it is a linear layer.
    """

    matrix: nn.Parameter
    bias: nn.Parameter | None
    is_linear: bool

    @property
    def width(self) -> int:
        """P."""
        return self.matrix.shape[1 if self.is_linear else 0]

    def of(self, inputs: Tensor) -> Tensor:
        """(B, P) → (B, E)."""
        if self.is_linear:
            return F.linear(inputs, self.matrix, self.bias)
        return inputs @ self.matrix

    def identity(self) -> dict[nn.Parameter, Tensor]:
        """Values of its parameters with which it gives what it is given."""
        values = {self.matrix: torch.eye(self.width).to(self.matrix)}
        if self.bias is not None:
            values[self.bias] = torch.zeros(self.width).to(self.bias)
        return values


def _projection(backbone: Backbone, tower: Tower) -> _Projection:
    """The projection of a tower.

    Raises:
        BackboneError: the tower ends in another way than with one linear map.
    """
    parameters = backbone.projection(tower)
    matrices = {name: p for name, p in parameters.items() if p.ndim == 2}
    biases = [p for p in parameters.values() if p.ndim == 1]
    if len(matrices) != 1 or len(biases) > 1 or len(parameters) > 2:
        raise BackboneError(f"the {tower} tower of {backbone.name} ends with several maps")
    name, matrix = matrices.popitem()
    bias = biases[0] if biases else None
    # open_clip's own projections are plain matrices, which their towers multiply by.
    return _Projection(matrix, bias, is_linear=name.endswith(".weight"))
