"""A whole comparison: by real processes that are killed once, and what it leaves."""

import csv
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
import yaml
from tests.comparison.made_up import finish_folds, write_folds_of

from harma.comparison.compare import collect, compare, write_outcome, write_plan
from harma.comparison.plan import make_plan, read_plan
from harma.errors import ConfigError, MissingFileError
from harma.ground.lock import locked


@pytest.fixture
def file(base, tmp_path):
    """A method with two rates, one of which is no rate."""
    values = {
        "recipe": base,
        "methods": {"full": {"learning_rates": [1e-3, 1e30]}},
        "seeds": [1],
        "output": str(tmp_path / "out"),
    }
    path = tmp_path / "c.yaml"
    path.write_text(yaml.safe_dump(values, sort_keys=False))
    return path


def trainings(output):
    """Processes that train in a directory."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            text = path.read_bytes()
        except OSError:
            continue
        if b"harma.cli.run_process" in text and str(output).encode() in text:
            found.append(int(path.parent.name))
    return found


def wait_until(condition, seconds=300):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "took too long"
        time.sleep(0.05)


def times(paths):
    return {path: path.stat().st_mtime_ns for path in paths}


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/cmdline").exists(), reason="looks for processes in /proc")
def test_a_killed_comparison_loses_no_run_and_a_failed_method_is_in_its_row(file, tmp_path):
    output = tmp_path / "out"
    finished = lambda: list(output.glob("runs/*/*/metrics.json"))  # noqa: E731
    parent = subprocess.Popen(
        [sys.executable, "-m", "harma", "compare", str(file)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    try:
        wait_until(lambda: finished() and trainings(output))
    finally:
        parent.send_signal(signal.SIGKILL)
        parent.wait()
    wait_until(lambda: not trainings(output), 60)
    before = times(output.glob("runs/*/lr0.001-seed1/log.jsonl"))
    assert len(before) == 1

    outcome = compare(file, final=True)
    assert times(before) == before, "no finished run is done again"
    assert outcome.failed
    (full,) = outcome.results
    assert (full.status, full.rate) == ("done", 0.001)
    assert full.notes[0].endswith("rate 1e+30 failed")
    ((title, why),) = full.failures
    assert title == "full, lr 1e+30, seed 1"
    assert why.startswith("the loss is not a finite number")
    assert full.speed.images > 0
    rows = list(csv.DictReader((output / "results.csv").open()))
    assert [row["split"] for row in rows] == ["val", "test"]
    assert "Test split." in (output / "report.html").read_text()
    record = json.loads((output / "final.json").read_text())["rows"]
    assert record["full"]["runs"] == ["runs/full/lr0.001-seed1"]
    read = times(output.glob("runs/*/*/hits_test.npz"))
    assert len(read) == 1
    compare(file, final=True)
    assert times(read) == read, "test is read once"


def test_the_tables_of_what_is_there_are_written(finished):
    write_plan(finished)
    outcome = compare(finished, report_only=True)
    output = finished.output
    assert (outcome.split, outcome.failed, outcome.plan) == ("val", True, finished)
    assert [result.row.name for result in outcome.results] == [row.name for row in finished.rows]
    assert read_plan(output / "comparison.yaml").rows[2].recipe.adapter.bottleneck_dim == 32
    for name, lines in (("results", 5), ("runs", 11), ("differences", 6)):
        assert len(list(csv.reader((output / f"{name}.csv").open()))) == 1 + lines
    for name in ("results.tex", "costs.tex", "report.html", "parameters.png", "differences.png"):
        assert (output / name).stat().st_size > 100


def test_a_directory_takes_the_place_of_the_plans(finished, tmp_path):
    with pytest.raises(MissingFileError, match=f"there is no comparison in {tmp_path}/other"):
        compare(finished, tmp_path / "other", report_only=True)
    assert not (finished.output / "report.html").exists()


def test_two_comparisons_in_one_directory_are_refused(finished):
    with (
        locked(finished.output, "comparing in"),
        pytest.raises(Exception, match="another process is comparing in"),
    ):
        compare(finished)


def test_what_contradicts_itself_is_refused(finished):
    for option in ("retry", "final"):
        with pytest.raises(ConfigError, match="report_only runs nothing; leave final and retry"):
            compare(finished, report_only=True, **{option: True})
    with pytest.raises(ConfigError, match="there is no row 'x'; the rows are none, harma"):
        compare(finished, only=["x"])


def test_no_hours_are_spent_on_a_row_whose_test_may_not_be_read_again(finished, monkeypatch):
    import harma.comparison.compare as comparing

    reading = {
        "learning_rate": 0.1,
        "runs": ["runs/harma/lr0.1-seed1"],
        "fingerprint": "x",
        "began": "",
        "read": "now",
    }
    (finished.output / "final.json").write_text(json.dumps({"rows": {"harma": reading}}))
    begun = []
    monkeypatch.setattr(comparing, "execute", lambda *_, **__: begun.append(1))
    with pytest.raises(ConfigError, match=r"harma has read the test split with the learning rate"):
        compare(finished, final=True)
    assert not begun


def test_a_comparison_without_any_run_has_tables(make):
    plan = make({"none": None, "harma": None})
    write_plan(plan)
    write_outcome(collect(plan))
    assert "waiting" in (plan.output / "report.html").read_text()


OWN_METHOD = """
from dataclasses import dataclass

