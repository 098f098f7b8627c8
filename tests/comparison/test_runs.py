"""Which runs are wanted next, and what their state says."""

import json

import pytest

from harma.comparison.runs import (
    BestEpoch,
    choose,
    epochs_of,
    known_runs,
    num_runs,
    probe_run,
    rate_runs,
    seed_runs,
)
from harma.errors import ConfigError

RATES = [0.001, 0.01, 0.1]


def set_best(run, value):
    event = {"event": "validation", "epoch": 1, "seconds": 1.0, "mR": value}
    (run.path / "log.jsonl").write_text(json.dumps(event) + "\n")


def test_seeds_come_after_the_rates(make, finish):
    plan = make({"harma": None}, learning_rates=RATES, seeds=[1, 2])
    row = plan.rows[0]
    assert [run.path.name for run in known_runs(plan, row)] == [
        "lr0.001-seed1",
        "lr0.01-seed1",
        "lr0.1-seed1",
    ]
    assert num_runs(plan, row) == 4
    for run, level in zip(rate_runs(plan, row), (0.3, 0.9, 0.3), strict=True):
        assert choose(plan, row) is None
        assert seed_runs(plan, row) == []
        finish(run, level)
    assert choose(plan, row).rate == 0.01
    assert choose(plan, row).note == ""
    assert [run.path.name for run in seed_runs(plan, row)] == ["lr0.01-seed1", "lr0.01-seed2"]
    assert [run.state() for run in known_runs(plan, row)] == ["finished"] * 3 + ["missing"]
    assert seed_runs(plan, row)[1].recipe.train.seed == 2


def test_of_equal_rates_the_lowest_is_chosen_and_an_end_of_the_grid_is_noted(make, finish):
    plan = make({"harma": None}, learning_rates=[0.1, 0.001, 0.01])
    for run in rate_runs(plan, plan.rows[0]):
        finish(run)
        set_best(run, 50.0)
    choice = choose(plan, plan.rows[0])
    assert choice.rate == 0.001
    assert choice.note == "the best rate is the lowest of the grid; a lower one may serve it better"
    set_best(rate_runs(plan, plan.rows[0])[0], 50.1)
    assert "highest of the grid; a higher one" in choose(plan, plan.rows[0]).note


def test_rates_that_failed_are_left_out(make, finish, fail):
    plan = make({"harma": None}, learning_rates=RATES)
    low, middle, high = rate_runs(plan, plan.rows[0])
    fail(high)
    finish(low, 0.2)
    finish(middle, 0.8)
    choice = choose(plan, plan.rows[0])
    assert (choice.rate, choice.note) == (0.01, "rate 0.1 failed")
    assert choice.figures[0.1] is None
    assert high.failure() == "out of memory"


def test_a_row_whose_rates_all_failed_has_no_seeds(make, fail):
    plan = make({"harma": None}, learning_rates=RATES, seeds=[1, 2])
    for run in rate_runs(plan, plan.rows[0]):
        fail(run)
    assert choose(plan, plan.rows[0]) is None
    assert len(list(known_runs(plan, plan.rows[0]))) == 3


def test_the_bare_backbone_is_one_run(make):
    plan = make({"none": None}, learning_rates=RATES, seeds=[1, 2], budget={"minutes": 1})
    assert [run.path.name for run in known_runs(plan, plan.rows[0])] == ["bare"]
    assert num_runs(plan, plan.rows[0]) == 1


def test_minutes_become_epochs_by_the_second_epoch_of_a_probe(make, finish):
    plan = make({"harma": None}, budget={"minutes": 2}, seeds=[1, 2])
    row = plan.rows[0]
    probe = probe_run(plan, row)
    assert [run.path.name for run in known_runs(plan, row)] == ["probe"]
    assert epochs_of(plan, row) is None
    finish(probe)
    events = [
        {"event": "epoch", "epoch": 1, "seconds": 40.0},
        {"event": "epoch", "epoch": 2, "seconds": 49.0},
    ]
    (probe.path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    assert epochs_of(plan, row) == 13, "120 s of 9 s each; the first epoch also warms up"
    assert rate_runs(plan, row)[0].recipe.train.epochs == 13
    assert num_runs(plan, row) == 3
    # 14.5 epochs of 8.25 s, of which 14 fit; and one epoch where none would.
    for seconds, epochs in ((48.25, 14), (240.0, 1)):
        events[1]["seconds"] = seconds
        (probe.path / "log.jsonl").write_text("".join(json.dumps(e) + "\n" for e in events))
        assert epochs_of(plan, row) == epochs


def test_a_grid_of_one_rate_has_no_ends(make, finish):
    plan = make({"harma": None}, learning_rates=[0.01])
    finish(rate_runs(plan, plan.rows[0])[0])
    assert choose(plan, plan.rows[0]).note == ""


def test_a_run_of_another_recipe_is_named_with_what_differs(make, finish):
    finish(rate_runs(plan := make({"harma": None}), plan.rows[0])[0])
    rate_runs(plan, plan.rows[0])[0].check()
    other = make({"harma": {"adapter": {"bottleneck_dim": 32}, "data": {"batch_size": 6}}})
    with pytest.raises(ConfigError) as error:
        rate_runs(other, other.rows[0])[0].check()
    assert (
        "adapter.bottleneck_dim is 16 there and 32 here; data.batch_size is 12 there and 6 here"
        in str(error.value)
    )
    (plan.output / "runs" / "harma" / "lr0.0004-seed3407" / "recipe.yaml").write_text("methd: x\n")
    with pytest.raises(ConfigError, match="is no recipe of this version"):
        rate_runs(plan, plan.rows[0])[0].check()


def test_the_best_epoch_is_the_first_of_the_highest(make, finish):
    plan = make({"harma": None})
    run = rate_runs(plan, plan.rows[0])[0]
    finish(run)
    values = [10.0, 30.0, 20.0, 30.0]
    events = [
        {"event": "validation", "epoch": epoch, "seconds": 2.5 * epoch, "mR": value}
        for epoch, value in enumerate(values, 1)
    ]
    (run.path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    assert run.best() == BestEpoch(30.0, 2, 5.0)
    (run.path / "log.jsonl").write_text("")
    assert run.best() is None


def test_a_failure_without_a_reason_is_unknown(make, fail):
    plan = make({"harma": None})
    run = rate_runs(plan, plan.rows[0])[0]
    assert run.failure() == ""
    fail(run)
    assert run.failure() == "out of memory"
    run.failure_file.write_text("[1]")
    assert run.failure() == "unknown"
