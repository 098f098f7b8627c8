"""Values of a comparison's file, read and checked."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from harma.errors import ConfigError


def read_budget(budget: Any) -> tuple[int | None, float | None]:
    """Epochs or minutes of training for each run; None for what is not given.

    Raises:
        ConfigError: it is neither.
    """
    if budget is None:
        return None, None
    if (
        not isinstance(budget, dict)
        or len(budget) != 1
        or not budget.keys() <= {"epochs", "minutes"}
    ):
        raise ConfigError(f"budget is {budget!r}; give {{epochs: N}} or {{minutes: M}}")
    ((kind, value),) = budget.items()
    whole = isinstance(value, int) and not isinstance(value, bool)
    if kind == "epochs":
        if not whole or value < 1:
            raise ConfigError(f"budget.epochs is {value!r}; it must be a whole number from 1")
        return value, None
    if not (whole or isinstance(value, float)) or not math.isfinite(value) or value <= 0:
        raise ConfigError(f"budget.minutes is {value!r}; it must be a number above 0")
    return None, float(value)


def check_known(values: Mapping[str, Any], allowed: Sequence[str], where: str) -> None:
    """Refuse keys that mean nothing.

    Raises:
        ConfigError: there is one; the message lists what is allowed.
    """
    if unknown := sorted(str(key) for key in values if key not in allowed):
        raise ConfigError(
            f"{where} has the unknown key {', '.join(unknown)}; allowed are {', '.join(allowed)}"
        )


def read_list(values: Any, name: str, item: Any) -> list[Any]:
    """A list, each value read by `item`.

    Raises:
        ConfigError: it is no list, has no seed, or has a value twice.
    """
    if not isinstance(values, list) or (not values and name == "seeds"):
        raise ConfigError(f"{name} is {values!r}; it must be a list")
    found = [item(value, name) for value in values]
    shown = [f"{value:g}" for value in found]
    if twice := sorted({text for text in shown if shown.count(text) > 1}):
        raise ConfigError(f"{name} has {', '.join(twice)} twice")
    return found


def read_seed(value: Any, name: str) -> int:
    """A seed.

    Raises:
        ConfigError: it is none.
    """
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value < 2**32:
        raise ConfigError(f"{name} has {value!r}; a seed is a whole number from 0 to below {2**32}")
    return value


def read_rate(value: Any, name: str) -> float:
    """A learning rate.

    Raises:
        ConfigError: it is none.
    """
    try:
        rate = float(value)  # YAML takes 1e-3 for text
    except (TypeError, ValueError):
        rate = math.nan
    if isinstance(value, bool) or not math.isfinite(rate) or rate <= 0:
        raise ConfigError(f"{name} has {value!r}; a learning rate is a number above 0")
    return rate
