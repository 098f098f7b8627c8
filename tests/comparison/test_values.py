"""Numbers of a comparison's file."""

import pytest

from harma.comparison.values import Budget, read_budget, read_count, read_rates, read_seeds
from harma.errors import ConfigError


def test_numbers_that_can_be_used():
    assert read_budget(None) == Budget()
    assert read_budget({"epochs": 3}) == Budget(epochs=3)
    assert read_budget({"minutes": 0.5}) == Budget(minutes=0.5)
    assert read_seeds([0, 2**32 - 1]) == (0, 2**32 - 1)
    assert read_rates(["1e-3", 1]) == (0.001, 1.0)
    assert read_rates([]) == ()
    assert [type(seed) for seed in read_seeds([1])] == [int], "plain numbers, which YAML can write"


@pytest.mark.parametrize(
    ("read", "value", "message"),
    [
        (read_budget, {"hours": 1}, r"budget is {'hours': 1}; give {epochs: N} or {minutes: M}"),
        (read_budget, {"epochs": 1, "minutes": 1}, "give {epochs: N} or {minutes: M}"),
        (read_budget, 5, "budget is 5; give"),
        (read_budget, {"epochs": 0}, "budget.epochs is 0; it must be a whole number from 1"),
        (read_budget, {"epochs": 1.5}, "budget.epochs is 1.5; it must be a whole number from 1"),
        (read_budget, {"epochs": True}, "budget.epochs is True; it must be a whole number"),
        (read_budget, {"minutes": 0}, "budget.minutes is 0; it must be a number above 0"),
        (read_budget, {"minutes": float("inf")}, "budget.minutes is inf; it must be a number"),
        (read_budget, {"minutes": None}, "budget.minutes is None; it must be a number above 0"),
        (read_seeds, [], r"seeds is \[\]; it must be a list"),
        (read_seeds, 1, "seeds is 1; it must be a list"),
        (read_seeds, [1, 1], "seeds has 1 twice"),
        (read_seeds, [-1], "seeds has -1; a seed is a whole number from 0"),
        (read_seeds, [2**32], "a seed is a whole number from 0 to below 4294967296"),
        (read_seeds, [False], "seeds has False; a seed is a whole number"),
        (read_rates, 0.1, "learning_rates is 0.1; it must be a list"),
        (read_rates, [0], "learning_rates has 0; a learning rate is a number above 0"),
        (read_rates, ["fast"], "learning_rates has 'fast'; a learning rate is a number above 0"),
        (read_rates, [float("nan")], "learning_rates has nan; a learning rate"),
        (read_rates, [0.1, 0.1000000001], "learning_rates has 0.1 twice"),
    ],
)
def test_numbers_that_cannot_be_used_are_named(read, value, message):
    with pytest.raises(ConfigError, match=message):
        read(value)


def test_counts_begin_at_1():
    assert read_count(1, "jobs") == 1
    with pytest.raises(ConfigError, match="jobs is 0; it must be a whole number from 1"):
        read_count(0, "jobs")
