"""Values that a recipe may have."""

import pytest

from harma.errors import ConfigError
from harma.training.objective import Objective
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
    ],
)
def test_values_that_cannot_be(values, message):
    with pytest.raises(ConfigError, match=message):
        recipe_from_dict(values)


@pytest.mark.parametrize("terms", [{}, {"contrastive": 0.0}, {"contrastive": {"weight": 0}}])
def test_a_sum_of_no_losses(terms):
    with pytest.raises(ConfigError, match="loss.terms has no loss with a weight"):
        Objective(terms)


@pytest.mark.parametrize("weight", [-1.0, float("nan"), float("inf"), "much", True])
def test_weights_that_are_none(weight):
    with pytest.raises(
        ConfigError, match=r"loss.terms.contrastive: weight is .*; it must be a number from 0"
    ):
        Objective({"contrastive": weight})


def test_a_mapping_without_weight_counts_once():
    assert Objective({"contrastive": {}}).terms[0].weight == 1
    assert not Objective({"triplet": 1.0}).needs_temperature
    assert Objective({"contrastive": 1.0}).needs_temperature
