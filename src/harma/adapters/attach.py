"""Attaching adapters to a backbone, and the flat names their weights have on disk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from torch import Tensor, nn

from harma.adapters.attachment import Attachment
from harma.adapters.config import TOWERS, AdapterConfig, Tower
from harma.adapters.modules import Adapter, AdapterSite, SharedAdapter
from harma.errors import ConfigError
from harma.plugins import find

# The child of a block's MLP that holds its site. It is appended last, so every key of the backbone stays.
SITE = "adapter"
# What every gate is called in its module: of a block, an adapter, a shared adapter.
GATE = "gate"


class Towers(Protocol):
    """What attaching needs of a backbone; see `harma.backbones.Backbone`."""

    attached: str | None

    def blocks(self, tower: Tower) -> Sequence[nn.Module]:
        """Transformer blocks of a tower, first to last."""

    def mlp(self, block: nn.Module) -> nn.Sequential:
        """The MLP of a block; what is appended to it sees the MLP's output."""

    def width(self, tower: Tower) -> int:
        """Width D of a tower's tokens."""


def shared_index(block: int, num_blocks: int, num_shared: int) -> int:
    """Number of the shared adapter that a block uses: ⌊block · num_shared / num_blocks⌋ (SPEC 1, Sharing)."""
    return block * num_shared // num_blocks


def attach(
    backbone: Towers, config: AdapterConfig, *, adapter: Callable[..., nn.Module] | None = None
) -> nn.ModuleList:
    """Append an adapter site to every block of both towers.

    Args:
        backbone: gets the sites; its own weights are left alone.
        config: what the adapters look like.
        adapter: class to build them with, in place of `config.adapter`.

    Returns:
        The shared adapters, one for each block of the shallower sharing tower. The caller owns them: sites only refer
        to them.

    Raises:
        ConfigError: the backbone has adapters already, or the adapter class cannot be found.
        BackboneError: a tower's blocks cannot take adapters.
    """
    check_bare(backbone)
    blocks = {tower: backbone.blocks(tower) for tower in TOWERS}
    build: Callable[..., nn.Module] = adapter or find(config.adapter, {"harma": Adapter}, "adapter.adapter")
    num_shared = min((len(blocks[tower]) for tower in config.shared_towers), default=0)
    shared = nn.ModuleList(
        SharedAdapter(config.bottleneck_dim, variant=config.variant, num_heads=config.num_heads,
                      gate_init=config.gate_init)
        for _ in range(num_shared)
    )  # fmt: skip
    for tower in TOWERS:
        for i, block in enumerate(blocks[tower]):
            mlp = backbone.mlp(block)
            site = AdapterSite(
                build(
                    backbone.width(tower),
                    bottleneck_dim=config.bottleneck_dim,
                    num_heads=config.num_heads,
                    gate_init=config.gate_init,
                ),
                shared[shared_index(i, len(blocks[tower]), num_shared)] if tower in config.shared_towers else None,
                causal=tower == "text" and config.text_attention == "causal",
                gate_init=config.gate_init,
            )
            mlp.add_module(SITE, site.to(next(mlp.parameters())))
            shared.to(next(mlp.parameters()))
    if not config.train_gates:
        for name, parameter in adapter_tree(backbone, shared).named_parameters():
            if name.rpartition(".")[2] == GATE:
                parameter.requires_grad_(False)
    return shared


def check_bare(backbone: Towers) -> None:
    """Whether no method has put modules into the blocks yet.

    Raises:
        ConfigError: one has.
        BackboneError: a tower's blocks cannot take adapters.
    """
    for tower in TOWERS:
        for block in backbone.blocks(tower):
            if SITE in backbone.mlp(block)._modules or any("lora_A" in name for name, _ in block.named_parameters()):
                raise ConfigError("this backbone has adapters already; load it anew")


def detach(backbone: Towers) -> None:
    """Remove every site of HarMA's adapters; the backbone is then what it was before `attach`."""
    backbone.attached = None
    for tower in TOWERS:
        for block in backbone.blocks(tower):
            mlp = backbone.mlp(block)
            if SITE in mlp._modules:
                del mlp._modules[SITE]


def sites(backbone: Towers) -> dict[Tower, list[AdapterSite]]:
    """The adapter sites of each tower, first block to last; empty lists on a bare backbone."""
    found: dict[Tower, list[AdapterSite]] = {"image": [], "text": []}
    for tower in TOWERS:
        for block in backbone.blocks(tower):
            site = backbone.mlp(block)._modules.get(SITE)
            if isinstance(site, AdapterSite):
                found[tower].append(site)
    return found


def adapter_tree(backbone: Towers, shared: nn.ModuleList) -> nn.ModuleDict:
    """All adapter modules in one tree whose state dict has the names on disk.

    They are "image.0.gate", "image.0.adapter.down.weight", …, "text.…", "shared.0.down.weight", …; each tensor
    appears once.
    """
    tree = nn.ModuleDict({tower: nn.ModuleList(found) for tower, found in sites(backbone).items()})
    tree["shared"] = shared
    return tree


class HarmaAttachment(Attachment):
    """HarMA's adapters, attached.

    Args:
        backbone: has the sites.
        shared: the shared adapters, as `attach` gave them.
        trims_text: whether text attention is causal.
    """

    def __init__(self, backbone: Towers, shared: nn.ModuleList, *, trims_text: bool) -> None:
        self._backbone = backbone
        self.owned = self._shared = shared
        self.trims_text = trims_text

    def state(self) -> dict[str, Tensor]:
        """What trains, under the names of `adapter_tree`."""
        state: dict[str, Tensor] = adapter_tree(self._backbone, self._shared).state_dict(keep_vars=True)
        return state

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load weights whose names and shapes are those of `state`."""
        adapter_tree(self._backbone, self._shared).load_state_dict(state)

    def set_enabled(self, enabled: bool) -> None:
        """Switch every site off or on."""
        for tower in sites(self._backbone).values():
            for site in tower:
                site.enabled = enabled


def attach_harma(
    backbone: Towers, config: AdapterConfig, *, adapter: Callable[..., nn.Module] | None = None
) -> HarmaAttachment:
    """`attach`, as the model takes it from every method."""
    shared = attach(backbone, config, adapter=adapter)
    return HarmaAttachment(backbone, shared, trims_text=config.text_attention == "causal")
