"""The events of a run: the log and TensorBoard's files."""

import builtins

import pytest

from harma.errors import MissingDependencyError
from harma.training.events import EventLog
from harma.training.run import RunDirectory


@pytest.fixture
def run(tmp_path):
    return RunDirectory(tmp_path)


def test_an_event_is_a_line_and_a_scalar_of_each_figure(run):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    events = EventLog(run, enabled=True, tensorboard=True)
    events.open(1)
    events.write("step", 7, {"loss": 2.5, "lr": 0.125})
    events.write("validation", 8, {"mR": 40.0})
    events.close()
    assert [event["event"] for event in run.read_log()] == ["step", "validation"]
    read = EventAccumulator(str(run.path / "tensorboard"))
    read.Reload()
    scalars = {
        tag: [(s.step, s.value) for s in read.Scalars(tag)] for tag in read.Tags()["scalars"]
    }
    assert scalars == {
        "step/loss": [(7, 2.5)],
        "step/lr": [(7, 0.125)],
        "validation/mR": [(8, 40.0)],
    }


def test_other_processes_write_nothing(run):
    events = EventLog(run, enabled=False, tensorboard=True)
    events.open(1)
    events.write("step", 7, {"loss": 2.5})
    events.close()
    assert list(run.path.iterdir()) == []


def test_tensorboard_that_is_not_installed_is_named(run, monkeypatch):
    original = builtins.__import__

    def without(name, *args, **options):
        if name == "torch.utils.tensorboard":
            raise ImportError(name)
        return original(name, *args, **options)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(MissingDependencyError, match=r"pip install 'harma\[tensorboard\]'"):
        EventLog(run, enabled=True, tensorboard=True).open(1)
    EventLog(run, enabled=True, tensorboard=False).open(1)
