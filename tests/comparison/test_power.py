"""The smallest difference that a comparison can show."""

import math

import numpy as np
import pytest
from tests.comparison.made_up import finish_folds, write_folds_of

from harma.comparison.compare import collect
from harma.comparison.power import (
    ASSUMED,
    Scatter,
    known_scatter,
    power_lines,
    power_of,
    runs_planned,
)
from harma.errors import ConfigError


def test_worked_examples():
    # 400 images of scatter 20: an error of 1. Five folds of runs of scatter 0 add nothing.
    power = power_of(400, 5, 1, Scatter(20.0, 0.0))
    assert power.images == pytest.approx(1.96, abs=0.003)
    assert power.runs == pytest.approx(2.7764, abs=1e-3)
    assert power.found == pytest.approx(2.7764 + 0.9410, abs=1e-3)
    # Two runs of each row in each of five folds: 2·4/10 on top.
    power = power_of(400, 5, 2, Scatter(20.0, 2.0))
    assert power.runs == pytest.approx(2.7764 * math.sqrt(1.8), abs=1e-3)
    assert power.images == pytest.approx(1.96, abs=0.003)


def test_one_division_needs_seeds():
    assert power_of(400, 1, 1, ASSUMED).runs is None
    # Three seeds of each row: four degrees of freedom.
    assert power_of(400, 1, 3, Scatter(0.0, 3.0)).runs == pytest.approx(
        2.7764 * 3 * math.sqrt(2 / 3), abs=1e-3
    )


def test_a_difference_of_the_size_named_is_found_four_times_in_five():
    """By trial: folds whose differences scatter as the model says."""
    scatter = Scatter(17.0, 1.5)
    power = power_of(2100, 5, 1, scatter)
    rng = np.random.default_rng(0)
    error = math.hypot(17 / math.sqrt(420), 1.5 * math.sqrt(2))
    gaps = power.found + error * rng.standard_normal((20_000, 5))
    ends = 2.77645 * gaps.std(axis=1, ddof=1) / math.sqrt(5)
    # The sum of two quantiles is a close approximation, not the exact power.
    assert np.mean(gaps.mean(axis=1) > ends) == pytest.approx(0.8, abs=0.04)


@pytest.mark.parametrize("values", [(-1.0, 0.0), (1.0, float("nan")), (float("inf"), 1.0)])
def test_a_scatter_that_is_none_is_refused(values):
    with pytest.raises(ConfigError, match="the scatter has .*; give points from 0"):
        Scatter(*values)


@pytest.fixture
def plan(make, tiny_data, tmp_path):
    folds = write_folds_of(tiny_data, tmp_path / "folds")
    return make(
        {"none": None, "harma": None, "lora": None},
        folds=str(folds),
        learning_rates=[0.01, 0.1],
        seeds=[1, 2],
    )


def test_the_smallest_difference_is_said_before_a_run_is_there(plan):
    lines = power_lines(plan)
    assert "each judged once in 3 folds, 2 seeds a row; scatter assumed, as on UCM" in lines[0]
    num_images = int(lines[0].split()[0])
    assert f"{power_of(num_images, 3, 2, ASSUMED).images:.2f} points over images" in lines[1]
    assert f"runs {power_of(num_images, 3, 2, ASSUMED).runs:.2f}; found" in lines[2]
    assert "scatter as given: 5.0 points an image, 2.00" in power_lines(plan, Scatter(5.0, 2.0))[0]
    assert runs_planned(plan) == [
        "none: 3 runs",
        "harma: rates 0.01, 0.1; seeds 2; 9 runs",
        "lora: rates 0.01, 0.1; seeds 2; 9 runs",
        "all: 21 runs in 3 folds",
    ]


def test_finished_rows_tell_the_scatter(plan):
    assert known_scatter(collect(plan), 18, 3) is None
    levels = {"none": (0.2,) * 3, "harma": (0.5, 0.55, 0.6), "lora": (0.6, 0.6, 0.75)}
    finish_folds(plan, levels, levels)
    outcome = collect(plan)
    scatter = known_scatter(outcome, 18, 3)
    # It gives the very intervals that it was taken from.
    power = power_of(18, 3, 2, scatter)
    halves = {
        pair.over: (pair.high - pair.low) / 2
        for pair in outcome.shown
        if (pair.metric, pair.a, pair.b) == ("mR", "harma", "lora")
    }
    assert power.images == pytest.approx(halves["images"])
    # Runs add nothing where the folds scatter less than their images alone would.
    least = power.images * 4.3027 / 1.96
    assert power.runs == pytest.approx(max(halves["images and runs"], least), rel=0.01)
    assert "scatter as its finished rows have it" in power_lines(plan)[0]


def test_one_division_says_its_validation_and_what_is_not_known(make, finished):
    assert power_lines(make({"harma": None}))[2].startswith("over images and runs: not known with")
    first = power_lines(finished)[0]
    assert "validation images, 2 seeds a row; scatter as its finished rows" in first
