"""`mrs-adapter`: one small adapter for all blocks of both towers (PE-RSITR)."""

import threading
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones import Backbone
from harma.errors import ConfigError
from harma.ground.towers import TOWERS, Tower
from harma.methods.attachment import Attachment
from harma.methods.checks import check_count, check_number
from harma.methods.sites import attach_sites


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
        R = config.bottleneck_dim
        S = config.shared_dim
        self.down = nn.ModuleDict({tower: nn.Linear(width, R) for tower, width in widths.items()})
        self.up = nn.ModuleDict({tower: nn.Linear(R, width - S) for tower, width in widths.items()})
        self.shared_up = nn.Linear(R, S)
        self.dropout = config.dropout
        # Zero at first, so that training starts from the bare backbone; the down maps are drawn.
        for name, parameter in self.named_parameters():
            if "up" in name or name.endswith("bias"):
                nn.init.zeros_(parameter)

    def forward(self, x: Tensor, tower: Tower) -> Tensor:
        """What the adapter adds to a block for its residual stream x; zero at first.

        (B, L, D) → (B, L, D).
        """
        inside = torch.relu(self.down[tower](x))
        h = F.dropout(inside, self.dropout, self.training)
        return torch.cat([self.up[tower](h), self.shared_up(h)], dim=-1)


class _Kept(threading.local):
    """The residual stream that a thread keeps for a site, until its block's MLP is done."""

    site: "MrsSite | None" = None
    stream: Tensor | None = None


# Kept between the layer norm and the MLP of one block, which one thread runs one after the other.
# It is thread-local and no attribute of the site, where other threads would find it; and no context
# variable, since torch.compile cannot set one.
_kept = _Kept()


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

    def keep(self, norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        """Keep the residual stream (B, L, D) until the MLP is done."""
        _kept.site = self
        _kept.stream = inputs[0]

    def forward(self, features: Tensor) -> Tensor:
        """MLP output (B, L, D) → with the adapter's output for the residual stream added."""
        stream = _kept.stream
        assert _kept.site is self
        assert stream is not None
        # Let go at once: a batch's features are large.
        _kept.site = None
        _kept.stream = None
        added: Tensor = self._adapter[0](stream, self.tower)
        return features + added


class MrsAttachment(Attachment):
    """The one adapter of all blocks.

    Args:
        adapter: the sites refer to it.
    """

    def __init__(self, adapter: MrsAdapter) -> None:
        super().__init__()
        self.owned = adapter

    def state(self) -> dict[str, Tensor]:
        """What trains: "down.image.weight", …, "shared_up.bias"."""
        return dict(self.owned.named_parameters())


def attach_mrs_adapter(backbone: Backbone, config: MrsAdapterConfig) -> MrsAttachment:
    """Put one adapter beside the MLPs of all blocks of both towers.

    Source: PE-RSITR (Yuan et al. 2023, arXiv 2308.12509) and its released code,
    ZhanYang-nwpu/PE-RSITR, which settles what we could not read in the paper: ReLU, dropout 0.5,
    one instance for all blocks and both towers, in parallel to the MLP on the residual stream
    before its layer norm, 64 outputs from the shared map, zero up maps and biases. Deviation: a
    block's LayerScale, which CLIP does not have, scales the adapter's output too.

    Its hybrid loss (HMMC) is `loss.terms: {triplet: {hardest: true}, intra_modal_triplet: 1.0}`,
    with the `loss.view_dropout` of 0.2 that is the default.

    ViT-B-32: (768·64 + 64) + (512·64 + 64) + (64·704 + 704) + (64·448 + 448) + (64·64 + 64) =
    161,088 weights, the 0.16M of the paper.

    Raises:
        ConfigError: a tower is not wider than `shared_dim`, or the backbone has adapters already.
        BackboneError: a tower's blocks cannot take adapters.
    """
    widths = {tower: backbone.width(tower) for tower in TOWERS}
    narrowest = min(widths.values())
    if config.shared_dim >= narrowest:
        raise ConfigError(
            f"shared_dim is {config.shared_dim}; it must be below {narrowest}, a width"
        )
    # On the device and in the dtype of the blocks; no site registers it, which would move it there.
    adapter = MrsAdapter(widths, config).to(next(backbone.blocks("image")[0].parameters()))

    def build(tower: Tower, block: nn.Module) -> MrsSite:
        site = MrsSite(adapter, tower)
        backbone.mlp_norm(block).register_forward_pre_hook(site.keep)
        return site

    attach_sites(backbone, build)
    return MrsAttachment(adapter)
