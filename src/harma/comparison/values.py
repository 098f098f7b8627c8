"""Ranges of the numbers in a comparison's file: budget, seeds, learning rates, jobs."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from jsonargparse.typing import PositiveInt, restricted_number_type

from harma.errors import ConfigError

# torch and numpy are seeded with 32 bits.
SEEDS = 2**32
Seed = restricted_number_type("Seed", int, [(">=", 0), ("<", SEEDS)])
Amount = restricted_number_type("Amount", float, [(">", 0), ("<", math.inf)])
Number = TypeVar("Number", int, float)


@dataclass(frozen=True)
class Budget:
    """How long each run trains; the recipe's epochs stand where neither is given.

    Attributes:
        epochs: so many.
        minutes: so long.
    """

    epochs: int | None = None
    minutes: float | None = None


def read_budget(budget: object) -> Budget:
    """Epochs or minutes of training for each run.

    Raises:
        ConfigError: it is something else.
    """
    if budget is None:
        return Budget()
    # One of the two: with both it would be open which one ended a run.
    if not isinstance(budget, dict) or list(budget) not in (["epochs"], ["minutes"]):
        raise ConfigError(f"budget is {budget!r}; give {{epochs: N}} or {{minutes: M}}")
    if "epochs" in budget:
        return Budget(epochs=read_count(budget["epochs"], "budget.epochs"))
    minutes = budget["minutes"]
    problem = f"budget.minutes is {minutes!r}; it must be a number above 0"
    return Budget(minutes=float(_read(Amount, minutes, problem)))


def read_count(value: object, name: str) -> int:
    """A whole number from 1.

    Raises:
        ConfigError: it is none.
    """
    return int(_read(PositiveInt, value, f"{name} is {value!r}; it must be a whole number from 1"))


def read_seeds(values: object) -> tuple[int, ...]:
    """Seeds, at least one.

    Raises:
        ConfigError: it is no list of seeds, or one is given twice.
    """
    if values == []:
        raise ConfigError("seeds is []; it must be a list of one or more")
    return _read_list(values, "seeds", read_seed)


def read_rates(values: object) -> tuple[float, ...]:
    """Learning rates; () of an empty list.

    Raises:
        ConfigError: it is no list of learning rates, or one is given twice.
    """
    return _read_list(values, "learning_rates", read_rate)


def read_seed(value: object, name: str) -> int:
    """A seed.

    Raises:
        ConfigError: it is none.
    """
    problem = f"{name} has {value!r}; a seed is a whole number from 0 to below {SEEDS}"
    return int(_read(Seed, value, problem))


def read_rate(value: object, name: str) -> float:
    """A learning rate; of text too, which YAML takes 1e-3 for.

    Raises:
        ConfigError: it is none.
    """
    problem = f"{name} has {value!r}; a learning rate is a number above 0"
    return float(_read(Amount, value, problem))


def check_known(values: Mapping[str, object], allowed: Sequence[str], where: str) -> None:
    """Check that every key means something.

    Raises:
        ConfigError: one does not; the message lists what is allowed.
    """
    if unknown := sorted(str(key) for key in values if key not in allowed):
        raise ConfigError(
            f"{where} has the unknown key {', '.join(unknown)}; allowed are {', '.join(allowed)}"
        )


def _read(kind: Callable[[object], Number], value: object, problem: str) -> Number:
    try:
        return kind(value)
    except (TypeError, ValueError) as error:
        raise ConfigError(problem) from error


def _read_list(
    values: object, name: str, read: Callable[[object, str], Number]
) -> tuple[Number, ...]:
    if not isinstance(values, list):
        raise ConfigError(f"{name} is {values!r}; it must be a list")
    numbers = tuple(read(value, name) for value in values)
    # Runs are named by rate and seed: what is written alike would share a directory.
    shown = [f"{number:g}" for number in numbers]
    if twice := sorted({text for text in shown if shown.count(text) > 1}):
        raise ConfigError(f"{name} has {', '.join(twice)} twice")
    return numbers
