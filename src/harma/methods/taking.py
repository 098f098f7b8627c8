"""Which methods a backbone takes, and how many weights each would train on it."""

from copy import deepcopy
from typing import NamedTuple

import torch

from harma.backbones import Backbone, load_backbone
from harma.errors import BackboneError, ConfigError, MissingDependencyError
from harma.methods.table import METHODS, attach_method, make_config


class Taking(NamedTuple):
    """What comes of attaching a method.

    Attributes:
        trained: weights that would train, the temperature included.
        total: weights of backbone and method.
        refusal: why the backbone does not take it; empty if it does.
    """

    trained: int
    total: int
    refusal: str = ""


def methods_taken(what: str) -> dict[str, Taking]:
    """Attach every method, with its defaults, to a backbone of its own; no weights are read.

    Args:
        what: as `load_backbone` takes it.

    Raises:
        BackboneError: the name is unknown.
    """
    # Nothing is computed: on this device weights have shapes alone, and copies cost nothing.
    with torch.device("meta"):
        backbone = load_backbone(what, pretrained=False).requires_grad_(False)
        return {method: _attached(deepcopy(backbone), method) for method in METHODS}


def _attached(backbone: Backbone, method: str) -> Taking:
    before = sum(p.numel() for p in backbone.parameters())
    try:
        attachment = attach_method(backbone, make_config(method, {}))
    except (BackboneError, ConfigError, MissingDependencyError) as error:
        return Taking(0, before, str(error))
    trained = sum(tensor.numel() for tensor in attachment.state().values())
    # Some methods train weights of the backbone itself.
    own = sum(parameter.numel() for parameter in attachment.values_before())
    # The one beside them is the model's temperature.
    return Taking(trained + 1, before + trained - own + 1)
