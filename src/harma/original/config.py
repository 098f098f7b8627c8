"""The original HarMA's YAML configs as recipes (SPEC 4)."""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from harma.errors import ConfigError
from harma.original.dual_encoder import (
    DUAL_ENCODER_KEYS,
    Described,
    Values,
    dual_encoder_of_original,
)

log = logging.getLogger(__name__)

# `vit` is LAION-2B, since the released code takes it and the published figures come from it; the
# design document says OpenAI (SPEC 4).
BACKBONES = {"vit": "laion2b", "geo": "georsclip-ret2"}
REQUIRED = ("train_file", "val_file", "test_file", "image_root")
READ = {
    *REQUIRED,
    "image_res",
    "batch_size_train",
    "batch_size_test",
    "batch_size_test_text",
    "embed_dim",
    "temp1",
    "temp2",
    "model",
    "is_harma",
    "optimizer",
    "schedular",
    "use_affil_loss",
    "center_factor",
    "use_triplet_loss",
}
# They stand in the original's files; its code never uses them.
WITHOUT_EFFECT = {
    "save_epoch",
    "save_num_epoch",
    "if_evaluation",
    "resnet_ckpt",
    "filter_size",
    "instru_num",
    "cycle_num",
    "dropout_r",
    "head",
}


def is_original_config(values: Values) -> bool:
    """Whether a YAML mapping is a config of the original rather than a recipe of ours."""
    # No recipe has either name; the misspelt one is the original's alone.
    return "train_file" in values or "schedular" in values


def recipe_of_original(values: Values, path: Path) -> Described:
    """Translate a config of the original.

    Args:
        values: its content; numbers such as `4e-6`, which YAML reads as text, are numbers.
        path: its file, for messages.

    Returns:
        The values of a recipe. Paths stay relative to the current folder, as in the original.

    Raises:
        ConfigError: a key is unknown or missing, or a value cannot be used.
    """
    # An unknown key is an error, since it may be a setting that the result depends on.
    known = READ | WITHOUT_EFFECT | DUAL_ENCODER_KEYS
    unknown = sorted(values.keys() - known)
    missing = sorted(set(REQUIRED) - values.keys())
    if unknown or missing:
        raise ConfigError(
            f"{path}: keys of the original's configs that are unknown: {unknown}, missing:"
            f" {missing}; allowed are {', '.join(sorted(known))}"
        )
    optimizer = _section(values, "optimizer", {"opt", "lr", "weight_decay", "lr_mult"}, path)
    schedule = _section(values, "schedular", {"sched", "epochs", "num_warmup_steps", "lr"}, path)
    _tell_without_effect(values, optimizer, schedule, path)
    _check_fixed(values, optimizer, schedule, path)
    numbers = _Numbers(path)
    return {
        **_model(values, path),
        "data": _data(values, numbers),
        "loss": {
            "temperature": numbers.real(values, "temp1", 0.07),
            "terms": _losses(values, numbers),
        },
        "optim": {
            "name": "adamw",
            "lr": numbers.real(optimizer, "lr", 4e-4, of="optimizer."),
            "weight_decay": numbers.real(optimizer, "weight_decay", 0.04, of="optimizer."),
        },
        "schedule": {
            "name": "linear",
            "warmup": numbers.real(schedule, "num_warmup_steps", 0.1, of="schedular."),
            # The original counts batches that it drops, so that its rate ends above 0.
            "exact_steps": False,
        },
        "train": {"epochs": numbers.whole(schedule, "epochs", 10, of="schedular.")},
    }


def _model(values: Values, path: Path) -> Described:
    """Method and backbone: HarMA on CLIP, or a dual encoder that trains as a whole."""
    if not values.get("is_harma", True):
        return {"method": "full", "backbone": dual_encoder_of_original(values, path)}
    name = values.get("model", "vit")
    if name not in BACKBONES:
        raise ConfigError(f"{path}: model is {name!r}; allowed are {', '.join(BACKBONES)}")
    return {
        "method": "harma",
        "backbone": BACKBONES[name],
        "adapter": {"variant": "released", "shared_towers": ["text"], "text_attention": "full"},
    }


