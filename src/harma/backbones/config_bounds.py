"""Bounds on stated models: numbers of a config, and how many weights it may ask for.

A config of a few lines can state layers without end, or widths of terabytes. Its numbers are looked
at before anything is built, and while it is built weights are counted before they are allocated:
beside a weight file, a model can be only as large as the file.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from torch import Tensor
from torch.overrides import TorchFunctionMode

from harma.errors import ConfigError
from harma.ground.limits import MAX_DEPTH, MAX_LAYERS, MAX_NUMBER, MAX_PARAMETERS

# What open_clip, timm and transformers raise for a config that they cannot build.
NOT_BUILT = (
    TypeError,
    ValueError,
    AssertionError,
    AttributeError,
    RuntimeError,
    ArithmeticError,
    LookupError,
    MemoryError,
)
OF_ANOTHER_KIND = "a value in it is missing, or of another kind or size than the others need"
# How keys are called that say how often something is repeated.
REPEATED = ("layer", "depth", "block", "stage")
# How keys are called whose square is a number of tokens, and the most that they may be: tables of
# which token sees which are made of pairs of tokens.
SIDES = {"window": 64, "image_size": 8192, "img_size": 8192}
LONGEST_LIST = 1000
# Functions of torch that allocate, their first arguments a shape.
ALLOCATE = ("empty", "zeros", "ones", "full", "rand", "randn")
# Beside what a file holds: masks and tables of positions, which are made and not kept.
ROOM = 64_000_000


def check_numbers(config: Mapping[str, Any], where: str) -> None:
    """Raise ConfigError for numbers in a config that no model has.

    Args:
        config: of a model, as somebody states it.
        where: what it is called in messages.
    """
    for key, value in _values(config, "", 0, where):
        if isinstance(value, int | float) and not isinstance(value, bool):
            _check_number(f"{where}: {key}", key.rpartition(".")[2].lower(), value)


def _check_number(what: str, name: str, value: int | float) -> None:
    if isinstance(value, float) and not math.isfinite(value):
        raise ConfigError(f"{what} is {value}; it must be a finite number")
    if abs(value) > MAX_NUMBER.allowed:
        raise ConfigError(f"{what} is more than any model has; {MAX_NUMBER.said}")
    if any(word in name for word in REPEATED) and value > MAX_LAYERS.allowed:
        raise ConfigError(f"{what} is {value:,}; {MAX_LAYERS.said}")
    for word, most in SIDES.items():
        if word in name and value > most:
            raise ConfigError(f"{what} is {value:,}; it may be {most:,} at most")


def _values(value: object, key: str, depth: int, where: str) -> Iterator[tuple[str, object]]:
    """(dotted key, value) of all that is no list or mapping."""
    if MAX_DEPTH.is_over(depth):
        raise ConfigError(f"{where}: {key[:100]} lies too deep; {MAX_DEPTH.said}")
    if isinstance(value, Mapping):
        for name, item in value.items():
            yield from _values(item, f"{key}.{name}".removeprefix("."), depth + 1, where)
    elif isinstance(value, Sequence) and not isinstance(value, str):
        if len(value) > LONGEST_LIST:
            raise ConfigError(
                f"{where}: {key} is a list of {len(value):,}; at most {LONGEST_LIST:,} are allowed"
            )
        for item in value:
            yield from _values(item, key, depth + 1, where)
    else:
        yield key, value


class WeightsCounted(TorchFunctionMode):
    """Within this context modules are built of no more numbers than are allowed.

    Args:
        allowed: numbers in all.
        where: what is built, for messages.
        why: says where `allowed` comes from, and what to do.
    """

    def __init__(self, allowed: int, where: str, why: str) -> None:
        super().__init__()
        self._allowed = allowed
        self._where = where
        self._why = why
        self._count = 0

    def __torch_function__(
        self,
        func: Callable[..., Any],
        types: object,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        kwargs = kwargs or {}
        if getattr(func, "__name__", "") in ALLOCATE:
            self._count += _numbers(args, kwargs)
            if self._count > self._allowed:
                raise ConfigError(
                    f"{self._where} asks for more than {self._allowed:,} numbers, {self._why}"
                )
        return func(*args, **kwargs)


def _numbers(args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> int:
    """How many numbers a function that allocates is asked for: empty(2, 3), empty((2, 3))."""
    shape = kwargs.get("size", args)
    if args and isinstance(args[0], Sequence):
        shape = args[0]
    sides = [side for side in shape if isinstance(side, int)]
    return math.prod(sides)


def counted(files: Sequence[Path], where: str) -> WeightsCounted:
    """The bound of a model whose weights are in files; of one without, `MAX_PARAMETERS`."""
    if not files:
        return WeightsCounted(MAX_PARAMETERS.allowed, where, f"of which {MAX_PARAMETERS.said}")
    size = sum(file.stat().st_size for file in files)
    names = ", ".join(map(str, files))
    return WeightsCounted(
        size + ROOM,
        where,
        f"and {names} holds {size:,} bytes: config and weights do not belong together",
    )


def counted_beside(state: Mapping[str, Tensor], where: str, weights: str) -> WeightsCounted:
    """The bound of what weights that were read already are for.

    Args:
        state: of it.
        where: what is built, for messages.
        weights: what they are called in messages.
    """
    count = sum(tensor.numel() for tensor in state.values())
    return WeightsCounted(
        count + ROOM,
        where,
        f"and {weights} hold {count:,}: config and weights do not belong together",
    )
