"""Optimiser, weight decay and the learning rate's schedule and warm-up."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypedDict

import torch
from torch import nn

from harma.errors import ConfigError
from harma.ground.messages import plain_reason
from harma.ground.plugins import find
from harma.training.recipe import OptimConfig

OPTIMIZERS: dict[str, Callable[..., torch.optim.Optimizer]] = {
    "adamw": torch.optim.AdamW,
    "adam": torch.optim.Adam,
    "sgd": torch.optim.SGD,
}
# Those that take `betas` and `eps`; what another one takes is given as `optim.options`.
WITH_BETAS = ("adamw", "adam")
# Their options that say how a step is computed.
WAYS = {"fused", "foreach", "capturable", "differentiable"}


class ParameterGroup(TypedDict):
    """Parameters that decay alike, as torch's optimisers take them."""

    params: list[nn.Parameter]
    weight_decay: float


@dataclass(frozen=True)
class Updates:
    """How gradients change the weights.

    Attributes:
        optimizer: set up by Fabric.
        peak_rate: the learning rate that the schedule's factor is taken of.
        schedule: factor of each step.
        clip_norm: largest norm of the gradient, or None.
        min_temperature: what τ never falls below, or None.
    """

    optimizer: torch.optim.Optimizer
    peak_rate: float
    schedule: Callable[[int], float]
    clip_norm: float | None
    min_temperature: float | None


def parameter_groups(
    parameters: Iterable[nn.Parameter], weight_decay: float, *, decay_scalars: bool = True
) -> list[ParameterGroup]:
    """Split parameters into those that decay and those that do not.

    Vectors are biases and norm weights and never decay; matrices do. Scalars are gates and the
    temperature, which decay in the original (SPEC 4).
    """
    decaying: list[nn.Parameter] = []
    resting: list[nn.Parameter] = []
    for parameter in parameters:
        # By shape: names of parameters are those of many libraries, and say nothing for sure.
        is_scalar = parameter.ndim == 0
        if parameter.ndim > 1 or (is_scalar and decay_scalars):
            decaying.append(parameter)
        else:
            resting.append(parameter)
    groups: list[ParameterGroup] = [
        {"params": decaying, "weight_decay": weight_decay},
        {"params": resting, "weight_decay": 0.0},
    ]
    # Optimisers refuse a group without parameters.
    return [group for group in groups if group["params"]]


def make_optimizer(
    parameters: Iterable[nn.Parameter], optim: OptimConfig, *, fused: bool = False
) -> torch.optim.Optimizer:
    """Build the optimiser that is asked for.

    Args:
        parameters: what trains.
        optim: its name is a key of `OPTIMIZERS`, or the dotted path of a callable
            (groups, lr=, **options).
        fused: whether Adam and AdamW take a step in one kernel, unless `optim.options` say how.

    Raises:
        ConfigError: the name or an option is unknown.
    """
    build = find(optim.name, OPTIMIZERS, "optim.name")
    arguments: dict[str, object] = {"lr": optim.lr}
    if optim.name in WITH_BETAS:
        arguments |= {"betas": optim.betas, "eps": optim.eps}
        if fused and not WAYS & optim.options.keys():
            arguments["fused"] = True
    # Last: options may say otherwise.
    arguments |= optim.options
    groups = parameter_groups(parameters, optim.weight_decay, decay_scalars=optim.decay_scalars)
    try:
        return build(groups, **arguments)
    except (TypeError, ValueError) as error:
        raise ConfigError(
            f"optimiser {optim.name!r} does not take these options"
            f" ({plain_reason(error, 'it is no optimiser, or has others')}); see optim.options"
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
    done = min(1.0, (step - warmup) / max(1, total - warmup))
    return 0.5 * (1 + math.cos(math.pi * done))


def constant(step: int, total: int, warmup: int) -> float:
    """0 to 1 over the warm-up, then 1."""
    if step < warmup:
        return step / warmup
    return 1.0


SCHEDULES: dict[str, Callable[[int, int, int], float]] = {
    "linear": linear,
    "cosine": cosine,
    "constant": constant,
}


def scheduled_steps(epochs: int, num_items: int, items_per_step: int, *, exact: bool) -> int:
    """Steps of a run, as its schedule counts them.

    Args:
        epochs: passes over the data.
        num_items: items of the data set.
        items_per_step: of all processes together.
        exact: count the steps that really run. The original counts the incomplete batch that it
            drops, so its learning rate ends above 0.
    """
    if exact:
        return epochs * (num_items // items_per_step)
    return epochs * math.ceil(num_items / items_per_step)


def make_schedule(name: str, total: int, warmup: float) -> Callable[[int], float]:
    """The factor on the peak learning rate at each step.

    Args:
        name: a key of `SCHEDULES`, or the dotted path of a function (step, total, warmup) → factor.
        total: steps of the run.
        warmup: a fraction of `total` below 1, else a number of steps.
    """
    function = find(name, SCHEDULES, "schedule.name")
    # A part of a step is none.
    warmup_steps = int(warmup)
    if warmup < 1:
        warmup_steps = int(total * warmup)
    return lambda step: function(step, total, warmup_steps)
