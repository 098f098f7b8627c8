"""Checks of methods' options, with one wording."""

from harma.errors import ConfigError


def check_count(name: str, value: object) -> None:
    """Check that an option is a whole number from 1.

    Raises:
        ConfigError: it is not.
    """
    # A bool is an int to Python, and no number to anybody else.
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise ConfigError(f"{name} is {value!r}; it must be a whole number from 1")


def check_number(name: str, value: object, low: float, high: float) -> None:
    """Check that an option is a number from `low` to `high`, both included.

    Raises:
        ConfigError: it is not.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ConfigError(f"{name} is {value!r}; it must be a number from {low:g} to {high:g}")
