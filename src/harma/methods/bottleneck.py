"""`bottleneck`: a plain adapter at each of HarMA's sites."""

from collections.abc import Mapping
from dataclasses import dataclass

from torch import Tensor, nn
from torch.nn import functional as F

from harma.methods.attachment import Attachment, named_parameters
from harma.methods.checks import check_count
from harma.methods.harma.config import Tower
from harma.methods.sites import Adaptable, attach_sites


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
        nn.init.zeros_(self.up.weight)
        nn.init.zeros_(self.up.bias)
        self.enabled = True

    def forward(self, features: Tensor) -> Tensor:
        """Map (B, L, D) → (B, L, D); the identity at initialisation."""
        return features + self.up(F.gelu(self.down(features))) if self.enabled else features


class BottleneckAttachment(Attachment):
    """The adapters of all blocks.

    Args:
        adapters: by "image.0", …
    """

    def __init__(self, adapters: Mapping[str, Bottleneck]) -> None:
        super().__init__()
        self._adapters = adapters

    def state(self) -> dict[str, Tensor]:
        """What trains: "image.0.down.weight" and so on."""
        return named_parameters(self._adapters)

    def set_enabled(self, enabled: bool) -> None:
        """Switch every adapter off or on."""
        for adapter in self._adapters.values():
            adapter.enabled = enabled


def attach_bottleneck(backbone: Adaptable, config: BottleneckConfig) -> BottleneckAttachment:
    """Put an adapter after the MLP of every block of both towers, before the residual sum: HarMA's sites.

    Source: Houlsby et al. 2019 (arXiv 1902.00751, section 2). Deviations: it has a second adapter
    after the attention and trains the layer norms; ours has the one adapter of HarMA's site, so
    that the two differ by what HarMA adds. Wu starts at zero, the paper's near zero. R = 64 is in
    the range of the paper's.

    ViT-B-32: 12·(2·768·64 + 64 + 768) + 12·(2·512·64 + 64 + 512) = 1,982,976 weights.
    """
    adapters: dict[str, Bottleneck] = {}

    def build(tower: Tower, block: nn.Module) -> nn.Module:
        return Bottleneck(backbone.block_width(tower, block), config.bottleneck_dim)

    for name, site in attach_sites(backbone, build).items():
        assert isinstance(site, Bottleneck)
        adapters[name] = site
    return BottleneckAttachment(adapters)
