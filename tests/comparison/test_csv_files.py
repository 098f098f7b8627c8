"""results.csv, runs.csv and differences.csv."""

import csv

import pytest

from harma.comparison.compare import collect
from harma.comparison.csv_files import (
    difference_lines,
    result_lines,
    run_lines,
    write_lines,
)


def test_results_have_a_line_for_each_row_and_say_why_figures_are_missing(finished):
    outcome = collect(finished)
    lines = result_lines(outcome.results)
    assert [line["status"] for line in lines] == ["done", "done", "done", "failed", "waiting"]
    assert {line["split"] for line in lines} == {"val"}
    none, harma, _, full, lora = lines
    spread = outcome.results[1].figures["val"]["i2t_R@5"]
    assert harma["i2t_R@5_mean"] == pytest.approx(spread.mean)
    assert harma["i2t_R@5_sd"] == pytest.approx(spread.deviation)
    assert (harma["seeds"], harma["epochs"], harma["trained_percent"]) == (2, 3, 4)
    assert (none["learning_rate"], none["mR_sd"], none["seconds_per_epoch"]) == (None, None, None)
    assert full["notes"].count("killed by SIGKILL, probably out of memory") == 2
    assert (lora["mR_mean"], lora["trained_parameters"], lora["seeds"]) == ("", "", 0)


def test_runs_are_all_that_are_known_to_be_needed(finished):
    lines = run_lines(finished)
    assert [line["state"] for line in lines] == (
        ["finished"] * 7 + ["failed"] * 2 + ["missing"] * 2
    )
    best = lines[1]
    assert (best["name"], best["run"], best["seed"]) == ("harma", "lr0.01-seed1", 1)
    assert (best["best_epoch"], best["seconds_to_best"]) == (3, 30)
    assert best["best_validation"] == pytest.approx(best["val_mR"])
    assert (best["test_mR"], best["failure"]) == ("", "")
    assert lines[-1]["best_validation"] == ""


def test_differences_have_a_line_for_each_pair_and_metric(finished):
    shown = collect(finished).shown
    lines = difference_lines(shown)
    assert [(line["a"], line["b"]) for line in lines[:3]] == [
        ("none", "harma"),
        ("none", "a_b & c"),
        ("harma", "a_b & c"),
    ]
    assert lines[0]["low"] < lines[0]["difference"] < lines[0]["high"] < 0


def test_columns_are_those_of_all_lines_in_order(tmp_path):
    write_lines(tmp_path / "x.csv", [{"b": 1, "a": None}, {"c": "x, y", "b": 2}])
    with (tmp_path / "x.csv").open(newline="") as file:
        assert list(csv.reader(file)) == [["b", "a", "c"], ["1", "", ""], ["2", "", "x, y"]]
