"""What the methods need of a backbone."""

from collections.abc import Callable
from typing import Protocol

from torch import nn

from harma.methods.harma.attach import Towers, put_site
from harma.methods.harma.config import TOWERS, Tower


class Adaptable(Towers, Protocol):
    """A backbone that any method can be attached to; see `harma.backbones.Backbone`."""

    embed_dim: int

    def mlp_norm(self, block: nn.Module) -> nn.Module:
        """The layer norm before a block's MLP."""

    def tower_parameters(self, tower: Tower) -> dict[str, nn.Parameter]:
        """Every parameter of a tower by its name."""

    def projection(self, tower: Tower) -> dict[str, nn.Parameter]:
        """The parameters of a tower's projection into the embedding space."""


def attach_sites(
    backbone: Adaptable, build: Callable[[Tower, nn.Module], nn.Module]
) -> dict[str, nn.Module]:
    """Put a module after the MLP of every block of both towers: HarMA's sites (SPEC 1, Site).

    Args:
        backbone: gets the modules.
        build: makes the module of a block, from its tower and the block.

    Returns:
        The modules by "image.0", …, "text.0", …

    Raises:
        BackboneError: a tower's blocks cannot take adapters.
    """
    found: dict[str, nn.Module] = {}
    for tower in TOWERS:
        for i, block in enumerate(backbone.blocks(tower)):
            site = build(tower, block)
            put_site(backbone.mlp(block), site)
            found[f"{tower}.{i}"] = site
    return found
