"""Attaching adapters to a backbone, and the flat names their weights have on disk."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from torch import Tensor, nn

from harma.backbones.layouts import Layout
from harma.errors import ConfigError
from harma.ground.plugins import find
from harma.methods.attachment import Attachment
from harma.methods.harma.config import TOWERS, AdapterConfig, Tower
from harma.methods.harma.modules import Adapter, AdapterSite, SharedAdapter

# The child of a block's MLP that holds its site. Every key of the backbone stays.
SITE = "adapter"
# What every gate is called in its module: of a block, an adapter, a shared adapter.
GATE = "gate"


class Towers(Protocol):
    """What attaching needs of a backbone; see `harma.backbones.Backbone`."""

    attached: str | None

    def blocks(self, tower: Tower) -> Sequence[nn.Module]:
        """Transformer blocks of a tower, first to last."""

    def mlp(self, block: nn.Module) -> nn.Module:
        """The module whose output is that of a block's MLP."""

    def width(self, tower: Tower) -> int:
        """Width D of a tower's tokens, where it is one."""

    def block_width(self, tower: Tower, block: nn.Module) -> int:
        """Width D of a block's tokens."""

    def layout(self, tower: Tower, block: nn.Module) -> Layout | None:
        """Which tokens of a block an adapter may attend over; None: all of a sample."""


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
        The shared adapters, one for each block of the shallower sharing tower. The caller owns
        them: sites only refer to them.

    Raises:
        ConfigError: the adapter class cannot be found, or text attention is causal
            in a tower that is not.
        BackboneError: a tower's blocks cannot take adapters.
    """
    _check_attention(backbone, config)
    blocks = {tower: backbone.blocks(tower) for tower in TOWERS}
    build: Callable[..., nn.Module] = adapter or find(
        config.adapter, {"harma": Adapter}, "adapter.adapter"
    )
    num_shared = min((len(blocks[tower]) for tower in config.shared_towers), default=0)
    shared = nn.ModuleList(
        SharedAdapter(
            config.bottleneck_dim,
            variant=config.variant,
            num_heads=config.num_heads,
            gate_init=config.gate_init,
        )
        for _ in range(num_shared)
    )
    for tower in TOWERS:
        for i, block in enumerate(blocks[tower]):
            site = AdapterSite(
                build(
                    backbone.block_width(tower, block),
                    bottleneck_dim=config.bottleneck_dim,
                    num_heads=config.num_heads,
                    gate_init=config.gate_init,
                ),
                (
                    shared[shared_index(i, len(blocks[tower]), num_shared)]
                    if tower in config.shared_towers
                    else None
                ),
                causal=tower == "text" and config.text_attention == "causal",
                gate_init=config.gate_init,
                layout=backbone.layout(tower, block),
            )
            put_site(backbone.mlp(block), site)
            shared.to(next(backbone.mlp(block).parameters()))
    if not config.train_gates:
        for name, parameter in adapter_tree(backbone, shared).named_parameters():
            if name.rpartition(".")[2] == GATE:
                parameter.requires_grad_(False)
    return shared


def masks_padding(backbone: Towers) -> bool:
    """Whether the text tower's adapters see no padding."""
    layouts = [backbone.layout("text", block) for block in backbone.blocks("text")]
    return all(layout is not None and layout.masks_padding for layout in layouts)


def _check_attention(backbone: Towers, config: AdapterConfig) -> None:
    if config.text_attention == "causal" and masks_padding(backbone):
        raise ConfigError(
            "text_attention is causal, but this text tower takes its embedding from the first"
            " token, which would see nothing else; use full: adapters in this tower see all tokens"
            " but padding"
        )


def put_site(mlp: nn.Module, site: nn.Module) -> None:
    """Make a site see, and change, exactly what a module puts out; it takes the module's device and dtype.

    It becomes the module's child `SITE`: the last one of an `nn.Sequential`, which calls it; a hook
    does elsewhere.
    """
    site.to(next(mlp.parameters()))
    mlp.add_module(SITE, site)
    # The hook stays when a site is taken out; it does nothing then.
    if not isinstance(mlp, nn.Sequential) and _through_site not in mlp._forward_hooks.values():
        mlp.register_forward_hook(_through_site)


def _through_site(mlp: nn.Module, inputs: tuple[Any, ...], output: Tensor) -> Tensor:
    # Looked up on the module that is called: a copy of a model has sites of its own.
    site = mlp._modules.get(SITE)
    return output if site is None else site(output)


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

    They are "image.0.gate", "image.0.adapter.down.weight", …, "text.…", "shared.0.down.weight", …;
    each tensor appears once.
    """
    tree = nn.ModuleDict({tower: nn.ModuleList(found) for tower, found in sites(backbone).items()})
    tree["shared"] = shared
    return tree


class HarmaAttachment(Attachment):
    """HarMA's adapters, attached.

    Args:
        backbone: has the sites.
        shared: the shared adapters, as `attach` gave them.
        trims_text: whether a text embedding is independent of padding: attention is causal, or
            masks it.
    """

    def __init__(self, backbone: Towers, shared: nn.ModuleList, *, trims_text: bool) -> None:
        self._backbone = backbone
        self.owned = self._shared = shared
        self.trims_text = trims_text

    def state(self) -> dict[str, Tensor]:
        """What trains, under the names of `adapter_tree`."""
        state: dict[str, Tensor] = adapter_tree(self._backbone, self._shared).state_dict(
            keep_vars=True
        )
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
    trims_text = config.text_attention == "causal" or masks_padding(backbone)
    return HarmaAttachment(backbone, shared, trims_text=trims_text)
