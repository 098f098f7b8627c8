"""`harma train`: what it is given, and what it says."""

from pathlib import Path

import pytest

from harma.cli import main
from harma.training.launch import TrainedRun


@pytest.fixture
def calls(monkeypatch):
    """What `train` and `resume` are called with, in their place."""
    given = []

    def train(recipe):
        given.append(recipe)
        return TrainedRun(Path(recipe.output), "test", {}, None, 0, None)

    def resume(directory):
        given.append(directory)
        return TrainedRun(Path(directory), "test", {}, None, 0, None)

    monkeypatch.setattr("harma.training.launch.train", train)
    monkeypatch.setattr("harma.training.launch.resume", resume)
    return given


def test_a_recipe_and_its_flags(calls, capsys):
    assert main(["train", "rsitmd_vit", "--optim.lr", "1e-5", "--output", "runs/x"]) == 0
    assert (calls[0].optim.lr, calls[0].train.epochs) == (1e-5, 50)
    assert capsys.readouterr().out == "run written to runs/x\n"


def test_a_run_to_resume(calls, capsys):
    assert main(["train", "--resume", "runs/x"]) == 0
    assert calls == ["runs/x"]
    assert capsys.readouterr().out == "run written to runs/x\n"


@pytest.mark.parametrize("variable", ["RANK", "LOCAL_RANK"])
def test_of_several_processes_the_first_one_speaks(calls, capsys, monkeypatch, variable):
    monkeypatch.setenv(variable, "1")
    assert main(["train", "--resume", "runs/x"]) == 0
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("begun", "hint"),
    [
        (False, "the run had not begun; give the command again"),
        (True, "go on with: harma train --resume"),
    ],
)
def test_an_interrupted_run_says_how_to_go_on(monkeypatch, capsys, tmp_path, begun, hint):
    def train(recipe):
        if begun:
            (tmp_path / "recipe.yaml").write_text("")
        raise KeyboardInterrupt

    monkeypatch.setattr("harma.training.launch.train", train)
    assert main(["train", "rsitmd_vit", "--output", str(tmp_path)]) == 130
    assert hint in capsys.readouterr().err
