"""Embedding speed: medians of turns, measured once for each row."""

import json
import time

import pytest
import torch

from harma.comparison import speed
from harma.comparison.runs import rate_runs, seed_runs
from harma.comparison.speed import Speed, measure, measure_speeds, read_speeds


def test_the_ratio_is_that_of_the_times_of_both_models():
    def embed(pause):
        time.sleep(pause)
        return torch.zeros(1)

    measured = speed._in_turns(0.004, 0.002, embed, 32)
    assert measured.ratio == pytest.approx(0.5, abs=0.15)
    assert measured.per_second == pytest.approx(32 / 0.004, rel=0.3)


def test_rows_are_measured_once_and_when_all_their_runs_have_ended(make, finish, monkeypatch):
    plan = make({"harma": None}, seeds=[1, 2])
    measured = []

    def made_up(run, name):
        measured.append(name)
        return Speed(name, "cpu", 1, 100.0, 200.0, 0.9, 0.8)

    monkeypatch.setattr(speed, "measure", made_up)
    finish(rate_runs(plan, plan.rows[0])[0])
    measure_speeds(plan, plan.rows)
    assert measured == [], "a seed is missing"
    finish(seed_runs(plan, plan.rows[0])[1])
    said = []
    measure_speeds(plan, plan.rows, said.append)
    measure_speeds(plan, plan.rows, said.append)
    assert measured == ["runs/harma/lr0.0004-seed1"]
    assert said == ["harma: embeds 100 images/s, 200 texts/s"]
    assert read_speeds(plan)["harma"].text_ratio == 0.8
    # Another rate is chosen: another run stands for the row.
    content = json.loads((plan.output / "speed.json").read_text())
    content["harma"]["run"] = "runs/harma/lr1-seed1"
    (plan.output / "speed.json").write_text(json.dumps(content))
    measure_speeds(plan, plan.rows)
    assert len(measured) == 2


def test_the_bare_backbone_is_as_fast_as_itself(make, monkeypatch):
    monkeypatch.setattr(speed, "ROUND_SECONDS", 0.02)
    plan = make({"none": None})
    found = measure(rate_runs(plan, plan.rows[0])[0], "bare")
    assert (found.run, found.device) == ("bare", "cpu")
    assert found.images > 0
    assert 0.4 < found.image_ratio < 2.5
    assert 0.4 < found.text_ratio < 2.5
