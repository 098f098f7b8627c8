"""Sites: where a block's MLP puts out its features, and a method may change them (SPEC 1, Site)."""

from collections.abc import Callable
from typing import TypeVar

from torch import Tensor, nn

from harma.backbones import Backbone
from harma.ground.towers import TOWERS, Tower

M = TypeVar("M", bound=nn.Module)

# The child of a block's MLP that holds its site.
SITE_NAME = "adapter"


def attach_sites(backbone: Backbone, build: Callable[[Tower, nn.Module], M]) -> dict[str, M]:
    """Put a module after the MLP of every block of both towers.

    Args:
        backbone: gets the modules.
        build: makes the module of a block, from its tower and the block.

    Returns:
        The modules by "image.0", …, "text.0", …

    Raises:
        BackboneError: a tower's blocks cannot take adapters.
    """
    sites: dict[str, M] = {}
    for tower in TOWERS:
        for i, block in enumerate(backbone.blocks(tower)):
            # In the order of towers and blocks, in which weights are drawn.
            site = build(tower, block)
            put_site(backbone.mlp(block), site)
            sites[f"{tower}.{i}"] = site
    return sites


def put_site(mlp: nn.Module, site: nn.Module) -> None:
    """Make a site see, and change, exactly what a module puts out; it takes its device and dtype.

    It becomes the module's child `SITE_NAME`: the last one of an `nn.Sequential`, which calls it;
    a hook does elsewhere.
    """
    site.to(next(mlp.parameters()))
    mlp.add_module(SITE_NAME, site)
    # The hook stays when a site is taken out; it does nothing then.
    if not isinstance(mlp, nn.Sequential) and _through_site not in mlp._forward_hooks.values():
        mlp.register_forward_hook(_through_site)


def _through_site(mlp: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> Tensor:
    # Looked up on the module that is called: a copy of a model has sites of its own.
    site = mlp._modules.get(SITE_NAME)
    if site is None:
        return output
    changed: Tensor = site(output)
    return changed
