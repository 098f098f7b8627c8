"""Ranges of a recipe's values, and values that exclude each other."""

import pytest

from harma.errors import ConfigError
from harma.training.recipe import LossConfig, OptimConfig, Recipe, TrainConfig
from harma.training.recipe_checks import RANGES, recipe_options
from harma.training.recipe_files import recipe_from_dict


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"train": {"seed": -1}}, "train.seed is -1; it must not be negative"),
        ({"train": {"seed": 2**32}}, "train.seed is 4294967296; it must be below"),
        ({"train": {"devices": 0}}, "train.devices is 0; it must be greater than 0"),
        ({"train": {"epochs": None}}, r"train.epochs is empty \(null\)"),
        ({"data": {"name": None}}, r"data.name is empty \(null\)"),
        ({"output": None}, r"output is empty \(null\)"),
        ({"method": None}, r"method is empty \(null\)"),
        ({"train": None}, "train must be a mapping or a value, not empty or a list"),
        ({"optim": {"lr": float("nan")}}, "optim.lr is nan; it must be a finite number"),
        ({"optim": {"eps": -1.0}}, "optim.eps is -1.0; it must not be negative"),
        (
            {"optim": {"betas": [0.9, 2.0]}},
            r"optim.betas are \[0.9, 2.0\]; each must be from 0 to below 1",
        ),
        ({"optim": {"betas": [0.9, float("nan")]}}, "optim.betas is .* finite number"),
        ({"optim": {"clip_norm": float("nan")}}, "optim.clip_norm is nan"),
        ({"schedule": {"warmup": float("inf")}}, "schedule.warmup is inf"),
        ({"loss": {"temperature": float("inf")}}, "loss.temperature is inf"),
        ({"adapter": {"gate_init": float("nan")}}, "adapter.gate_init is nan"),
        ({"train": {"precision": "bf16-true"}}, "precision"),
        (
            {"train": {"average_decay": 1.0}},
            "train.average_decay is 1.0; it must be from 0 to below",
        ),
        (
            {"loss": {"view_dropout": -0.1}},
            "loss.view_dropout is -0.1; it must be from 0 to below 1",
        ),
        ({"train": {"chunk_size": 0}}, "train.chunk_size is 0; it must be greater than 0"),
        ({"data": {"num_workers": -1}}, "data.num_workers is -1; it must be from 0 to 1,024"),
        ({"data": {"num_workers": 10**18}}, "it must be from 0 to 1,024"),
        (
            {"loss": {"temperature": 0.05, "min_temperature": 0.06}},
            "loss.min_temperature is 0.06; it must not lie above loss.temperature, 0.05",
        ),
        (
            {"train": {"select_by": "R1"}},
            "train.select_by is 'R1'; allowed are mR, dup_mR, i2t_R@1",
        ),
        ({"method": "full", "options": {"rank": 4}}, "which method full does not take$"),
        ({"options": {"rank": 4}}, "method harma does not take; its options are under adapter"),
    ],
)
def test_values_that_cannot_be(values, message):
    with pytest.raises(ConfigError, match=message):
        recipe_from_dict(values)


def test_values_at_the_edge_of_their_range():
    recipe = Recipe(
        optim=OptimConfig(weight_decay=0.0, eps=0.0, betas=(0.0, 0.0)),
        loss=LossConfig(temperature=0.07, min_temperature=0.07, view_dropout=0.0),
        train=TrainConfig(seed=2**32 - 1, devices="auto", chunk_size="auto", average_decay=0.0),
    )
    assert recipe.trains


def test_values_from_python_are_checked_too():
    with pytest.raises(ConfigError, match="train.epochs is 'two'; it must be a number"):
        Recipe(train=TrainConfig(epochs="two"))
    with pytest.raises(ConfigError, match="optim.lr is 0; it must be greater than 0"):
        Recipe(optim=OptimConfig(lr=0))


def test_every_number_of_a_recipe_has_a_range():
    # The options of adapters check themselves.
    elsewhere = {"adapter.gate_init", "adapter.bottleneck_dim", "adapter.num_heads"}
    numbers = {
        option.name
        for option in recipe_options(Recipe())
        if isinstance(option.value, int | float) and not isinstance(option.value, bool)
    }
    assert (
        numbers - elsewhere <= RANGES.keys() <= {option.name for option in recipe_options(Recipe())}
    )


def test_one_metric_of_ones_own_may_choose_and_none_chooses_nothing():
    own = TrainConfig(metrics=["my.metric"], select_by="metric")
    assert Recipe(train=own).train.select_by == "metric"
    assert not Recipe(method="none", train=TrainConfig(select_by="R1")).trains


def test_bf16_weights_are_not_compiled():
    with pytest.raises(ConfigError, match="bf16_weights, which train.compile cannot serve"):
        Recipe(train=TrainConfig(precision="bf16_weights", compile=True))
    assert Recipe(train=TrainConfig(precision="auto", compile=True)).train.compile
