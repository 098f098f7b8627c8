"""HarMA and its peers: what can be attached to a backbone, a small file each.

A method is a frozen dataclass of options and a function (backbone, options) → `Attachment`.
Everything above, the model, saved files, training and evaluation, is the same for all of them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from harma.errors import ConfigError
from harma.methods.attachment import Attachment
from harma.methods.bitfit import BitfitConfig, attach_bitfit
from harma.methods.bottleneck import BottleneckConfig, attach_bottleneck
from harma.methods.clip_adapter import ClipAdapterConfig, attach_clip_adapter
from harma.methods.harma.attach import attach_harma
from harma.methods.harma.config import AdapterConfig
from harma.methods.linear import LinearConfig, attach_linear
from harma.methods.lora import LoraConfig, attach_lora
from harma.methods.mrs_adapter import MrsAdapterConfig, attach_mrs_adapter

MethodConfig = (
    AdapterConfig
    | LinearConfig
    | ClipAdapterConfig
    | BottleneckConfig
    | LoraConfig
    | MrsAdapterConfig
    | BitfitConfig
)


@dataclass(frozen=True)
class Method:
    """A way to adapt a backbone.

    Attributes:
        config: class of its options.
        attach: attaches it to a frozen backbone.
    """

    config: type[Any]
    attach: Callable[..., Attachment]


METHODS: dict[str, Method] = {
    "harma": Method(AdapterConfig, attach_harma),
    "linear": Method(LinearConfig, attach_linear),
    "clip-adapter": Method(ClipAdapterConfig, attach_clip_adapter),
    "bottleneck": Method(BottleneckConfig, attach_bottleneck),
    "lora": Method(LoraConfig, attach_lora),
    "mrs-adapter": Method(MrsAdapterConfig, attach_mrs_adapter),
    "bitfit": Method(BitfitConfig, attach_bitfit),
}


def method_of(config: MethodConfig) -> str:
    """The name of the method whose options these are."""
    return next(name for name, method in METHODS.items() if type(config) is method.config)


def make_config(method: str, options: Mapping[str, Any]) -> Any:
    """A method's options from plain values.

    Args:
        method: a key of `METHODS`.
        options: name → value.

    Raises:
        ConfigError: the method or an option is unknown, or a value is outside its range.
    """
    if method not in METHODS:
        raise ConfigError(f"method is {method!r}; allowed are {', '.join(METHODS)}")
    config = METHODS[method].config
    allowed = [field.name for field in fields(config)]
    if unknown := sorted(options.keys() - set(allowed)):
        raise ConfigError(
            f"method {method} has no option {', '.join(unknown)}; allowed are"
            f" {', '.join(allowed) or 'none'}"
        )
    return config(**options)