import torch
from torch import nn

from harma.methods.attachment import AttachedModules
from harma.methods.sites import attach_sites
from harma.methods.table import Method


@dataclass(frozen=True)
class ScaleConfig:
    start: float = 1.0


class Scale(nn.Module):
    def __init__(self, width, start):
        super().__init__()
        self.scale = nn.Parameter(torch.full((width,), start))

    def forward(self, features):
        return self.scale * features


def attach_scale(backbone, config):
    def build(tower, block):
        return Scale(backbone.block_width(tower, block), config.start)

    return AttachedModules(attach_sites(backbone, build))


scale = Method(ScaleConfig, attach_scale)
"""


@pytest.mark.slow
def test_a_method_of_ones_own_is_compared_by_its_dotted_path(base, tmp_path, monkeypatch):
    """Trained by a process, opened again for its speed and for the test split, in every table."""
    (tmp_path / "compared_methods.py").write_text(OWN_METHOD)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(tmp_path), *sys.path]))
    path = "compared_methods.scale"
    values = {
        "recipe": {key: value for key, value in base.items() if key != "adapter"},
        "methods": {path: {"options": {"start": 1.5}}},
        "seeds": [1],
    }
    outcome = compare(make_plan(values, name="own"), tmp_path / "out", final=True)
    (result,) = outcome.results
    assert (result.row.name, result.row.folder, result.row.recipe.method) == (path, path, path)
    assert (result.status, result.failures, outcome.split) == ("done", (), "test")
    assert 0 < result.cost.trained < result.cost.total
    assert result.speed.images > 0
    row = next(csv.DictReader((tmp_path / "out" / "results.csv").open()))
    assert (row["name"], row["method"]) == (path, path)
    assert (tmp_path / "out" / "runs" / path).is_dir()
    again = read_plan(tmp_path / "out" / "comparison.yaml")
    assert again.rows[0].recipe.options == {"start": 1.5}


LEVELS = {"none": (0.2, 0.25, 0.2), "harma": (0.5, 0.55, 0.6), "lora": (0.6, 0.6, 0.75)}


@pytest.fixture
def over_folds(make, tiny_data, tmp_path):
    """Three rows over three folds, all of them judged, and one that waits."""
    folds = write_folds_of(tiny_data, tmp_path / "folds")
    methods = dict.fromkeys([*LEVELS, "full"])
    plan = make(methods, folds=str(folds), seeds=[1, 2], learning_rates=[0.01, 0.1])
    finish_folds(plan, LEVELS, LEVELS)
    return plan


def test_the_tables_of_all_folds_are_written(over_folds):
    write_plan(over_folds)
    outcome = compare(over_folds, report_only=True)
    output = over_folds.output
    assert (outcome.split, outcome.failed) == ("test", False)
    assert read_plan(output / "comparison.yaml").folds == over_folds.folds
    lines = list(csv.DictReader((output / "results.csv").open()))
    harma = next(line for line in lines if (line["name"], line["split"]) == ("harma", "test"))
    assert (harma["seeds"], harma["folds"]) == ("6", "3")
    runs = list(csv.DictReader((output / "runs.csv").open()))
    assert len(runs) == 3 + 9 + 9 + 6
    assert {run["fold"] for run in runs} == {"1", "2", "3"}
    pairs = list(csv.DictReader((output / "differences.csv").open()))
    test = [(pair["metric"], pair["over"]) for pair in pairs if pair["split"] == "test"]
    assert len(test) == 2 * 2 * 3
    assert {over for _, over in test} == {"images", "images and runs"}
    page = (output / "report.html").read_text()
    assert "Test parts of all folds." in page
    assert "sample standard deviation over folds" in page
    assert "dup_mR, intervals over images and runs" in page
    assert "--final" not in page


def test_what_is_judged_over_folds_is_not_done_again(over_folds, monkeypatch):
    import harma.comparison.compare as comparing

    asked = []
    monkeypatch.setattr(comparing, "execute", lambda plan, rows, **_: asked.append(plan.name))
    monkeypatch.setattr(comparing, "measure_speeds", lambda *_: None)
    compare(over_folds, only=LEVELS)
    assert asked == []
    said = []
    compare(over_folds, say=said.append)
    assert asked == ["test, fold 1", "test, fold 2", "test, fold 3"]
    assert said[0] == "full, fold-1 of 3"


def test_over_folds_there_is_no_final_reading(over_folds):
    with pytest.raises(ConfigError, match="over folds each row is judged as soon as it is ready"):
        compare(over_folds, final=True)


@pytest.mark.slow
def test_rows_are_trained_and_judged_in_every_fold(make, tiny_data, tmp_path):
    folds = write_folds_of(tiny_data, tmp_path / "folds")
    plan = make({"linear": None}, folds=str(folds))
    said = []
    outcome = compare(plan, say=said.append)
    assert not outcome.failed
    (linear,) = outcome.results
    assert linear.status == "done"
    assert len(linear.figures["test"]["mR"].values) == 3
    assert sum("test mR" in line for line in said) == 3
    before = times(plan.output.glob("fold-*/runs/*/*/metrics.json"))
    assert len(before) == 3
    compare(plan)
    assert times(plan.output.glob("fold-*/runs/*/*/metrics.json")) == before
