"""`bitfit`: only biases train."""

from dataclasses import dataclass

from torch import nn

from harma.backbones import Backbone
from harma.ground.towers import TOWERS
from harma.methods.tuned import TunedParameters


@dataclass(frozen=True)
class BitfitConfig:
    """Options of `bitfit`; it has none."""


def attach_bitfit(backbone: Backbone, config: BitfitConfig) -> TunedParameters:
    """Let every bias of both towers train, those of attention, MLPs and layer norms alike.

    Source: BitFit (Ben Zaken et al. 2022, arXiv 2106.10199). Deviation: the paper trains the task's
    classifier too; retrieval has none. Projections into the embedding space have no bias in CLIP.
    The biases of keys are among what trains, as in the paper, though attention does not depend on
    them.

    ViT-B-32: 11 biases of a block's width D in each block, those of the norms around the towers
    beside: (12·11 + 2)·768 + (12·11 + 1)·512 = 171,008 weights.
    """
    parameters: dict[str, nn.Parameter] = {}
    for tower in TOWERS:
        parameters |= backbone.tower_parameters(tower)
    # CLIP, timm and transformers all call them so, whatever the layer: in_proj_bias, qkv.bias, …
    return TunedParameters({name: p for name, p in parameters.items() if name.endswith("bias")})
