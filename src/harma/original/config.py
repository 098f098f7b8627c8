"""The original HarMA's YAML configs as recipes (SPEC 4)."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from harma.errors import ConfigError
from harma.original.dual_encoder import KEYS as DUAL_ENCODER
from harma.original.dual_encoder import dual_encoder_of_original

log = logging.getLogger(__name__)

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


def is_original_config(values: Mapping[str, Any]) -> bool:
    """Whether a YAML mapping is a config of the original rather than a recipe of ours."""
    return "train_file" in values or "schedular" in values


def recipe_of_original(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """Translate a config of the original.

    Args:
        values: its content; numbers such as `4e-6`, which YAML reads as text, are numbers.
        path: its file, for messages.

    Returns:
        The values of a recipe. Paths stay relative to the current folder, as in the original.

    Raises:
        ConfigError: a key is unknown or missing, or a value cannot be used.
    """
    known = READ | WITHOUT_EFFECT | DUAL_ENCODER
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
    if values.get("is_harma", True):
        model: dict[str, Any] = {
            "method": "harma",
            "backbone": _one_of(values.get("model", "vit"), BACKBONES, "model", path),
            "adapter": {"variant": "released", "shared_towers": ["text"], "text_attention": "full"},
        }
    else:
        model = {"method": "full", "backbone": dual_encoder_of_original(values, path)}
    train_file = values["train_file"]
    return {
        **model,
        "data": {
            "name": "harma-json",
            "root": ".",
            "images": values["image_root"],
            "train": [train_file] if isinstance(train_file, str) else list(train_file),
            "val": values["val_file"],
            "test": values["test_file"],
            "batch_size": _number(
                values.get("batch_size_train", 214), "batch_size_train", path, int
            ),
            "eval_batch_size": _number(
                values.get("batch_size_test", 128), "batch_size_test", path, int
            ),
        },
        "loss": {
            "temperature": _number(values.get("temp1", 0.07), "temp1", path),
            "terms": _losses(values, path),
        },
        "optim": {
            "name": "adamw",
            "lr": _number(optimizer.get("lr", 4e-4), "optimizer.lr", path),
            "weight_decay": _number(
                optimizer.get("weight_decay", 0.04), "optimizer.weight_decay", path
            ),
        },
        "schedule": {
            "name": "linear",
            "warmup": _number(
                schedule.get("num_warmup_steps", 0.1), "schedular.num_warmup_steps", path
            ),
            "exact_steps": False,
        },
        "train": {"epochs": _number(schedule.get("epochs", 10), "schedular.epochs", path, int)},
    }


def _section(
    values: Mapping[str, Any], name: str, allowed: set[str], path: Path
) -> Mapping[str, Any]:
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


def _tell_without_effect(
    values: Mapping[str, Any], optimizer: Mapping[str, Any], schedule: Mapping[str, Any], path: Path
) -> None:
    of_others = DUAL_ENCODER if values.get("is_harma", True) else {"model"}
    idle = sorted(values.keys() & (WITHOUT_EFFECT | of_others))
    idle += [f"optimizer.{key}" for key in ("lr_mult",) if key in optimizer]
    idle += [f"schedular.{key}" for key in ("lr",) if key in schedule]
    if idle:
        log.warning("%s: these keys have no effect, as in the original: %s", path, ", ".join(idle))


def _check_fixed(
    values: Mapping[str, Any], optimizer: Mapping[str, Any], schedule: Mapping[str, Any], path: Path
) -> None:
    """Values the original does not let anyone choose, some of them for its CLIP models only."""
    is_harma = values.get("is_harma", True)
    if not isinstance(is_harma, bool):
        raise ConfigError(f"{path}: is_harma is {is_harma!r}; it must be true or false")
    fixed: dict[str, tuple[Any, Any]] = {
        "optimizer.opt": (str(optimizer.get("opt", "adamW")).lower(), "adamw"),
        "schedular.sched": (schedule.get("sched", "linear"), "linear"),
    }
    if is_harma:
        fixed |= {
            key: (values.get(key, usual), usual)
            for key, usual in (("image_res", 224), ("embed_dim", 512))
        }
    for name, (got, needed) in fixed.items():
        if got != needed:
            which = "CLIP models take" if is_harma else "dual encoders take"
            raise ConfigError(f"{path}: {name} is {got!r}; the original's {which} {needed!r} only")


def _losses(values: Mapping[str, Any], path: Path) -> dict[str, Any]:
    """The original's switches: affiliation beside the contrastive loss, the plain triplet alone, or neither.

    With neither, its CLIP models have HarMA's two, its dual encoders the contrastive loss alone.
    """
    if values.get("use_affil_loss"):
        return {
            "contrastive": 1.0,
            "affiliation": {
                "weight": _number(values.get("center_factor", 1.0), "center_factor", path),
                "temperature": _number(values.get("temp2", 0.07), "temp2", path),
            },
        }
    if values.get("use_triplet_loss"):
        return {"triplet": 1.0}
    return (
        {"contrastive": 1.0, "weighted_triplet": 1.0}
        if values.get("is_harma", True)
        else {"contrastive": 1.0}
    )


def _one_of(value: Any, allowed: Mapping[str, str], name: str, path: Path) -> str:
    if value not in allowed:
        raise ConfigError(f"{path}: {name} is {value!r}; allowed are {', '.join(allowed)}")
    return allowed[value]


def _number(
    value: Any, name: str, path: Path, kind: type[float] | type[int] = float
) -> float | int:
    try:
        number = float(value)
        if isinstance(value, bool) or (kind is int and number != int(number)):
            raise ValueError
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"{path}: {name} is {value!r}; it must be {'a whole' if kind is int else 'a'} number"
        ) from error
    return kind(number)
