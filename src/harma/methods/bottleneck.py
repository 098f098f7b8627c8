"""`bottleneck`: a plain adapter at each of HarMA's sites."""

from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from harma.backbones import Backbone
from harma.ground.towers import Tower
from harma.methods.attachment import AttachedModules
from harma.methods.checks import check_count
from harma.methods.sites import attach_sites


@dataclass(frozen=True)
class BottleneckConfig:
    """Options of `bottleneck`.

    Attributes:
        bottleneck_dim: R, the width inside an adapter.

    Raises:
        ConfigError: it is not a whole number from 1.
    """

    bottleneck_dim: int = 64

    def __post_init__(self) -> None:
        check_count("bottleneck_dim", self.bottleneck_dim)


class Bottleneck(nn.Module):
    """f + Wu·GELU(Wd·f + bd) + bu for the MLP output f; Wu and bu start at zero.

    Args:
        width: D.
        bottleneck_dim: R.
    """

    def __init__(self, width: int, bottleneck_dim: int) -> None:
        super().__init__()
        self.down = nn.Linear(width, bottleneck_dim)
        self.up = nn.Linear(bottleneck_dim, width)
        # The identity at first, so that training starts from the bare backbone.
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, L, D) → (B, L, D); the identity at initialisation."""
        added: Tensor = self.up(F.gelu(self.down(features)))
        return features + added


def attach_bottleneck(backbone: Backbone, config: BottleneckConfig) -> AttachedModules:
    """Put an adapter after the MLP of every block of both towers, before the residual sum.

    Source: Houlsby et al. 2019 (arXiv 1902.00751, section 2). Deviations: it has a second adapter
    after the attention and trains the layer norms; ours has the one adapter of HarMA's site, so
    that the two differ by what HarMA adds. Wu starts at zero, the paper's near zero. R = 64 is in
    the range of the paper's.

    ViT-B-32: 12·(2·768·64 + 64 + 768) + 12·(2·512·64 + 64 + 512) = 1,982,976 weights.
    """

    def build(tower: Tower, block: nn.Module) -> Bottleneck:
        return Bottleneck(backbone.block_width(tower, block), config.bottleneck_dim)

    return AttachedModules(attach_sites(backbone, build))
