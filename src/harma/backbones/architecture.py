"""Architectures: open_clip configs by name or of one's own, checked, and built into modules."""

import dataclasses
import difflib
import inspect
import json
import logging
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from types import ModuleType
from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from harma.backbones.config_bounds import NOT_BUILT, OF_ANOTHER_KIND, WeightsCounted, check_numbers
from harma.backbones.directories import Config, Stated, read_json
from harma.backbones.open_clip_modules import (
    knows_shipped_only,
    open_clip_module,
    shipped_config,
)
from harma.errors import BackboneError, ConfigError
from harma.ground.messages import plain_reason

log = logging.getLogger(__name__)

REQUIRED_KEYS = ("embed_dim", "vision_cfg", "text_cfg")
# Part of a config → the class of its options, by open_clip's module: CoCa's draws in transformers,
# and is imported for CoCa alone.
PARTS = {
    "vision_cfg": ("model", "CLIPVisionCfg"),
    "text_cfg": ("model", "CLIPTextCfg"),
    "multimodal_cfg": ("coca_model", "MultimodalCfg"),
}


def open_clip() -> ModuleType:
    """The package open_clip: imported when first needed, since that takes seconds."""
    import open_clip

    return open_clip


def architecture_names() -> list[str]:
    """The architectures open_clip knows by name."""
    names: list[str] = open_clip().list_models()
    return names


def is_architecture(name: str) -> bool:
    """Whether open_clip knows an architecture of this name."""
    if shipped_config(name) is not None:
        return True
    # Asked last, as it takes seconds; what is not in the folder may have been added to it.
    return not knows_shipped_only() and name in architecture_names()


def find_architecture(name: str) -> Config:
    """The config of an open_clip architecture.

    Raises:
        BackboneError: there is none of this name; the message has close matches.
    """
    file = shipped_config(name)
    if file is not None:
        return check_config(read_json(file), name)
    names = architecture_names()
    if name not in names:
        raise BackboneError(
            f"{name!r} is not an architecture of open_clip{close_matches(name, names)}"
        )
    return check_config(open_clip().get_model_config(name), name)


def weight_tags(name: str) -> list[str]:
    """The tags of weights that are published for an architecture of open_clip."""
    tags: list[str] = open_clip_module("pretrained").list_pretrained_tags_by_model(name)
    return tags


def close_matches(name: str, names: Iterable[str]) -> str:
    """Words that propose the names resembling one, or nothing."""
    # Capitals are what people get wrong first, and difflib takes them for other letters.
    folded = {candidate.lower(): candidate for candidate in names}
    matches = difflib.get_close_matches(name.lower(), folded, n=4, cutoff=0.6)
    if not matches:
        return ""
    return f" (did you mean {', '.join(folded[match] for match in matches)}?)"


def check_config(config: Stated, where: str) -> Config:
    """A copy of an open_clip config, after checking its names.

    Args:
        config: with `embed_dim`, `vision_cfg`, `text_cfg` and what else open_clip's models take.
        where: what the config is called in messages.

    Raises:
        ConfigError: a key is missing or unknown, or a part is not a mapping.
    """
    check_numbers(config, where)
    missing = [key for key in REQUIRED_KEYS if key not in config]
    if missing:
        raise ConfigError(
            f"{where} has no {', '.join(missing)}; an open_clip config needs"
            f" {', '.join(REQUIRED_KEYS)}"
        )
    _check_keys(config, {*_arguments(config), "custom_text", *PARTS}, where)
    for key, (module, part) in PARTS.items():
        if key not in config:
            continue
        if not isinstance(config[key], Mapping):
            raise ConfigError(f"{where}: {key} is {config[key]!r}; it must be a mapping")
        names = [field.name for field in dataclasses.fields(_class(module, part))]
        _check_keys(config[key], names, f"{where}: {key}")
    _check_towers(config, where)
    return deepcopy(dict(config))


