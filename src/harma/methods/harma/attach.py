"""Attaching HarMA's adapters to a backbone, and the flat names their weights have on disk."""

from collections.abc import Callable, Mapping
from functools import partial

from torch import Tensor, nn

from harma.backbones import Backbone
from harma.errors import ConfigError
from harma.ground.plugins import find, made_by
from harma.ground.towers import TOWERS, Tower
from harma.methods.attachment import Attachment
from harma.methods.harma.config import HARMA_ADAPTER, AdapterConfig
from harma.methods.harma.modules import Adapter, AdapterSite, SharedAdapter
from harma.methods.sites import SITE_NAME, attach_sites

# What every gate is called in its module: of a block, an adapter, a shared adapter.
GATE = "gate"

AdapterClass = Callable[..., nn.Module]


def shared_index(block: int, num_blocks: int, num_shared: int) -> int:
    """Index of a block's shared adapter: ⌊block · num_shared / num_blocks⌋ (SPEC 1, Sharing)."""
    return block * num_shared // num_blocks


def attach(
    backbone: Backbone, config: AdapterConfig, *, adapter: AdapterClass | None = None
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
    # First, so that a refusal leaves the backbone as it was.
    _check_attention(backbone, config)
    blocks = {tower: backbone.blocks(tower) for tower in TOWERS}
    make = adapter or find(config.adapter, {HARMA_ADAPTER: Adapter}, "adapter.adapter")
    if make is not Adapter:
        make = partial(made_by, make, config.adapter, "adapter.adapter")
    # The shallower tower sets the number, so that each shared adapter has a block in every sharing
    # tower; the deeper tower's blocks take turns (SPEC 1, Sharing).
    num_shared = min((len(blocks[tower]) for tower in config.shared_towers), default=0)
    shared = _shared_adapters(config, num_shared)

    def build(tower: Tower, block: nn.Module) -> AdapterSite:
        shared_adapter = None
        if tower in config.shared_towers:
            # Modules compare by identity, so that two blocks of equal weights are told apart.
            place = blocks[tower].index(block)
            shared_adapter = shared[shared_index(place, len(blocks[tower]), num_shared)]
        own_adapter = make(
            backbone.block_width(tower, block),
            bottleneck_dim=config.bottleneck_dim,
            num_heads=config.num_heads,
            gate_init=config.gate_init,
        )
        return AdapterSite(
            own_adapter,
            shared_adapter,
            # Patches of an image have no order that attention could follow.
            causal=tower == "text" and config.text_attention == "causal",
            gate_init=config.gate_init,
            layout=backbone.layout(tower, block),
        )

    attach_sites(backbone, build)
    # No site registers them, so they go to the device and dtype of the blocks here.
    shared.to(next(blocks["image"][0].parameters()))
    if not config.train_gates:
        _freeze_gates(adapter_tree(backbone, shared))
    return shared


def _shared_adapters(config: AdapterConfig, count: int) -> nn.ModuleList:
    shared = nn.ModuleList()
    for _ in range(count):
        shared.append(
            SharedAdapter(
                config.bottleneck_dim,
                variant=config.variant,
                num_heads=config.num_heads,
                gate_init=config.gate_init,
            )
        )
    return shared


def _freeze_gates(tree: nn.Module) -> None:
    for name, parameter in tree.named_parameters():
        if name.rpartition(".")[2] == GATE:
            parameter.requires_grad_(False)


def masks_padding(backbone: Backbone) -> bool:
    """Whether the text tower's adapters see no padding."""
    layouts = [backbone.layout("text", block) for block in backbone.blocks("text")]
    return all(layout is not None and layout.masks_padding for layout in layouts)


def _check_attention(backbone: Backbone, config: AdapterConfig) -> None:
    if config.text_attention == "causal" and masks_padding(backbone):
        raise ConfigError(
            "text_attention is causal, but this text tower takes its embedding from the first"
            " token, which would see nothing else; use full: adapters in this tower see all tokens"
            " but padding"
        )


def detach(backbone: Backbone) -> None:
    """Remove every site of HarMA's adapters; the backbone is then what it was before `attach`."""
    backbone.attached = None
    for tower in TOWERS:
        for block in backbone.blocks(tower):
            mlp = backbone.mlp(block)
            # Not `del mlp[-1]`: torch then numbers the rest of a Sequential anew, and the names of
            # the backbone's weights would change.
            if SITE_NAME in mlp._modules:
                del mlp._modules[SITE_NAME]


def sites(backbone: Backbone) -> dict[Tower, list[AdapterSite]]:
    """The adapter sites of each tower, first block to last; empty lists on a bare backbone."""
    by_tower: dict[Tower, list[AdapterSite]] = {tower: [] for tower in TOWERS}
    for tower in TOWERS:
        for block in backbone.blocks(tower):
            site = backbone.mlp(block)._modules.get(SITE_NAME)
            if isinstance(site, AdapterSite):
                by_tower[tower].append(site)
    return by_tower


def adapter_tree(backbone: Backbone, shared: nn.ModuleList) -> nn.ModuleDict:
    """All adapter modules in one tree whose state dict has the names on disk.

    They are "image.0.gate", "image.0.adapter.down.weight", …, "text.…", "shared.0.down.weight", …;
    each tensor appears once.
    """
    tree = nn.ModuleDict()
    for tower, of_tower in sites(backbone).items():
        tree[tower] = nn.ModuleList(of_tower)
    # Not below the sites, which only refer to them: each weight is kept once, by however many
    # blocks it is used.
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

    def __init__(self, backbone: Backbone, shared: nn.ModuleList, *, trims_text: bool) -> None:
        self._backbone = backbone
        self._shared = shared
        self.owned = shared
        self.trims_text = trims_text

    def state(self) -> dict[str, Tensor]:
        """What trains, under the names of `adapter_tree`."""
        tree = adapter_tree(self._backbone, self._shared)
        # The parameters themselves: what trains is told apart by them.
        state: dict[str, Tensor] = tree.state_dict(keep_vars=True)
        return state

    def load(self, state: Mapping[str, Tensor]) -> None:
        """Load weights whose names and shapes are those of `state`."""
        adapter_tree(self._backbone, self._shared).load_state_dict(state)


def attach_harma(
    backbone: Backbone, config: AdapterConfig, *, adapter: AdapterClass | None = None
) -> HarmaAttachment:
    """`attach`, as the model takes it from every method."""
    shared = attach(backbone, config, adapter=adapter)
    # Under full attention the original's adapters see padding: a text cut to its own length would
    # get another embedding.
    trims_text = config.text_attention == "causal" or masks_padding(backbone)
    return HarmaAttachment(backbone, shared, trims_text=trims_text)
