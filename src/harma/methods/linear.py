"""`linear`: only the projections into the embedding space train."""

from dataclasses import dataclass

from torch import nn

from harma.backbones import Backbone
from harma.ground.towers import TOWERS
from harma.methods.tuned import TunedParameters


@dataclass(frozen=True)
class LinearConfig:
    """Options of `linear`; it has none."""


def attach_linear(backbone: Backbone, config: LinearConfig) -> TunedParameters:
    """Let the last, linear map of both towers train: a linear probe of the towers' pooled features.

    Source: the linear probe of CLIP (Radford et al. 2021, arXiv 2103.00020, section 3.2).
    Deviation: that one fits a new classifier, ours goes on from CLIP's projections, as retrieval
    has no classes.

    ViT-B-32: 768·512 + 512·512 = 655,360 weights.

    Raises:
        BackboneError: a tower ends without a projection.
    """
    parameters: dict[str, nn.Parameter] = {}
    for tower in TOWERS:
        parameters |= backbone.projection(tower)
    return TunedParameters(parameters, first_change="projection")
