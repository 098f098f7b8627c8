"""`mrs-adapter`: one small adapter for all blocks of both towers (PE-RSITR)."""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.errors import ConfigError
from harma.methods.attachment import Attachment
from harma.methods.checks import check_count, check_number
from harma.methods.harma.config import TOWERS, Tower
from harma.methods.sites import Adaptable, attach_sites


@dataclass(frozen=True)
class MrsAdapterConfig:
    """Options of `mrs-adapter`; the defaults are those of the released code.

    Attributes:
        bottleneck_dim: R, the width inside the adapter.
        shared_dim: how many of a token's D outputs come from the map that both towers share.
        dropout: at the bottleneck, while training.

    Raises:
        ConfigError: an option is outside its range.
    """

    bottleneck_dim: int = 64
    shared_dim: int = 64
    dropout: float = 0.5

    def __post_init__(self) -> None:
        check_count("bottleneck_dim", self.bottleneck_dim)
        check_count("shared_dim", self.shared_dim)
        check_number("dropout", self.dropout, 0, 1)


class MrsAdapter(nn.Module):
    """Down and up maps of each tower; the last `shared_dim` outputs come from one up map for both.

    Args:
        widths: D of each tower.
        config: the options.
    """

    def __init__(self, widths: dict[Tower, int], config: MrsAdapterConfig) -> None:
        super().__init__()
        R, S = config.bottleneck_dim, config.shared_dim
        self.down = nn.ModuleDict({tower: nn.Linear(width, R) for tower, width in widths.items()})
        self.up = nn.ModuleDict({tower: nn.Linear(R, width - S) for tower, width in widths.items()})
        self.shared_up = nn.Linear(R, S)
        self.dropout = config.dropout
        for name, parameter in self.named_parameters():
            if "up" in name or name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, tower: Tower) -> Tensor:
        """What the adapter adds to a block for its residual stream x: (B, L, D) → (B, L, D); zero at first."""
        h = F.dropout(torch.relu(self.down[tower](x)), self.dropout, self.training)
        return torch.cat([self.up[tower](h), self.shared_up(h)], dim=-1)


class MrsSite(nn.Module):
    """Adds the adapter's output to that of a block's MLP.

    The adapter stands beside the MLP and sees the residual stream, as it comes to the layer norm
    before the MLP: `keep` is called there. The adapter's owner is the model; a tuple hides it from
    nn.Module's registration.

    Args:
        adapter: the one of all blocks.
        tower: of the block.
    """

    def __init__(self, adapter: MrsAdapter, tower: Tower) -> None:
        super().__init__()
        self._adapter = (adapter,)
        self.tower: Tower = tower
        self.enabled = True
        self._stream: Tensor | None = None

    def keep(self, norm: nn.Module, inputs: tuple[Any, ...]) -> None:
        """Keep the residual stream (B, L, D) until the MLP is done."""
        self._stream = inputs[0] if self.enabled else None

    def forward(self, features: Tensor) -> Tensor:
        """MLP output (B, L, D) → with the adapter's output for the residual stream added."""
        if not self.enabled:
            return features
        assert self._stream is not None
        stream, self._stream = self._stream, None
        added: Tensor = self._adapter[0](stream, self.tower)
        return features + added


class MrsAttachment(Attachment):
    """The one adapter and its sites.

    Args:
        adapter: of all blocks.
        sites: that refer to it.
    """

    def __init__(self, adapter: MrsAdapter, sites: list[MrsSite]) -> None:
        super().__init__()
        self.owned = adapter
        self._sites = sites

    def state(self) -> dict[str, Tensor]:
        """What trains: "down.image.weight", …, "shared_up.bias"."""
        return dict(self.owned.named_parameters())

    def set_enabled(self, enabled: bool) -> None:
        """Switch every site off or on."""
        for site in self._sites:
            site.enabled = enabled


def attach_mrs_adapter(backbone: Adaptable, config: MrsAdapterConfig) -> MrsAttachment:
    """Put one adapter beside the MLPs of all blocks of both towers.

    Source: PE-RSITR (Yuan et al. 2023, arXiv 2308.12509) and its released code,
    ZhanYang-nwpu/PE-RSITR, which settles what we could not read in the paper: ReLU, dropout 0.5,
    one instance for all blocks and both towers, in parallel to the MLP on the residual stream
    before its layer norm, 64 outputs from the shared map, zero up maps and biases. Deviation: a
    block's LayerScale, which CLIP does not have, scales the adapter's output too.

    Its hybrid loss (HMMC) is `loss.terms: {triplet: {hardest: true}, intra_modal_triplet: 1.0}`,
    with the `loss.view_dropout` of 0.2 that is the default. One thread at a time may embed with
    such a model.

    ViT-B-32: (768·64 + 64) + (512·64 + 64) + (64·704 + 704) + (64·448 + 448) + (64·64 + 64) =
    161,088 weights, the 0.16M of the paper.

    Raises:
        ConfigError: a tower is not wider than `shared_dim`, or the backbone has adapters already.
        BackboneError: a tower's blocks cannot take adapters.
    """
    widths = {tower: backbone.width(tower) for tower in TOWERS}
    if config.shared_dim >= min(widths.values()):
        raise ConfigError(
            f"shared_dim is {config.shared_dim}; it must be below {min(widths.values())}, a width"
        )
    adapter = MrsAdapter(widths, config).to(next(backbone.blocks("image")[0].parameters()))
    sites: list[MrsSite] = []

    def build(tower: Tower, block: nn.Module) -> MrsSite:
        site = MrsSite(adapter, tower)
        backbone.mlp_norm(block).register_forward_pre_hook(site.keep)
        sites.append(site)
        return site

    attach_sites(backbone, build)
    return MrsAttachment(adapter, sites)
