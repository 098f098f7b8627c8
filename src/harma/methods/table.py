"""The table of methods, and methods of one's own by dotted path.

A method is an object `Method(config, attach)`: the class of its options and the function that
attaches it. Everything above, the model, saved files, training, comparison, is the same for all of
them. One of your own stands in a module of yours, beside the class of its options, and is named by
its dotted path; what it has to keep to:

- `config` is a frozen dataclass in the same module as the method, of plain values that JSON can
  hold. Its `__post_init__` raises `ConfigError` for values outside their range.
- `attach(backbone, config)` gets a frozen backbone (`harma.backbones.Backbone`), puts modules into
  its blocks, wraps them or registers hooks, and returns an `Attachment`. Parameters that it makes
  require gradients, those of the backbone must not but where they train in place
  (`harma.methods.tuned`). It leaves attributes and methods of the backbone's modules alone.
- At first it should change nothing: training then starts from the bare backbone.
- What one call needs stays in the call. Nothing is kept on a module between two calls, as several
  threads may embed at once.

`harma.methods.sites.attach_sites` and `harma.methods.attachment.AttachedModules` do most of it; see
docs/extend/method.md.
"""

import sys
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, fields, is_dataclass
from functools import partial
from typing import Any, ClassVar, Protocol

from harma.backbones import Backbone
from harma.errors import ConfigError
from harma.ground.plugins import find
from harma.methods.attachment import AttachedModules, Attachment
from harma.methods.bitfit import BitfitConfig, attach_bitfit
from harma.methods.bottleneck import BottleneckConfig, attach_bottleneck
from harma.methods.clip_adapter import ClipAdapterConfig, attach_clip_adapter
from harma.methods.harma.attach import AdapterClass, attach_harma
from harma.methods.harma.config import AdapterConfig
from harma.methods.linear import LinearConfig, attach_linear
from harma.methods.lora import LoraConfig, attach_lora
from harma.methods.mrs_adapter import MrsAdapterConfig, attach_mrs_adapter


class MethodConfig(Protocol):
    """The options of a method: a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


@dataclass(frozen=True)
class Method:
    """A way to adapt a backbone.

    Attributes:
        config: class of its options.
        attach: attaches it to a frozen backbone, called as (backbone, options).
    """

    config: type[Any]
    attach: Callable[..., Attachment]


# What ships with HarMA; the only place where their names stand.
METHODS: dict[str, Method] = {
    "harma": Method(AdapterConfig, attach_harma),
    "linear": Method(LinearConfig, attach_linear),
    "clip-adapter": Method(ClipAdapterConfig, attach_clip_adapter),
    "bottleneck": Method(BottleneckConfig, attach_bottleneck),
    "lora": Method(LoraConfig, attach_lora),
    "mrs-adapter": Method(MrsAdapterConfig, attach_mrs_adapter),
    "bitfit": Method(BitfitConfig, attach_bitfit),
}


def find_method(name: str) -> Method:
    """A method by its name, or one of your own by its dotted path, which is imported.

    Args:
        name: a key of `METHODS`, or `package.module.method`. Only what the user writes may come
            here, never what a saved model says.

    Raises:
        ConfigError: it is neither, or what is found is no method.
    """
    method = find(name, METHODS, "method")
    if not isinstance(method, Method) or not is_dataclass(method.config):
        raise ConfigError(
            f"method is {name!r}, which is no harma.methods.table.Method(config, attach) with a"
            " dataclass of options"
        )
    return method


def own_method(name: str) -> Method | None:
    """The method that a dotted path of the user's names; None where the name is no such path.

    Raises:
        ConfigError: there is no such method.
    """
    if name in METHODS or "." not in name:
        return None
    return find_method(name)


def method_of(config: MethodConfig) -> str:
    """The name of the method whose options these are: a key of `METHODS`, or a dotted path.

    Raises:
        ConfigError: no method beside the class has it for its options.
    """
    kind = type(config)
    for name, method in METHODS.items():
        if method.config is kind:
            return name
    # The name is found, not registered: it is the same wherever the options were made, and there is
    # no table of the process that importing a module would change.
    beside = vars(sys.modules.get(kind.__module__, object))
    for name, value in beside.items():
        if isinstance(value, Method) and value.config is kind:
            return f"{kind.__module__}.{name}"
    raise ConfigError(
        f"no method has the options {kind.__name__}; write my_method = Method({kind.__name__},"
        f" attach_my_method) into the module {kind.__module__}, where the class is"
    )


def method_with(config: MethodConfig) -> Method:
    """The method whose options these are.

    Raises:
        ConfigError: there is none.
    """
    return find_method(method_of(config))


def make_config(method: str | Method, options: Mapping[str, object]) -> MethodConfig:
    """A method's options from plain values.

    Args:
        method: a key of `METHODS`, the dotted path of a method of your own, or a method.
        options: name → value.

    Raises:
        ConfigError: the method or an option is unknown, one is missing, or a value is outside its
            range.
    """
    if isinstance(method, str):
        name = method
        method = find_method(name)
    else:
        name = f"with {method.config.__name__}"
    allowed = [field.name for field in fields(method.config)]
    if unknown := sorted(options.keys() - set(allowed)):
        raise ConfigError(
            f"method {name} has no option {', '.join(unknown)}; allowed are"
            f" {', '.join(allowed) or 'none'}"
        )
    if missing := [option for option in _needed(method) if option not in options]:
        raise ConfigError(f"method {name} needs the option {', '.join(missing)}")
    # The class itself checks ranges.
    config: MethodConfig = method.config(**options)
    # What is saved is the name that the options lead to; it must lead back to this method.
    if method_with(config) is not method:
        raise ConfigError(
            f"method {name} has the options {method.config.__name__}, which are those of"
            f" {method_of(config)}; give it a class of its own, in the module that it is in"
        )
    return config


def attach_method(
    backbone: Backbone, config: MethodConfig | None, adapter_class: AdapterClass | None = None
) -> Attachment:
    """Attach the method that options belong to; None leaves the backbone as it is.

    Raises:
        ConfigError: the backbone has one already, or an adapter class is given to a peer.
        BackboneError: the backbone's towers cannot take the method.
    """
    if config is None:
        return AttachedModules({})
    name = method_of(config)
    method = method_with(config)
    if isinstance(config, AdapterConfig):
        attach: Callable[..., Attachment] = partial(method.attach, adapter=adapter_class)
    elif adapter_class is None:
        attach = method.attach
    else:
        raise ConfigError(
            f"an adapter class was given, which only HarMA's adapters take; the method is {name}"
        )
    with backbone.attaching(name):
        return attach(backbone, config)


def _needed(method: Method) -> list[str]:
    """The options of a method that have no default."""
    return [
        field.name
        for field in fields(method.config)
        if field.default is MISSING and field.default_factory is MISSING
    ]
