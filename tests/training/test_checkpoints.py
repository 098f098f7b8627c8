"""Checkpoints: what they belong to, and those that cannot be used."""

import json
import shutil

import pytest
import torch
import yaml
from tests.training.runs import trained

from harma.backbones import load_backbone
from harma.errors import TrainingError, WeightsError


@pytest.fixture
def interrupted(make_recipe):
    """A finished run of one epoch, and how to go on to a second one."""

    def make(name="run", train=None, **changes):
        run = trained(make_recipe(name, train={"epochs": 1, **(train or {})}, **changes))
        values = yaml.safe_load((run / "recipe.yaml").read_text())
        values["train"]["epochs"] = 2
        return run, lambda **other: trained({**values, **other}, resume=True)

    return make


def test_a_resumed_run_finds_the_backbone_it_was_begun_with(interrupted, tiny_config, tmp_path):
    torch.manual_seed(5)
    load_backbone(tiny_config).save(tmp_path / "bb")
    _, resume = interrupted(backbone=f"local-dir:{tmp_path / 'bb'}")
    torch.manual_seed(6)
    load_backbone(tiny_config).save(tmp_path / "bb")
    with pytest.raises(TrainingError, match=r"begun with other data or weights .*backbone changed"):
        resume()


def test_a_resumed_run_finds_the_data_it_was_begun_with(interrupted, tiny_data, tmp_path):
    shutil.copytree(tiny_data, tmp_path / "data")
    _, resume = interrupted(data={"name": str(tmp_path / "data" / "data.yaml")})
    rows = json.loads((tmp_path / "data" / "train.json").read_text())
    (tmp_path / "data" / "train.json").write_text(json.dumps(rows[::-1]))
    with pytest.raises(TrainingError, match=r"begun with other data or weights .*train changed"):
        resume()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda state: state["model"].popitem(), "1 weights are missing or unexpected"),
        (
            lambda state: next(iter(state["model"].values())).fill_(float("nan")),
            "1 weights are not numbers",
        ),
        (lambda state: state.pop("optimizer"), "lacks optimizer; delete it to begin the run again"),
        (lambda state: state.pop("progress"), "cannot be read"),
        (lambda state: state["progress"].update(unknown=1), "cannot be read"),
        (lambda state: state.update(world_size=2), "begun with 2 processes and is resumed with 1"),
    ],
)
def test_damaged_checkpoints_are_refused(interrupted, damage, message):
    run, resume = interrupted()
    state = torch.load(run / "last" / "state.pt")
    damage(state)
    torch.save(state, run / "last" / "state.pt")
    with pytest.raises((WeightsError, TrainingError), match=message):
        resume()


@pytest.mark.parametrize("content", [b"", b"text", b"\x80\x04N.", b"PK\x03\x04"])
def test_a_checkpoint_that_is_none_is_refused(interrupted, content):
    run, resume = interrupted()
    (run / "last" / "state.pt").write_bytes(content)
    with pytest.raises(
        WeightsError, match=r"state\.pt cannot be read .*; delete it to begin the run again"
    ):
        resume()


def test_a_log_that_lost_its_end_costs_nothing_else(interrupted):
    run, resume = interrupted(train={"report": True})
    log = (run / "log.jsonl").read_text().splitlines()
    (run / "log.jsonl").write_text("\n".join(log[:2]) + '\n{"event": "st')
    resume()
    assert b"\0" not in (run / "log.jsonl").read_bytes()
    assert (run / "report.html").is_file()
