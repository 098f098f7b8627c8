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
from tests.training.runs import trained

from harma.errors import ConfigError
from harma.training.recipe_files import recipe_from_dict


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
    weights = [
        load_file(tmp_path / name / "best" / "adapter_model.safetensors")
        for name in ("undisturbed", "killed")
    ]
    assert all(torch.equal(weights[0][name], weights[1][name]) for name in weights[0])
    states = [
        torch.load(tmp_path / name / "last" / "state.pt")["model"]
        for name in ("undisturbed", "killed")
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    steps = [
        json.loads(line)["step"]
        for line in log.read_text().splitlines()
        if '"event": "step"' in line
    ]
    assert steps == list(range(1, 13))


def test_two_processes_give_the_run_of_one(tiny_config, tiny_data, tmp_path):
    # Float64, so that the order of sums does not show.
    changes = {"train": {"precision": "float64", "validate_every": 2}, "data": {"augment": False}}
    one = trained(recipe_from_dict(tiny_values(tiny_config, tiny_data, tmp_path / "one", **changes)))
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
    expected, got = (
        load_file(path / "best" / "adapter_model.safetensors") for path in (one, tmp_path / "two")
    )
    assert expected.keys() == got.keys()
    for name, tensor in expected.items():
        torch.testing.assert_close(got[name], tensor, rtol=1e-5, atol=1e-7)
    figures = [
        json.loads((path / "metrics.json").read_text())["test"] for path in (one, tmp_path / "two")
    ]
    assert figures[0]["metrics"] == pytest.approx(figures[1]["metrics"])


def test_two_trainings_in_one_directory_are_one_too_many(make_recipe, tmp_path):
    from filelock import FileLock

    (tmp_path / "run").mkdir()
    with (
        FileLock(tmp_path / "run" / ".lock"),
        pytest.raises(ConfigError, match="another process is training in"),
    ):
        trained(make_recipe())


def test_a_recipe_that_fails_leaves_no_run_behind(make_recipe, tmp_path):
    for changes in (
        {"loss": {"terms": {"contrastve": 1.0}}},
        {"train": {"select_by": "MR"}},
        {"optim": {"name": "x.y"}},
    ):
        with pytest.raises(ConfigError):
            trained(make_recipe(**changes))
        assert not (tmp_path / "run" / "recipe.yaml").exists()
    trained(make_recipe())
