"""A row's results: means over seeds, what it costs, what is noted."""

import json
import statistics

import pytest

from harma.comparison.compare import collect
from harma.comparison.results import Cost, epoch_seconds, folder_bytes, spread
from harma.comparison.runs import rate_runs, seed_runs
from harma.errors import DataError


def test_spread_is_the_sample_standard_deviation():
    assert spread([1.0, 3.0]).deviation == pytest.approx(2**0.5)
    assert spread([1.0]).deviation is None
    assert spread([1.0, 2.0, 6.0]).mean == 3


def test_rows_have_means_over_seeds_and_what_they_cost(finished):
    none, harma, _, full, lora = collect(finished).results
    values = [run.metrics()["val"]["metrics"]["mR"] for run in seed_runs(finished, harma.row)]
    assert harma.figures["val"]["mR"].mean == pytest.approx(statistics.mean(values))
    assert harma.figures["val"]["mR"].deviation == pytest.approx(statistics.stdev(values))
    assert (harma.rate, harma.ended, harma.planned, harma.status) == (0.01, 3, 3, "done")
    # Three epochs of 10 s and three of 20 s; the best after 30 s and after 60 s.
    assert harma.cost == Cost(4000, 100_000, 15, 45, 500_000_000, 2000)
    assert harma.cost.percent == 4
    assert (none.status, none.rate) == ("done", None)
    assert none.cost == Cost(0, 100_000, None, None, 500_000_000, None)
    assert (full.status, full.figures, len(full.failures), full.ended) == ("failed", {}, 2, 2)
    assert (lora.status, lora.planned, lora.cost) == ("waiting", 3, None)


def test_a_row_that_lacks_a_seed_is_partial(make, finish):
    plan = make({"harma": None}, seeds=[1, 2])
    finish(rate_runs(plan, plan.rows[0])[0])
    assert collect(plan).results[0].status == "partial"


def test_an_epoch_takes_what_lies_between_two_ends(make, finish):
    plan = make({"harma": None}, budget={"epochs": 3})
    run = rate_runs(plan, plan.rows[0])[0]
    finish(run)
    events = [{"event": "epoch", "epoch": i, "seconds": s} for i, s in enumerate((4, 6, 11), 1)]
    (run.path / "log.jsonl").write_text("".join(json.dumps(event) + "\n" for event in events))
    assert epoch_seconds(run) == [4, 2, 5]


def test_a_folder_is_as_large_as_its_files(tmp_path):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "x").write_bytes(bytes(3))
    (tmp_path / "a" / "b" / "y").write_bytes(bytes(4))
    assert folder_bytes(tmp_path / "a") == 7


def test_test_figures_that_are_gone_are_named(finished):
    reading = {
        "learning_rate": 0.01,
        "runs": ["runs/harma/lr0.01-seed1"],
        "fingerprint": "x",
        "began": "",
        "read": "now",
    }
    (finished.output / "final.json").write_text(json.dumps({"rows": {"harma": reading}}))
    with pytest.raises(
        DataError, match="lr0.01-seed1 has no test figures, and final.json says that it was read"
    ):
        collect(finished)
