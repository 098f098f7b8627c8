"""Several machines: the same adapters as one process, and an end for all where one ends."""

import os
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch
import yaml
from tests.machines import PATHS, cluster, needs_machines, torchrun, two_machines, waited
from tests.training.runs import adapter_weights, logged, tiny_values, trained
from torch.distributed import HashStore

from harma.errors import DataError, TrainingError
from harma.training import company, heartbeat
from harma.training.company import Company, in_company
from harma.training.heartbeat import wait_until

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


@cluster
@pytest.mark.slow
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


# -- in one process, over a store of its own ------------------------------------------------------


@pytest.fixture
def two(monkeypatch):
    """The companies of two processes that know each other."""
    store = HashStore()
    monkeypatch.setattr(company, "connect", lambda environment, generation: store)
    monkeypatch.setattr(heartbeat, "BEAT", 0.01)
    # Nothing here may end the process of the tests.
    monkeypatch.setattr(company, "_end_for_sure", lambda: None)
    monkeypatch.setattr(company, "_end", lambda happened, _: told.append(happened))
    monkeypatch.setattr(company, "launcher", lambda: None)
    monkeypatch.setattr(company, "_COMPANIES", [])
    told = []
    both = []
    for rank in range(2):
        member = Company()
        environment = SimpleNamespace(world_size=lambda: 2, global_rank=lambda rank=rank: rank)
        member.join(environment)
        both.append(member)
    for member in both:
        assert wait_until(lambda member=member: bool(heard(member)[0].host), 10)
    yield (*both, told)
    for member in both:
        member.leave()
        member._heartbeat.stop()


def heard(member):
    """The other processes, as one of them knows them."""
    return member._heartbeat.peers


def enter(monkeypatch, member):
    """From here on this process is that one."""
    monkeypatch.setattr(company, "_COMPANIES", [member])


@pytest.mark.parametrize(
    ("error", "word"),
    [
        (DataError("train.json is not there"), "failed: train.json is not there"),
        (OSError(28, "No space left on device", "last"), "failed: No space left on device: last"),
        (KeyError("image"), "failed: KeyError: 'image'"),
        (KeyboardInterrupt(), "was interrupted"),
    ],
)
def test_a_failure_here_is_raised_here_and_told_there(two, monkeypatch, error, word):
    first, second, told = two
    monkeypatch.setattr(company, "HEARING", 0.5)
    enter(monkeypatch, second)
    with pytest.raises(type(error)), in_company(), in_company():
        raise error
    assert wait_until(lambda: bool(told), 10)
    assert told[0].startswith(f"rank 1 on {heard(first)[0].host} {word}. This process (rank 0 on ")
    assert second.is_over


def test_an_exchange_that_breaks_because_another_process_is_gone_says_so(two, monkeypatch):
    first, second, _ = two
    monkeypatch.setattr(company, "SUSPICION", 1)
    second._heartbeat.stop()
    enter(monkeypatch, first)
    message = r"rank 1 on \S+ ended without a word: killed, .* This process \(rank 0 on \S+\) ends"
    with pytest.raises(TrainingError, match=message) as raised, in_company():
        raise RuntimeError("gloo: Connection closed by peer")
    assert "gloo" in str(raised.value.__cause__)


def test_an_error_of_a_library_that_is_of_this_process_alone_stays_what_it_is(two, monkeypatch):
    first, second, _ = two
    monkeypatch.setattr(company, "SUSPICION", 2)
    monkeypatch.setattr(company, "HEARING", 0.5)
    enter(monkeypatch, first)
    with pytest.raises(RuntimeError, match="shapes cannot be multiplied"), in_company():
        raise RuntimeError("mat1 and mat2 shapes cannot be multiplied")
    assert wait_until(lambda: bool(second._heartbeat.failure), 10)
    assert "failed: RuntimeError: mat1 and mat2" in second._heartbeat.failure


def test_what_the_first_makes_all_have(two):
    first, second, _ = two
    assert first.from_first("recipe", lambda: {"lr": 1e-3}) == {"lr": 1e-3}
    assert second.from_first("recipe", lambda: 1 / 0) == {"lr": 1e-3}
    assert Company().from_first("recipe", lambda: [1]) == [1], "alone"


def test_a_company_that_is_left_is_followed_by_another(two, monkeypatch):
    first, second, told = two
    enter(monkeypatch, first)
    with in_company() as here:
        assert here is first
    second.leave()
    first.leave()
    with in_company() as here:
        assert here is not first
        assert (here.rank, here.size, here.is_first) == (0, 1, True)
    assert told == []