def _check_towers(config: Stated, where: str) -> None:
    """Raise for towers that open_clip builds but cannot embed with, or would fetch."""
    trunk = config["vision_cfg"].get("timm_model_name")
    # timm takes hf-hub:ORG/NAME and local-dir:PATH too, and reads a config from there.
    is_name = isinstance(trunk, str) and re.fullmatch(r"[\w.-]+", trunk)
    if trunk is not None and not is_name:
        raise ConfigError(
            f"{where}: timm_model_name is {trunk!r}; it must be a name of timm's own, as nothing is"
            " fetched for a config"
        )
    has_tokens = any(config[key].get("output_tokens") for key in ("vision_cfg", "text_cfg"))
    if has_tokens and "multimodal_cfg" not in config:
        raise ConfigError(
            f"{where} has output_tokens, which only models with multimodal_cfg can have; leave"
            " it out"
        )


def _check_keys(config: Stated, allowed: Iterable[str], where: str) -> None:
    allowed = sorted(allowed)
    for key in config:
        if key not in allowed:
            raise ConfigError(
                f"{where} has the unknown key {key!r}{close_matches(str(key), allowed)}; "
                f"allowed are {', '.join(allowed)}"
            )


def build_module(
    config: Stated,
    *,
    initialise: bool,
    text_config: Stated | None = None,
    bound: WeightsCounted | None = None,
    where: str = "the config",
) -> nn.Module:
    """Build the open_clip model of a checked config.

    Args:
        config: from `check_config` or `find_architecture`.
        initialise: draw random weights; without it they are undefined until some are loaded.
        text_config: of its Hugging Face text tower, if it has one.
        bound: on its weights; None for configs that nobody else has stated.
        where: what the config is called in messages.

    Raises:
        ConfigError: open_clip cannot build it, sizes contradicting each other for example.
    """
    check_numbers(text_config or {}, f"{where}: the text tower")
    arguments = {key: deepcopy(value) for key, value in config.items() if key != "custom_text"}
    # Otherwise timm downloads weights of its own.
    arguments["vision_cfg"]["timm_model_pretrained"] = False
    context: AbstractContextManager[object] = (
        nullcontext() if initialise else _WithoutInitialisation()
    )
    try:
        with bound or nullcontext(), context, _text_tower(arguments["text_cfg"], text_config):
            module: nn.Module = _model_class(config)(**arguments)
    except ConfigError:
        raise
    # Which of these it is depends on the layer that meets the wrong size first.
    except NOT_BUILT as error:
        reason = plain_reason(error, OF_ANOTHER_KIND, length=1000)
        raise ConfigError(
            f"{where}: open_clip cannot build a model of {dict(config)}: {reason}"
        ) from error
    return module


@contextmanager
def _text_tower(stated: dict[str, Any], text_config: Stated | None) -> Iterator[None]:
    """Within this context open_clip finds the config of a Hugging Face text tower in a folder.

    Given a name alone it would ask the hub, and fetch weights of its own.
    """
    if text_config is None:
        yield
        return
    with TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(text_config), encoding="utf-8")
        stated |= {"hf_model_name": folder, "hf_model_pretrained": False}
        yield


def _model_class(config: Stated) -> Callable[..., nn.Module]:
    """The class open_clip itself chooses (`open_clip.factory.create_model`)."""
    text = config["text_cfg"]
    # What is no mapping is refused in a moment.
    has_encoder = isinstance(text, Mapping) and bool(text.get("hf_model_name"))
    if not config.get("custom_text") and not has_encoder:
        return _class("model", "CLIP")
    if "multimodal_cfg" in config:
        return _class("coca_model", "CoCa")
    return _class("model", "CustomTextCLIP")


def _class(module: str, name: str) -> type[Any]:
    """A class of open_clip."""
    found: type[Any] = getattr(open_clip_module(module), name)
    return found


def _arguments(config: Stated) -> set[str]:
    # cast_dtype and output_dict are options of a program, not of an architecture.
    return set(inspect.signature(_model_class(config)).parameters) - {"cast_dtype", "output_dict"}


class _WithoutInitialisation(TorchFunctionMode):
    """Skip the drawing of random weights.

    It takes four fifths of the time of building a model whose weights are loaded next.
    """

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[object, ...] = (),
        kwargs: dict[str, object] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        # By module: a list of names would miss what the next torch adds.
        if getattr(func, "__module__", None) != torch.nn.init.__name__:
            return func(*args, **kwargs)
        # What functions of torch.nn.init give back: the tensor that they were to fill.
        if "tensor" in kwargs:
            return kwargs["tensor"]
        return args[0]
