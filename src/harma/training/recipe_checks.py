"""Ranges of a recipe's numbers, and values of it that exclude each other.

What needs torch, the data or the backbone to be told is checked in `build`. No torch here.
"""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, fields, is_dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, get_args, get_type_hints

from harma.errors import ConfigError
from harma.metrics import SELECTION_KEYS

if TYPE_CHECKING:
    from harma.training.recipe import Recipe

# What a recipe's method can be that attaches nothing to the backbone. The others are those of
# `harma.methods.table`, which needs torch: `build` checks their names and options.
WITHOUT_METHOD = ("full", "none")
# torch and numpy are seeded with 32 bits.
SEEDS = 2**32


@dataclass(frozen=True)
class Range:
    """Numbers that an option may have.

    Attributes:
        words: what such a number must be, as messages say it.
        holds: whether a number is one.
    """

    words: str
    holds: Callable[[float], bool]


POSITIVE = Range("be greater than 0", lambda number: number > 0)
NOT_NEGATIVE = Range("not be negative", lambda number: number >= 0)
# Processes: each takes memory, and more than these help nobody.
MOST_WORKERS = 1024
WORKERS = Range(f"be from 0 to {MOST_WORKERS:,}", lambda number: 0 <= number <= MOST_WORKERS)
SHARE = Range("be from 0 to below 1", lambda number: 0 <= number < 1)

RANGES = {
    "data.batch_size": POSITIVE,
    "data.captions_per_image": POSITIVE,
    "data.eval_batch_size": POSITIVE,
    "data.max_words": POSITIVE,
    "data.num_workers": WORKERS,
    "optim.lr": POSITIVE,
    "optim.clip_norm": POSITIVE,
    "optim.weight_decay": NOT_NEGATIVE,
    "optim.eps": NOT_NEGATIVE,
    "schedule.warmup": NOT_NEGATIVE,
    "loss.temperature": POSITIVE,
    "loss.min_temperature": POSITIVE,
    "loss.view_dropout": SHARE,
    "train.epochs": POSITIVE,
    "train.seed": NOT_NEGATIVE,
    "train.devices": POSITIVE,
    "train.num_nodes": POSITIVE,
    "train.average_decay": SHARE,
    "train.chunk_size": POSITIVE,
    "train.validate_every": POSITIVE,
    "train.patience": POSITIVE,
    "train.checkpoint_every": POSITIVE,
    "train.log_every": POSITIVE,
    "train.frozen_cache_gb": POSITIVE,
}


class Option(NamedTuple):
    """An option of a recipe: its dotted name, its value, and whether None is one of its values."""

    name: str
    value: Any
    may_be_none: bool


def recipe_options(section: Any, prefix: str = "") -> Iterator[Option]:
    """Every option of a recipe or of one of its sections, by its dotted name.

    Args:
        section: a dataclass.
        prefix: of the names, such as "optim.".
    """
    hints = get_type_hints(type(section))
    for field in fields(section):
        name = prefix + field.name
        value = getattr(section, field.name)
        if is_dataclass(value):
            yield from recipe_options(value, f"{name}.")
        else:
            yield Option(name, value, type(None) in get_args(hints[field.name]))


def check_values(recipe: "Recipe") -> None:
    """Raise if there is no value where there must be one, or a number that is none.

    Raises:
        ConfigError: a value is empty, NaN or infinite.
    """
    for option in recipe_options(recipe):
        if option.value is None and not option.may_be_none:
            raise ConfigError(
                f"{option.name} is empty (null); give a value, or leave it out for the default"
            )
        is_several = isinstance(option.value, tuple | list)
        for number in option.value if is_several else [option.value]:
            if isinstance(number, float) and not math.isfinite(number):
                raise ConfigError(f"{option.name} is {option.value}; it must be a finite number")


def check_ranges(recipe: "Recipe") -> None:
    """Raise if a number is outside its range.

    Raises:
        ConfigError: one is; the message says which.
    """
    for option in recipe_options(recipe):
        if option.name not in RANGES or option.value in (None, "auto"):
            continue
        if not isinstance(option.value, int | float):
            raise ConfigError(f"{option.name} is {option.value!r}; it must be a number")
        allowed = RANGES[option.name]
        if not allowed.holds(option.value):
            raise ConfigError(f"{option.name} is {option.value}; it must {allowed.words}")
    if recipe.train.seed >= SEEDS:
        raise ConfigError(f"train.seed is {recipe.train.seed}; it must be below {SEEDS}")
    betas = recipe.optim.betas
    if not all(SHARE.holds(beta) for beta in betas):
        raise ConfigError(f"optim.betas are {list(betas)}; each must be from 0 to below 1")


def check_choices(recipe: "Recipe") -> None:
    """Raise if values exclude each other.

    Raises:
        ConfigError: they do; the message says which.
    """
    method = recipe.method
    if recipe.options and method in ("harma", *WITHOUT_METHOD):
        where = "; its options are under adapter" if method == "harma" else ""
        raise ConfigError(
            f"options are {recipe.options}, which method {method} does not take{where}"
        )
    lowest = recipe.loss.min_temperature
    if lowest is not None and lowest > recipe.loss.temperature:
        raise ConfigError(
            f"loss.min_temperature is {lowest}; it must not lie above loss.temperature,"
            f" {recipe.loss.temperature}"
        )
    _check_precision(recipe)
    # The names of figures that the user's own metrics give are known once they are computed.
    key = recipe.train.select_by
    if recipe.trains and key not in SELECTION_KEYS and not recipe.train.metrics:
        raise ConfigError(f"train.select_by is {key!r}; allowed are {', '.join(SELECTION_KEYS)}")


def _check_precision(recipe: "Recipe") -> None:
    if recipe.train.compile and recipe.train.precision == "bf16_weights":
        raise ConfigError(
            "train.precision is bf16_weights, which train.compile cannot serve; leave one of them"
            " out"
        )
