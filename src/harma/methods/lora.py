"""`lora`: low-rank updates of attention and MLP, by the `peft` library."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from harma.backbones import Backbone
from harma.errors import BackboneError, MissingDependencyError
from harma.ground.towers import TOWERS
from harma.methods.attachment import Attachment
from harma.methods.checks import check_count

# What peft calls our updates among those that a layer may have.
UPDATE = "lora"


@dataclass(frozen=True)
class LoraConfig:
    """Options of `lora`.

    Attributes:
        rank: r of every update.
        alpha: updates are scaled by alpha / rank.

    Raises:
        ConfigError: an option is outside its range.
    """

    rank: int = 8
    alpha: int = 16

    def __post_init__(self) -> None:
        check_count("rank", self.rank)
        check_count("alpha", self.alpha)


class LoraAttachment(Attachment):
    """Blocks whose linear maps have updates.

    Args:
        blocks: by "image.0", …
    """

    def __init__(self, blocks: Mapping[str, nn.Module]) -> None:
        super().__init__()
        self._blocks = blocks

    def state(self) -> dict[str, Tensor]:
        """What trains: "image.0.attn.lora_A.weight", …, peft's own marks of layers left out."""
        state: dict[str, Tensor] = {}
        for name, block in self._blocks.items():
            for key, parameter in block.named_parameters():
                if ".lora_A." in key or ".lora_B." in key:
                    plain = key.replace(".base_layer", "").replace(f".{UPDATE}.", ".")
                    state[f"{name}.{plain}"] = parameter
        return state

    def updates(self) -> dict[nn.Parameter, Tensor]:
        """α/r·B·A by the weight that it is added to."""
        from harma.methods.lora_attention import updated_weight

        updates: dict[nn.Parameter, Tensor] = {}
        for block in self._blocks.values():
            # Attention keeps its update under the same names as linear maps do.
            layers: list[Any] = [layer for layer in block.modules() if hasattr(layer, "lora_A")]
            for layer in layers:
                A = layer.lora_A[UPDATE].weight.detach().double()
                B = layer.lora_B[UPDATE].weight.detach().double()
                updates[updated_weight(layer)] = layer.scaling[UPDATE] * B @ A
        return updates


def attach_lora(backbone: Backbone, config: LoraConfig) -> LoraAttachment:
    """Add an update α/r·B·A to every linear map of every block: of attention and of the MLP.

    Source: LoRA (Hu et al. 2021, arXiv 2106.09685); A is drawn and B zero, by peft. Deviations: the
    paper updates queries and values; ours all maps of attention and MLP. Queries, keys and values
    are one matrix in `nn.MultiheadAttention` and in timm's blocks and share one A.

    ViT-B-32: each block of width D has (4 + 2 + 5 + 5)·D·r, in all 12·16·8·(768 + 512) = 1,966,080
    weights.

    Raises:
        MissingDependencyError: peft is not installed.
        BackboneError: a block has another kind of attention.
    """
    try:
        import peft
    except ImportError as error:
        raise MissingDependencyError(
            "method lora needs peft: pip install 'harma[compare]'"
        ) from error
    from harma.methods.lora_attention import LoraAttention, LoraLinear

    blocks: dict[str, nn.Module] = {}
    for tower in TOWERS:
        for i, block in enumerate(backbone.blocks(tower)):
            blocks[f"{tower}.{i}"] = block
    # All blocks are looked at before the first is changed.
    targets = {name: _targets(block) for name, block in blocks.items()}
    for name, block in blocks.items():
        # A config for each block, since what is adapted may differ from block to block.
        options = peft.LoraConfig(
            r=config.rank, lora_alpha=config.alpha, target_modules=targets[name]
        )
        options._register_custom_module(
            {nn.MultiheadAttention: LoraAttention, nn.Linear: LoraLinear}
        )
        peft.inject_adapter_in_model(options, block, adapter_name=UPDATE)
    return LoraAttachment(blocks)


def _targets(block: nn.Module) -> list[str]:
    """The layers of a block that get an update: attention as a whole, and every other linear map.

    Raises:
        BackboneError: the block's attention is neither torch's nor made of linear maps.
    """
    attention = [
        name for name, module in block.named_modules() if isinstance(module, nn.MultiheadAttention)
    ]
    if not attention and not _only_linear(block):
        raise BackboneError(
            f"a {type(block).__name__} has no nn.MultiheadAttention, which method lora needs, and"
            " no attention made of linear maps; choose bottleneck"
        )
    # The output map inside attention is never called as a module: LoraAttention sees to it.
    inside = tuple(f"{name}." for name in attention)
    linear = [name for name, module in block.named_modules() if isinstance(module, nn.Linear)]
    return attention + [name for name in linear if not name.startswith(inside)]


def _only_linear(block: nn.Module) -> bool:
    """Whether a block's attention and MLP are made of `nn.Linear` maps.

    It has no other matrix then, but for tables of position biases, and in place of attention the
    convolutions of a ConvNeXt, which mix places of one channel and get no update.
    """
    layers = dict(block.named_modules())
    linear = {f"{name}.weight" for name, layer in layers.items() if isinstance(layer, nn.Linear)}
    depthwise = {f"{name}.weight" for name, layer in layers.items() if _is_depthwise(layer)}
    matrices = {name for name, p in block.named_parameters() if p.ndim > 1 and "bias" not in name}
    mixes_places = len(linear) > 2 or len(depthwise) > 0  # the MLP alone has two linear maps
    return matrices == linear | depthwise and mixes_places


def _is_depthwise(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels
