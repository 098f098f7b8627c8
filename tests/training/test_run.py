"""A run's directory: where one can be begun, its log, its checkpoint."""

import json
import os

import pytest
import torch
from tests.training.runs import trained

from harma.errors import ConfigError, WeightsError
from harma.training.run import Progress, RunDirectory

STATE = {"model": {}, "optimizer": {}, "precision": {}, "world_size": 1, "made_from": {}}


@pytest.fixture
def directory(tmp_path):
    run = RunDirectory(tmp_path / "run")
    run.check_free()
    return run


def test_a_directory_with_a_run_is_not_overwritten(directory):
    directory.begin({"method": "none"})
    message = "holds a run already; continue it with `harma train --resume"
    with pytest.raises(ConfigError, match=message):
        directory.check_free()


def test_a_directory_with_other_files_is_refused(tmp_path):
    (tmp_path / "thesis.tex").write_text("important")
    message = r"holds files that are no run \(thesis.tex\); choose a new"
    with pytest.raises(ConfigError, match=message):
        RunDirectory(tmp_path).check_free()
    with pytest.raises(ConfigError, match="cannot be used"):
        RunDirectory(tmp_path / "thesis.tex").check_free()


def test_an_output_is_refused_before_anything_is_read(make_recipe, tmp_path):
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "thesis.tex").write_text("important")
    with pytest.raises(ConfigError, match=r"holds files that are no run"):
        trained(make_recipe(data={"name": "nowhere.yaml"}))


def test_what_a_run_leaves_that_was_killed_at_its_start_is_not_in_the_way(directory):
    for name in (".lock", "environment.json", "log.jsonl"):
        (directory.path / name).write_text("")
    directory.backbone.mkdir()
    half_written = [".recipe.yaml.34a28e2387e0.tmp", ".environment.json.f19b28f35405.tmp"]
    for name in half_written:
        (directory.path / name).write_text("half")
    directory.check_free()
    assert not any((directory.path / name).exists() for name in half_written)


def test_a_run_says_what_it_ran_on(directory):
    directory.begin({"method": "none"})
    environment = json.loads((directory.path / "environment.json").read_text())
    assert environment["torch"].split("+")[0] == torch.__version__.split("+")[0]
    assert {"harma", "python", "numpy", "cpus", "threads", "command", "started"} <= set(environment)
    assert directory.read_recipe() == {"method": "none"}


def test_a_checkpoint_comes_back_and_what_was_logged_after_it_goes(directory):
    progress = Progress(epoch=2, batch=3, step=9, best=12.5, best_epoch=1, chunk_size=4)
    directory.write_log("step", step=9)
    directory.save_state(STATE, progress)
    directory.write_log("step", step=10)
    with directory.log.open("a") as file:
        file.write('{"event": "st')
    state, loaded = directory.load_state()
    assert state == STATE
    assert loaded == progress
    assert [event["step"] for event in directory.read_log()] == [9]


def test_a_checkpoint_that_is_no_file_is_not_waited_for(directory):
    directory.state.parent.mkdir(exist_ok=True)
    os.mkfifo(directory.state)
    with pytest.raises(WeightsError, match="is no file"):
        directory.load_state()


def test_without_a_checkpoint_a_run_begins_again(directory):
    directory.write_log("step", step=1)
    assert directory.load_state() is None
    assert not directory.log.exists()
