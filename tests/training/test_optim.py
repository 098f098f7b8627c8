"""Optimiser, weight decay, schedules and warm-up."""

import math
import re

import pytest
import torch
from torch import nn

from harma.errors import ConfigError
from harma.training.optim import (
    make_optimizer,
    make_schedule,
    parameter_groups,
    scheduled_steps,
)
from harma.training.recipe import OptimConfig


def parameters():
    shapes = {"matrix": (2, 3), "filter": (2, 3, 1, 1), "bias": (3,), "gate": ()}
    return {name: nn.Parameter(torch.ones(shape)) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("decay_scalars", "decaying"),
    [(True, {"matrix", "filter", "gate"}), (False, {"matrix", "filter"})],
)
def test_matrices_decay_vectors_do_not_and_scalars_as_asked(decay_scalars, decaying):
    named = parameters()
    groups = parameter_groups(named.values(), 0.3, decay_scalars=decay_scalars)
    decay = {}
    for group in groups:
        for member in group["params"]:
            name = next(name for name, parameter in named.items() if parameter is member)
            decay[name] = group["weight_decay"]
    assert decay == {name: 0.3 if name in decaying else 0.0 for name in named}


def test_a_group_without_members_is_left_out():
    named = parameters()
    assert len(parameter_groups([named["matrix"]], 0.1)) == 1
    assert len(parameter_groups([named["bias"]], 0.1)) == 1


def test_the_optimiser_has_what_was_asked_for():
    optim = OptimConfig(lr=0.5, betas=(0.7, 0.8), eps=1e-3, options={"amsgrad": True})
    optimizer = make_optimizer(parameters().values(), optim)
    assert type(optimizer) is torch.optim.AdamW
    for group in optimizer.param_groups:
        assert (group["lr"], group["betas"], group["eps"]) == (0.5, (0.7, 0.8), 1e-3)
        assert group["amsgrad"]
    assert [group["weight_decay"] for group in optimizer.param_groups] == [0.04, 0.0]


def own_optimizer(groups, *, lr, momentum):
    """An optimiser of one's own, which is not given the betas of Adam."""
    return torch.optim.SGD(groups, lr=lr, momentum=momentum)


def test_a_fused_step_is_the_same_step():
    updated = []
    for fused in (False, True):
        named = parameters()
        optimizer = make_optimizer(named.values(), OptimConfig(lr=0.1), fused=fused)
        assert bool(optimizer.param_groups[0].get("fused")) == fused
        for step in range(3):
            for number, parameter in enumerate(named.values()):
                parameter.grad = torch.full_like(parameter, number - 1.5 + step)
            optimizer.step()
        updated.append(named)
    for name, parameter in updated[0].items():
        assert (parameter != 1).all()
        torch.testing.assert_close(updated[1][name], parameter)


def test_what_options_and_other_optimisers_say_of_fused_steps_holds():
    options = {"foreach": False}
    asked = make_optimizer(parameters().values(), OptimConfig(options=options), fused=True)
    assert not asked.param_groups[0].get("fused")
    sgd = make_optimizer(parameters().values(), OptimConfig(name="sgd"), fused=True)
    assert not sgd.param_groups[0].get("fused")


def test_an_optimiser_of_ones_own():
    optim = OptimConfig(name=f"{__name__}.own_optimizer", lr=0.5, options={"momentum": 0.75})
    optimizer = make_optimizer(parameters().values(), optim)
    assert {group["momentum"] for group in optimizer.param_groups} == {0.75}


def test_options_that_it_does_not_take():
    for options in ({"nesterof": True}, {"momentum": -1.0}):
        optim = OptimConfig(name="sgd", options=options)
        with pytest.raises(ConfigError, match="optimiser 'sgd' does not take these options"):
            make_optimizer(parameters().values(), optim)


@pytest.mark.parametrize("name", ["harma.errors.HarmaError", "builtins.len"])
def test_what_is_no_optimiser_is_told_without_words_of_python(name):
    with pytest.raises(ConfigError, match=r"optimiser '[\w.]+'") as error:
        make_optimizer(parameters().values(), OptimConfig(name=name))
    assert not re.search(r"__init__|keyword|argument|TypeError|NoneType", str(error.value))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("linear", [0, 0.5, 1, 0.75, 0.5, 0.25, 0]),
        ("cosine", [0, 0.5, *(0.5 + 0.5 * math.cos(math.pi * i / 4) for i in range(5))]),
        ("constant", [0, 0.5, 1, 1, 1, 1, 1]),
    ],
)
def test_schedules_rise_over_the_warm_up_and_fall_to_their_end(name, expected):
    schedule = make_schedule(name, 6, 2)
    assert [schedule(step) for step in range(7)] == pytest.approx(expected)
    # Past the end, where the last steps are not counted.
    assert schedule(8) == pytest.approx(expected[-1])


@pytest.mark.parametrize("name", ["linear", "cosine", "constant"])
def test_without_warm_up_the_first_step_has_the_peak(name):
    assert make_schedule(name, 6, 0)(0) == 1


def test_a_warm_up_below_one_is_a_share_of_the_steps():
    assert make_schedule("linear", 40, 0.1)(3) == pytest.approx(3 / 4)
    assert make_schedule("linear", 40, 1)(0) == 0
    assert make_schedule("linear", 40, 1)(1) == 1
    # A part of a step is none.
    assert make_schedule("linear", 39, 0.1)(2) == pytest.approx(2 / 3)


def test_the_original_counts_the_incomplete_batch_that_it_drops():
    assert scheduled_steps(3, 25, 10, exact=True) == 6
    assert scheduled_steps(3, 25, 10, exact=False) == 9
    assert scheduled_steps(3, 20, 10, exact=False) == 6


def halving(step, total, warmup):
    """A schedule of one's own."""
    return 0.5**step * total * warmup


def test_a_schedule_of_ones_own():
    assert make_schedule(f"{__name__}.halving", 10, 0.3)(2) == pytest.approx(0.25 * 10 * 3)


def test_a_warm_up_as_long_as_the_run():
    assert [make_schedule("linear", 4, 4)(step) for step in (3, 4)] == [0.75, 0]
    assert [make_schedule("cosine", 4, 4)(step) for step in (3, 4, 5)] == [0.75, 1, 0]
