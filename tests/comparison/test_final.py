"""The test split is read once for each row."""

import json

import numpy as np
import pytest

from harma.backbones.preprocess import Preprocess
from harma.comparison import final
from harma.comparison.compare import collect, write_outcome
from harma.comparison.final import RECORD_FILE, read_record, read_test
from harma.comparison.runs import rate_runs, seed_runs
from harma.errors import ConfigError, DataError
from harma.evaluation import load_evaluation


@pytest.fixture
def opened(monkeypatch):
    """Models that embed by chance, and a list of the runs that were opened."""
    seen = []

    class Random:
        device = "cpu"
        preprocess = Preprocess(size=(32, 32))

        def __init__(self, run):
            self.rng = np.random.default_rng(run.recipe.train.seed)

        def embed(self, items):
            x = self.rng.normal(size=(len(items), 8)).astype(np.float32)
            return x / np.linalg.norm(x, axis=1, keepdims=True)

    def open_run(run):
        seen.append(f"{run.row.folder}/{run.path.name}")
        return Random(run)

    monkeypatch.setattr(final, "open_run", open_run)
    import harma.evaluation.retrieval as retrieval

    monkeypatch.setattr(retrieval, "embed_images", lambda model, images, **_: model.embed(images))
    monkeypatch.setattr(retrieval, "embed_texts", lambda model, texts, **_: model.embed(texts))
    return seen


@pytest.fixture
def two(make, finish):
    """Two rows; the second one still lacks a seed."""

    def plan(**values):
        made = make(
            {"harma": None, "lora": None},
            **{"seeds": [1, 2], "learning_rates": [0.01, 0.1], **values},
        )
        for row in made.rows:
            for run, level in zip(rate_runs(made, row), (0.6, 0.4, 0.9), strict=False):
                if run.state() == "missing":
                    finish(run, level)
        for run in seed_runs(made, made.rows[0]):
            if run.state() == "missing":
                finish(run)
        return made

    return plan


def test_rows_that_are_complete_are_read_once(two, finish, opened):
    plan, said = two(), []
    read_test(plan, plan.rows, said.append)
    assert opened == ["harma/lr0.01-seed1", "harma/lr0.01-seed2"]
    assert any("lora: test is not read, its runs are not all there" in line for line in said)
    record = read_record(plan)["harma"]
    assert record.learning_rate == 0.01
    assert record.runs == ["runs/harma/lr0.01-seed1", "runs/harma/lr0.01-seed2"]
    assert record.read
    outcome = collect(plan)
    assert outcome.split == "test"
    assert outcome.results[0].figures["test"]["mR"].mean == pytest.approx(
        np.mean(
            [
                load_evaluation(run.path, "test").metrics["mR"]
                for run in seed_runs(plan, plan.rows[0])
            ]
        )
    )
    assert "test" not in outcome.results[1].figures
    write_outcome(outcome)
    page = (plan.output / "report.html").read_text()
    assert "Test split." in page
    assert "not read" in page
    finish(seed_runs(plan, plan.rows[1])[1])
    read_test(plan, plan.rows)
    assert opened[2:] == ["lora/lr0.01-seed1", "lora/lr0.01-seed2"], (
        "the first row is not read again"
    )
    assert {d.split for d in collect(plan).shown} == {"test"}


def test_a_row_that_was_interrupted_goes_on(two, opened):
    plan = two()
    read_test(plan, plan.rows)
    record = json.loads((plan.output / RECORD_FILE).read_text())
    record["rows"]["harma"]["read"] = None
    (plan.output / RECORD_FILE).write_text(json.dumps(record))
    metrics = seed_runs(plan, plan.rows[0])[1].metrics_file
    content = json.loads(metrics.read_text())
    del content["test"]
    metrics.write_text(json.dumps(content))
    assert collect(plan).split == "val", "what is half read is not shown"
    read_test(plan, plan.rows)
    assert opened[2:] == ["harma/lr0.01-seed2"]


def test_another_rate_or_other_data_after_reading_is_refused(two, opened):
    plan = two()
    read_test(plan, plan.rows)
    wider = two(learning_rates=[0.01, 0.1, 1.0])
    with pytest.raises(
        ConfigError,
        match=r"harma has read the test split with the learning rate 0.01, and 1 is chosen",
    ):
        read_test(wider, wider.rows)
    notes = collect(wider).results[0].notes
    assert any(
        "its test figures are of rate 0.01; since then 1 was chosen" in note for note in notes
    )
    record = json.loads((plan.output / RECORD_FILE).read_text())
    record["rows"]["harma"]["fingerprint"] = "other"
    record["rows"]["harma"]["read"] = None
    (plan.output / RECORD_FILE).write_text(json.dumps(record))
    with pytest.raises(DataError, match="the test split is not the one that harma were read on"):
        read_test(plan, plan.rows)
    (plan.output / RECORD_FILE).write_text("[]")
    with pytest.raises(ConfigError, match="final.json is damaged"):
        read_record(plan)


def test_seeds_added_later_are_noted_and_not_read(two, finish, opened):
    plan = two()
    read_test(plan, plan.rows)
    record = read_record(plan)
    more = two(seeds=[1, 2, 3])
    third = seed_runs(more, more.rows[0])[2]
    if third.state() == "missing":
        finish(third)
    read_test(more, more.rows[:1])
    assert opened == ["harma/lr0.01-seed1", "harma/lr0.01-seed2"]
    assert read_record(more) == record
    notes = collect(more).results[0].notes
    assert any("its test figures are of 2 seeds; they are not read again" in note for note in notes)


def test_a_record_that_lacks_something_is_damaged(two, opened):
    plan = two()
    read_test(plan, plan.rows)
    record = json.loads((plan.output / RECORD_FILE).read_text())
    for damaged in ({"rows": []}, {"rows": {"harma": None}}, {"rows": {"harma": {"runs": []}}}):
        (plan.output / RECORD_FILE).write_text(json.dumps({**record, **damaged}))
        with pytest.raises(ConfigError, match="final.json is damaged; .* Bring it back"):
            read_record(plan)
