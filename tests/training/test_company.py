"""Several machines: the same adapters as one process, and an end for all where one ends."""

import os
import subprocess
import sys

import pytest
import torch
import yaml
from tests.machines import PATHS, cluster, needs_machines, torchrun, two_machines, waited
from tests.training.runs import adapter_weights, logged, tiny_values, trained

pytestmark = [cluster, pytest.mark.slow]

# Within which all have to end.
A_MINUTE = 60
PLAIN = {"data": {"augment": False}}


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
def test_two_machines_train_the_adapters_of_one_and_resume(
    machines, write, tiny_config, tiny_data, tmp_path
):
    first, second = machines
    # The size of a step is that of Adam where a gradient is nothing but rounding; no drawing, as
    # each process draws its own.
    whole = {"data": {"transform": "trouble.transform"}, "optim": {"lr": 1e-3}}
    half = {**whole, "data": {**whole["data"], "batch_size": 4}}
    for machine in machines:
        write(machine.folder, **half)
    finished(machines, "train", "recipe.yaml", "--output", "undisturbed")
    run = first.folder / "undisturbed"
    assert not (second.folder / "undisturbed").exists(), "the second machine writes nothing"
    # The same processes on one machine.
    write(tmp_path, **half, train={"devices": 2})
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": PATHS}
    command = [sys.executable, "-m", "harma", "train", "recipe.yaml"]
    subprocess.run(command, check=True, cwd=tmp_path, env=environment)
    same_bits(run, tmp_path / "run")
    # One process with the batch of both.
    one = trained(tiny_values(tiny_config, tiny_data, tmp_path / "one", **{**whole, **PLAIN}))
    torch.testing.assert_close(adapter_weights(run), adapter_weights(one), rtol=0, atol=1e-5)

    # The second machine's process is killed in the second epoch.
    statuses = waited(started(machines, "train", "recipe.yaml", TROUBLE="step:kill:1"), A_MINUTE)
    assert statuses == [1, 1], "torchrun's word for a process that failed"
    assert f"error: rank 1 on {second.name} ended without a word: killed" in first.output()
    assert "transport/tcp" not in first.output(), "no traceback of a library"
    # The run lies on the first machine alone.
    finished(machines, "train", "--resume", "run")
    same_bits(first.folder / "run", run)
    assert not (second.folder / "run").exists()
