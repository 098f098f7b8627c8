"""`clip-adapter`: a residual MLP on the embeddings."""

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from harma.backbones import Backbone
from harma.errors import ConfigError
from harma.ground.towers import TOWERS, Tower
from harma.methods.attachment import Attachment
from harma.methods.checks import check_count, check_number


@dataclass(frozen=True)
class ClipAdapterConfig:
    """Options of `clip-adapter`.

    Attributes:
        ratio: α, share of the adapted embedding; the released code has 0.2.
        reduction: of the width inside the MLP; 4 in the paper.

    Raises:
        ConfigError: an option is outside its range.
    """

    ratio: float = 0.2
    reduction: int = 4

    def __post_init__(self) -> None:
        check_number("ratio", self.ratio, 0, 1)
        check_count("reduction", self.reduction)


class EmbeddingAdapter(nn.Module):
    """Two linear maps without biases, a ReLU after each, as in the released code.

    Args:
        dim: E, length of an embedding.
        reduction: the width inside is E // reduction.
    """

    def __init__(self, dim: int, reduction: int) -> None:
        super().__init__()
        self.down = nn.Linear(dim, dim // reduction, bias=False)
        self.up = nn.Linear(dim // reduction, dim, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map embeddings (B, E) → (B, E)."""
        # The second ReLU is the released code's: what is mixed in has no negative value.
        inside = torch.relu(self.down(x))
        return torch.relu(self.up(inside))


class ClipAdapter(Attachment):
    """The adapters of both towers' embeddings.

    Args:
        dim: E.
        config: their options.
        like: a weight of the backbone; the adapters take its device and dtype.
    """

    first_change = "embedding"

    def __init__(self, dim: int, config: ClipAdapterConfig, like: Tensor) -> None:
        super().__init__()
        self._adapters = nn.ModuleDict()
        for tower in TOWERS:
            self._adapters[tower] = EmbeddingAdapter(dim, config.reduction).to(like)
        # They lie in no block; the model has to register them.
        self.owned = self._adapters
        self._ratio = config.ratio

    def state(self) -> dict[str, Tensor]:
        """What trains: "image.down.weight" and so on."""
        return dict(self.owned.named_parameters())

    def on_image(self, embeddings: Tensor) -> Tensor:
        """α·A(x) + (1 − α)·x of image embeddings (B, E)."""
        return self._mix("image", embeddings)

    def on_text(self, embeddings: Tensor) -> Tensor:
        """α·A(x) + (1 − α)·x of text embeddings (B, E)."""
        return self._mix("text", embeddings)

    def _mix(self, tower: Tower, x: Tensor) -> Tensor:
        adapted: Tensor = self._adapters[tower](x)
        return self._ratio * adapted + (1 - self._ratio) * x


def attach_clip_adapter(backbone: Backbone, config: ClipAdapterConfig) -> ClipAdapter:
    """Put a residual MLP on the embeddings of both towers.

    Source: CLIP-Adapter (Gao et al. 2021, arXiv 2110.04544, equations 3 to 6; bias-free maps, the
    second ReLU and the ratio from its released code). Deviations: adapters on both towers at once,
    one ratio for both; the paper's text adapter acts on class names, ours on captions. It is not
    the identity at first, as in the paper.

    ViT-B-32: 2 · 2·512·128 = 262,144 weights. The 0.52M that arXiv 2308.12509 prints for it fits
    reduction 2.

    Raises:
        ConfigError: the reduction leaves no width.
    """
    if config.reduction > backbone.embed_dim:
        raise ConfigError(
            f"reduction is {config.reduction}; it must be at most {backbone.embed_dim}, the length"
            " of an embedding"
        )
    # Any weight will do: those of one backbone are on one device, in one dtype.
    like = next(iter(backbone.tower_parameters("image").values()))
    return ClipAdapter(backbone.embed_dim, config, like)
