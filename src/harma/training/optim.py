"""Optimiser and learning-rate schedule of a run."""

import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

import torch
from torch import nn

from harma.errors import ConfigError
from harma.ground.plugins import find

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}


def parameter_groups(
    parameters: Iterable[nn.Parameter], weight_decay: float, *, decay_scalars: bool = True
) -> list[dict[str, Any]]:
    """Split parameters into those that decay and those that do not.

    Vectors are biases and norm weights and never decay; matrices do. Scalars are gates and the
    temperature, which decay in the original (SPEC 4).
    """
    groups: dict[bool, list[nn.Parameter]] = {True: [], False: []}
    for parameter in parameters:
        groups[decay_scalars if parameter.ndim == 0 else parameter.ndim > 1].append(parameter)
    return [
        {"params": members, "weight_decay": weight_decay if decays else 0.0}
        for decays, members in groups.items()
        if members
    ]


def make_optimizer(
    parameters: Iterable[nn.Parameter],
    name: str = "adamw",
    *,
    lr: float,
    weight_decay: float = 0.04,
    betas: tuple[float, float] = (0.9, 0.98),
    eps: float = 1e-8,
    decay_scalars: bool = True,
    options: Mapping[str, Any] | None = None,
) -> torch.optim.Optimizer:
    """Build the optimiser a recipe names.

    Args:
        parameters: what trains.
        name: a key of `OPTIMIZERS`, or the dotted path of a callable (groups, lr=, **options).
        lr: peak learning rate.
        weight_decay: of matrices, and of scalars with `decay_scalars`.
        betas: of Adam and AdamW.
        eps: of Adam and AdamW.
        decay_scalars: decay gates and temperature too.
        options: passed on as they are.

    Raises:
        ConfigError: the name or an option is unknown.
    """
    build = find(name, OPTIMIZERS, "optim.name")
    arguments = {
        "lr": lr,
        **({"betas": betas, "eps": eps} if name in ("adamw", "adam") else {}),
        **(options or {}),
    }
    try:
        return build(
            parameter_groups(parameters, weight_decay, decay_scalars=decay_scalars), **arguments
        )
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"optimiser {name!r} does not take these options: {error}; see optim.options"
        ) from error


def linear(step: int, total: int, warmup: int) -> float:
    """0 to 1 over the warm-up, then linearly to 0 (SPEC 4)."""
    if step < warmup:
        return step / max(1, warmup)
    return max(0.0, (total - step) / max(1, total - warmup))


def cosine(step: int, total: int, warmup: int) -> float:
    """0 to 1 over the warm-up, then along half a cosine to 0."""
    if step < warmup:
        return step / max(1, warmup)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (step - warmup) / max(1, total - warmup))))


def constant(step: int, total: int, warmup: int) -> float:
    """0 to 1 over the warm-up, then 1."""
    return min(1.0, step / warmup) if warmup else 1.0


SCHEDULES: dict[str, Callable[[int, int, int], float]] = {
    "linear": linear,
    "cosine": cosine,
    "constant": constant,
}


def make_schedule(name: str, total: int, warmup: float) -> Callable[[int], float]:
    """The factor on the peak learning rate at each step.

    Args:
        name: a key of `SCHEDULES`, or the dotted path of a function (step, total, warmup) → factor.
        total: steps of the run.
        warmup: a fraction of `total` below 1, else a number of steps.
    """
    function = find(name, SCHEDULES, "schedule.name")
    warmup_steps = int(total * warmup) if warmup < 1 else int(warmup)
    return lambda step: function(step, total, warmup_steps)