def _data(values: Values, numbers: "_Numbers") -> Described:
    train_file = values["train_file"]
    return {
        "name": "harma-json",
        # The original sees its paths from the folder that it is started in.
        "root": ".",
        "images": values["image_root"],
        "train": [train_file] if isinstance(train_file, str) else list(train_file),
        "val": values["val_file"],
        "test": values["test_file"],
        "batch_size": numbers.whole(values, "batch_size_train", 214),
        "eval_batch_size": numbers.whole(values, "batch_size_test", 128),
    }


def _section(values: Values, name: str, allowed: set[str], path: Path) -> Values:
    section = values.get(name, {})
    if not isinstance(section, Mapping):
        raise ConfigError(
            f"{path}: {name} is {section!r}; it must be a mapping with {', '.join(sorted(allowed))}"
        )
    unknown = sorted(section.keys() - allowed)
    if unknown:
        raise ConfigError(
            f"{path}: {name} has unknown keys {unknown}; allowed are {', '.join(sorted(allowed))}"
        )
    return section


def _tell_without_effect(values: Values, optimizer: Values, schedule: Values, path: Path) -> None:
    # Either kind of model ignores the keys of the other.
    of_others = DUAL_ENCODER_KEYS if values.get("is_harma", True) else {"model"}
    idle = sorted(values.keys() & (WITHOUT_EFFECT | of_others))
    if "lr_mult" in optimizer:
        idle.append("optimizer.lr_mult")
    if "lr" in schedule:
        idle.append("schedular.lr")
    if idle:
        log.warning("%s: these keys have no effect, as in the original: %s", path, ", ".join(idle))


def _check_fixed(values: Values, optimizer: Values, schedule: Values, path: Path) -> None:
    """Raise ConfigError for values that the original does not let anyone choose."""
    is_harma = values.get("is_harma", True)
    # In quotes "False" is a text, and a text that is not empty would count as true.
    if not isinstance(is_harma, bool):
        raise ConfigError(f"{path}: is_harma is {is_harma!r}; it must be true or false")
    which = "CLIP models take" if is_harma else "dual encoders take"
    # name → (what the config says, the only value there is)
    fixed: dict[str, tuple[object, object]] = {
        "optimizer.opt": (str(optimizer.get("opt", "adamW")).lower(), "adamw"),
        "schedular.sched": (schedule.get("sched", "linear"), "linear"),
    }
    if is_harma:
        fixed["image_res"] = (values.get("image_res", 224), 224)
        fixed["embed_dim"] = (values.get("embed_dim", 512), 512)
    for name, (given, only) in fixed.items():
        if given != only:
            raise ConfigError(f"{path}: {name} is {given!r}; the original's {which} {only!r} only")


def _losses(values: Values, numbers: "_Numbers") -> Described:
    """The original's switches: affiliation beside the contrastive loss, the triplet alone, neither.

    With neither, its CLIP models have HarMA's two, its dual encoders the contrastive loss alone.
    """
    if values.get("use_affil_loss"):
        affiliation = {
            "weight": numbers.real(values, "center_factor", 1.0),
            "temperature": numbers.real(values, "temp2", 0.07),
        }
        return {"contrastive": 1.0, "affiliation": affiliation}
    if values.get("use_triplet_loss"):
        return {"triplet": 1.0}
    if not values.get("is_harma", True):
        return {"contrastive": 1.0}
    return {"contrastive": 1.0, "weighted_triplet": 1.0}


@dataclass(frozen=True)
class _Numbers:
    """Numbers of a config: YAML reads some of them, such as `4e-6`, as text.

    Attributes:
        path: of the config, for messages.
    """

    path: Path

    def real(self, values: Values, key: str, usual: float, *, of: str = "") -> float:
        """A number; `of` is the section, with its dot, for the message."""
        value = values.get(key, usual)
        number = _as_number(value)
        if number is None:
            raise ConfigError(f"{self.path}: {of}{key} is {value!r}; it must be a number")
        return number

    def whole(self, values: Values, key: str, usual: int, *, of: str = "") -> int:
        """A whole number."""
        value = values.get(key, usual)
        number = _as_number(value)
        if number is None or not number.is_integer():
            raise ConfigError(f"{self.path}: {of}{key} is {value!r}; it must be a whole number")
        return int(number)


def _as_number(value: object) -> float | None:
    # To Python `true` is a 1; as a learning rate it is a slip.
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    try:
        return float(value)
    except ValueError:
        return None
