"""Training and resuming from outside: one process, several, killed ones."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest
import torch
import yaml
from safetensors.torch import load_file
from tests.backbones.coca import coca_config
from tests.machines import PATHS
from tests.training.runs import adapter_weights, last_state, logged, stopped, tiny_values, trained

import harma
from harma.errors import BusyError, ConfigError, MissingFileError
from harma.training.company import Company
from harma.training.launch import _check_alike, resume, train
from harma.training.recipe_files import recipe_from_dict
from harma.training.run import RunDirectory

# In the second process, in its ninth step.
OOM = "step:memory:1"


@pytest.fixture
def values(tiny_config, tiny_data, tmp_path):
    """Values of a recipe of a small run."""
    return tiny_values(tiny_config, tiny_data, tmp_path / "run")


def test_a_recipe_comes_as_values_a_file_or_a_recipe(values, tmp_path):
    (tmp_path / "recipe.yaml").write_text(yaml.safe_dump(values))
    recipe = recipe_from_dict(values)
    runs = []
    for i, form in enumerate((values, str(tmp_path / "recipe.yaml"), recipe)):
        changes = {"output": str(tmp_path / f"run{i}"), "train.epochs": 1, "optim.lr": 1e-3}
        runs.append(train(form, overrides=changes))
    assert recipe.train.epochs == 2
    assert [run.path.name for run in runs] == ["run0", "run1", "run2"]
    assert runs[0].metrics == runs[1].metrics == runs[2].metrics
    written = yaml.safe_load((runs[1].path / "recipe.yaml").read_text())
    assert (written["train"]["epochs"], written["optim"]["lr"]) == (1, 1e-3)


def test_an_override_that_is_none_is_named(values):
    with pytest.raises(ConfigError, match="optim.lrr"):
        train(values, overrides={"optim.lrr": 1e-3})


def test_a_wrong_method_is_named_before_anything_is_read(values, tmp_path):
    changes = {"method": "lora", "options": {"rnk": 4}, "data.name": "nowhere.yaml"}
    with pytest.raises(ConfigError, match="method lora has no option rnk"):
        train(values, overrides=changes)
    assert not (tmp_path / "run").exists()


def test_what_comes_back_is_what_the_run_left(values):
    run = train(values)
    figures = json.loads((run.path / "metrics.json").read_text())["test"]
    assert run.split == "test"
    assert run.metrics == pytest.approx(figures["metrics"])
    assert run.metrics_before == pytest.approx(figures["metrics_without_adapters"])
    validations = {event["epoch"]: event["mR"] for event in logged(run.path, "validation")}
    assert run.best == max(validations.values()) == validations[run.best_epoch]


def test_nothing_trained_has_no_best_epoch(values):
    run = train(values, overrides={"method": "none"})
    assert (run.best_epoch, run.best, run.metrics_before) == (0, None, None)
    assert run.metrics["mR"] > 0


def test_a_run_that_was_stopped_and_moved_is_resumed_from_its_directory(
    values, tmp_path, monkeypatch
):
    whole = train(values, overrides={"output": str(tmp_path / "whole")})
    with stopped(monkeypatch):
        train(values)
    (tmp_path / "run").rename(tmp_path / "moved")
    again = resume(tmp_path / "moved")
    assert again.path == tmp_path / "moved"
    assert not (tmp_path / "run").exists()
    assert (again.metrics, again.best_epoch) == (whole.metrics, whole.best_epoch)
    weights = adapter_weights(again.path)
    assert all(torch.equal(weights[name], t) for name, t in adapter_weights(whole.path).items())


def test_a_run_of_another_recipe_under_the_same_name_is_told(tmp_path, caplog):
    run = RunDirectory(tmp_path)
    recipe = {"method": "harma", "optim": {"lr": 1e-3}}
    run.check_same(recipe, None, "rank 1 on host-b")
    run.recipe.write_text(yaml.safe_dump(recipe))
    run.check_same(recipe, None, "rank 1 on host-b")
    assert caplog.messages == [], "nothing there, or the same"
    run.check_same(recipe, [10, 20], "rank 1 on host-b")
    assert "of rank 1 on host-b holds a copy of the run with another checkpoint" in caplog.text
    message = r"of rank 1 on host-b holds another run than that of the first .* \(optim differ\)"
    with pytest.raises(ConfigError, match=message):
        run.check_same({**recipe, "optim": {"lr": 1e-4}}, None, "rank 1 on host-b")


def test_processes_of_different_recipes_do_not_begin(values, monkeypatch):
    company = Company()
    recipe = recipe_from_dict(values)
    _check_alike(company, recipe)
    other = {**values, "output": "elsewhere", "optim": {"lr": 1e-5}, "method": "bitfit"}
    monkeypatch.setattr(company, "from_first", lambda *_: recipe_from_dict(other).to_dict())
    with pytest.raises(
        ConfigError, match=r"rank 0 on \S+ has another .*: method, optim\.lr differ"
    ):
        _check_alike(company, recipe)


def test_where_there_is_no_run_there_is_nothing_to_resume(tmp_path):
    with pytest.raises(MissingFileError, match="holds no run .*; nothing to resume"):
        resume(tmp_path)
    (tmp_path / "recipe.yaml").write_text("- 1")
    with pytest.raises(ConfigError, match="holds list; a recipe is a mapping"):
        resume(tmp_path)


@pytest.mark.slow
def test_a_run_killed_in_an_epoch_and_resumed_ends_bit_identical(tiny_config, tiny_data, tmp_path):
    changes = {
        "train": {"epochs": 4, "checkpoint_every": 2},
        "data": {"sampling": "images", "num_workers": 1},
    }
    for name in ("undisturbed", "killed"):
        values = tiny_values(tiny_config, tiny_data, tmp_path / name, **changes)
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(values))
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "harma", "train"]
    subprocess.run(
        [*command, str(tmp_path / "undisturbed.yaml")],
        check=True,
        env=environment,
        capture_output=True,
    )
    process = subprocess.Popen(
        [*command, str(tmp_path / "killed.yaml")],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    log = tmp_path / "killed" / "log.jsonl"
    deadline = time.time() + 120
    # Steps 4 to 6 are the second epoch; the checkpoint of step 4 lies in its middle.
    while time.time() < deadline and (not log.exists() or '"step": 5' not in log.read_text()):
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (tmp_path / "killed" / "metrics.json").exists()
    subprocess.run(
        [*command, "--resume", str(tmp_path / "killed")],
        check=True,
        env=environment,
        capture_output=True,
    )
    weights = adapter_weights(tmp_path / "killed")
    for name, tensor in adapter_weights(tmp_path / "undisturbed").items():
        assert torch.equal(weights[name], tensor), name
    state = last_state(tmp_path / "killed")["model"]
    for name, tensor in last_state(tmp_path / "undisturbed")["model"].items():
        assert torch.equal(state[name], tensor), name
    steps = [event["step"] for event in logged(tmp_path / "killed", "step")]
    assert steps == list(range(1, 13))


def test_two_processes_give_the_run_of_one(tiny_config, tiny_data, tmp_path):
    # Float64, so that the order of sums does not show.
    changes = {"train": {"precision": "float64", "validate_every": 2}, "data": {"augment": False}}
    one = trained(tiny_values(tiny_config, tiny_data, tmp_path / "one", **changes))
    values = tiny_values(tiny_config, tiny_data, tmp_path / "two", **changes)
    values["data"]["batch_size"] //= 2
    values["train"]["devices"] = 2
    (tmp_path / "two.yaml").write_text(yaml.safe_dump(values))
    done = subprocess.run(
        [sys.executable, "-m", "harma", "train", str(tmp_path / "two.yaml")],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    assert done.stdout.count("run written to") == 1
    torch.testing.assert_close(
        adapter_weights(tmp_path / "two"), adapter_weights(one), rtol=1e-5, atol=1e-7
    )
    figures = [
        json.loads((path / "metrics.json").read_text())["test"] for path in (one, tmp_path / "two")
    ]
    assert figures[0]["metrics"] == pytest.approx(figures[1]["metrics"])
    # One of them embeds and writes the captions.
    kept = [harma.load(run).captions.captions for run in (one, tmp_path / "two")]
    assert kept[0] == kept[1]
    assert len(logged(tmp_path / "two", "captions")) == 1


@pytest.mark.slow
def test_two_processes_train_a_whole_coca_and_halve_together(tiny_config, tiny_data, tmp_path):
    changes = {
        "method": "full",
        "data": {"transform": "trouble.transform"},
        "loss": {"terms": {"contrastive": 1.0}},
        "optim": {"lr": 1e-3},
        "train": {"precision": "float64", "chunk_size": "auto"},
    }
    backbone = coca_config(tiny_config)
    for processes in (1, 2):
        values = tiny_values(backbone, tiny_data, tmp_path / str(processes), **changes)
        values["data"]["batch_size"] //= processes
        values["train"]["devices"] = processes
        (tmp_path / f"{processes}.yaml").write_text(yaml.safe_dump(values))
        subprocess.run(
            [sys.executable, "-m", "harma", "train", str(tmp_path / f"{processes}.yaml")],
            check=True,
            cwd=tmp_path,
            # Memory runs out in the second process alone.
            env={**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS, "TROUBLE": OOM},
        )
    one, two = (
        load_file(tmp_path / name / "best" / "open_clip_model.safetensors") for name in "12"
    )
    torch.testing.assert_close(two, one, rtol=1e-5, atol=1e-6)
    assert [event["images"] for event in logged(tmp_path / "2", "chunks")] == [2]
    assert logged(tmp_path / "1", "chunks") == []


def test_two_trainings_in_one_directory_are_one_too_many(make_recipe, tmp_path):
    from filelock import FileLock

    (tmp_path / "run").mkdir()
    with (
        FileLock(tmp_path / "run" / ".lock"),
        pytest.raises((BusyError, ConfigError), match="another process is training in"),
    ):
        trained(make_recipe())


@pytest.mark.parametrize("output", ["s3://bucket/run", "/vsigs/bucket/run"])
def test_a_run_at_an_address_is_refused_before_anything_is_read(values, output, tmp_path):
    with pytest.raises(ConfigError, match="output is .*, which is an address; HarMA writes to"):
        train({**values, "output": output, "data": {"root": str(tmp_path / "nowhere")}})
