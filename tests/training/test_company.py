"""Several machines: the same adapters as one process, and an end for all where one ends."""

import os
import shutil
import subprocess
import sys

import pytest
import torch
import yaml
from tests.machines import cluster, needs_machines, torchrun, two_machines, waited
from tests.training.runs import adapter_weights, logged, tiny_values, trained

pytestmark = [cluster, pytest.mark.slow]

# Within which all have to end.
A_MINUTE = 60


@pytest.fixture
def machines(tmp_path):
    with two_machines(tmp_path / "machines") as both:
        yield both


@pytest.fixture
def write(tiny_config, tiny_data):
    """Writes the recipe of a small run beside which it lies: its output is the folder `run`."""

    def write(folder, **changes):
        values = tiny_values(tiny_config, tiny_data, "run", **changes)
        (folder / "recipe.yaml").write_text(yaml.safe_dump(values))

    return write


def started(machines, *command, **options):
    first, _ = machines
    return [torchrun(m, first, *command, rank=i, **options) for i, m in enumerate(machines)]


def finished(machines, *command):
    """Run a command on both machines until it is done."""
    statuses = waited(started(machines, *command), 240)
    assert statuses == [0, 0], "\n".join(machine.output() for machine in machines)


def same_bits(run, other):
    weights = adapter_weights(other)
    assert all(torch.equal(weights[name], t) for name, t in adapter_weights(run).items())
    steps = [[(e["step"], e["loss"]) for e in logged(path, "step")] for path in (run, other)]
    assert steps[0] == steps[1]


@needs_machines
def test_two_machines_train_the_adapters_of_one(machines, write, tiny_config, tiny_data, tmp_path):
    # The size of a step is that of Adam where a gradient is nothing but rounding; no drawing, as
    # each process draws its own.
    whole = {"data": {"augment": False}, "optim": {"lr": 1e-3}}
    half = {**whole, "data": {"augment": False, "batch_size": 4}}
    for machine in machines:
        write(machine.folder, **half)
    finished(machines, "train", "recipe.yaml")
    run = machines[0].folder / "run"
    assert not (machines[1].folder / "run").exists(), "the second machine writes nothing"
    # The same processes on one machine.
    write(tmp_path, **half, train={"devices": 2})
    subprocess.run(
        [sys.executable, "-m", "harma", "train", "recipe.yaml"],
        check=True,
        cwd=tmp_path,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    same_bits(run, tmp_path / "run")
    # One process with the batch of both.
    one = trained(tiny_values(tiny_config, tiny_data, tmp_path / "one", **whole))
    torch.testing.assert_close(adapter_weights(run), adapter_weights(one), rtol=0, atol=1e-5)


@needs_machines
def test_a_run_that_only_the_first_machine_has_is_resumed_on_both(machines, write):
    first, second = machines
    changes = {"data": {"batch_size": 4, "transform": "trouble.transform"}}
    for machine in machines:
        write(machine.folder, **changes)
    finished(machines, "train", "recipe.yaml", "--output", "undisturbed")
    # Killed in the second epoch, after the checkpoint of the first.
    processes = started(machines, "train", "recipe.yaml", TROUBLE="step:kill:1")
    statuses = waited(processes, A_MINUTE)
    assert None not in statuses
    assert 0 not in statuses
    assert (first.folder / "run" / "last").is_dir()
    assert f"rank 1 on {second.name} ended without a word" in first.output()
    finished(machines, "train", "--resume", "run")
    same_bits(first.folder / "run", first.folder / "undisturbed")
    assert not (second.folder / "run").exists()
    # Another run of that name on the second machine: which one is meant?
    write(second.folder, optim={"lr": 1e-3})
    (second.folder / "run").mkdir()
    shutil.copy(second.folder / "recipe.yaml", second.folder / "run")
    statuses = waited(started(machines, "train", "--resume", "run"), A_MINUTE)
    assert statuses == [1, 1]
    for machine in machines:
        assert f"run of rank 1 on {second.name} holds another run than that of the first" in (
            machine.output()
        )
