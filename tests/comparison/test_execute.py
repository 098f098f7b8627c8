"""Which runs are started, and what is said of them; the runs are made up."""

import io
import json
import time

import pytest
from rich.console import Console

from harma.comparison import execute as executing
from harma.comparison.execute import ComparisonDisplay, count_runs, execute
from harma.comparison.jobs import Job
from harma.comparison.runs import known_runs, rate_runs
from harma.errors import ConfigError

METHODS = {"harma": None, "full": {"learning_rates": [1e-3, 1e30]}}


class Done:
    """A process that has ended."""

    stdin = None

    def poll(self):
        return 0

    wait = poll


@pytest.fixture
def plan(make):
    return make(METHODS, seeds=[1, 2], learning_rates=[1e-3, 1e-2], jobs=2)


@pytest.fixture
def started(monkeypatch, finish):
    """Runs that finish at once, in place of processes: each with its slot."""
    asked = []

    def start(run, slot, jobs):
        asked.append((f"{run.row.folder}/{run.path.name}", slot))
        finish(run)
        return Job(run, Done(), slot, time.monotonic())

    monkeypatch.setattr(executing, "start", start)
    monkeypatch.setattr(executing, "POLL", 0)
    return asked


def test_only_what_is_missing_of_the_rows_runs(plan, started):
    assert execute(plan, [plan.row("full")]) == 3
    names = [name for name, _ in started]
    assert names[:2] == ["full/lr0.001-seed1", "full/lr1e+30-seed1"]
    assert names[2].startswith("full/")
    assert names[2].endswith("-seed2")
    assert execute(plan, plan.rows) == 3
    assert len(started) == len({name for name, _ in started}) == 6
    assert execute(plan, plan.rows) == 0
    assert len(started) == 6


def test_as_many_run_as_may_each_in_a_slot_of_its_own(plan, started):
    execute(plan, plan.rows)
    assert [slot for _, slot in started[:4]] == [0, 1, 0, 1]


def test_a_failed_run_waits_for_retry(plan, started, fail):
    fail(rate_runs(plan, plan.rows[0])[0], "killed")
    assert execute(plan, plan.rows) == 5
    assert "harma/lr0.001-seed1" not in dict(started)
    # Of equal rates the lowest is chosen, which then lacks its second seed.
    assert execute(plan, plan.rows, retry=True) == 2
    assert "harma/lr0.001-seed1" in dict(started)


def test_what_is_there_must_fit(make, started):
    first = make({"harma": None})
    execute(first, first.rows)
    other = make({"harma": None}, flags=["--data.batch_size", "6"])
    with pytest.raises(ConfigError, match="data.batch_size is 12 there and 6 here"):
        execute(other, other.rows)


def test_annotations_are_read_before_the_first_process(make, started):
    plan = make({"harma": None}, recipe={"data": {"name": "nowhere.yaml"}})
    with pytest.raises(FileNotFoundError, match=r"nowhere\.yaml"):
        execute(plan, plan.rows)
    assert not started


def test_runs_that_are_known_are_counted(plan, finish, fail):
    assert count_runs(plan, plan.rows) == (0, 6)
    finish(rate_runs(plan, plan.rows[0])[0])
    assert count_runs(plan, plan.rows) == (1, 6)
    for run in rate_runs(plan, plan.rows[1]):
        fail(run)
    assert count_runs(plan, plan.rows) == (3, 5), "a row whose rates all failed has no seeds"


def test_a_line_for_each_run_that_ends(plan, finish, fail):
    good, bad = rate_runs(plan, plan.rows[0])
    finish(good)
    display = ComparisonDisplay(plan, plan.rows)
    display.console = Console(file=io.StringIO(), width=400, record=True)
    with display:
        display.ended(Job(good, Done(), 0, time.monotonic() - 7))
        fail(bad, "no memory")
        display.ended(Job(bad, Done(), 0, time.monotonic() - 3))
    first, second, third = display.console.export_text().splitlines()
    assert first == "1 of 6 runs are there already"
    value = good.best().value
    assert second == f"[1/6] harma, lr 0.001, seed 1: validation mR {value:.2f}, 7 s"
    assert third == f"[2/6] harma, lr 0.01, seed 1: failed: no memory (log: {bad.log}), 3 s"


def test_the_bare_backbone_shows_its_evaluation(make, finish):
    plan = make({"none": None})
    run = next(known_runs(plan, plan.rows[0]))
    finish(run)
    value = run.metrics()["val"]["metrics"]["mR"]
    assert executing._ending(run) == f"validation mR {value:.2f}"


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3661, "1:01:01")]
)
def test_times_for_people(seconds, shown):
    assert executing._clock(seconds) == shown


@pytest.mark.parametrize("finished", [0, 2])
def test_nothing_is_said_of_runs_where_none_or_all_are_there(make, finish, finished):
    plan = make({"harma": None}, seeds=[1, 2], learning_rates=[1e-3])
    for run in list(known_runs(plan, plan.rows[0]))[:finished]:
        finish(run)
    if finished:
        finish(list(known_runs(plan, plan.rows[0]))[1])
    display = ComparisonDisplay(plan, plan.rows)
    display.console = Console(file=io.StringIO(), width=400, record=True)
    with display:
        pass
    assert display.counts == (finished, 2)
    assert display.console.export_text() == ""


def test_bars_show_what_is_left_once_a_second(plan, finish):
    run = rate_runs(plan, plan.rows[0])[0]
    display = ComparisonDisplay(plan, plan.rows)
    display.bars.disable = False
    (whole,) = display.bars.tasks
    display.show([])
    assert (whole.completed, whole.total, whole.fields["note"]) == (0, 6, "")
    display.shown = 0.0
    display.times = [10.0, 20.0]
    epochs = run.recipe.train.epochs
    run.path.mkdir(parents=True)
    log = run.path / "log.jsonl"
    log.write_text(json.dumps({"event": "epoch", "epoch": 1, "seconds": 5.0}) + "\n")
    job = Job(run, Done(), 0, time.monotonic() - 7.2)
    display.show([job])
    # Six runs of 15 s, two at a time.
    assert whole.fields["note"] == "about 0:45 left"
    of_job = display.bars.tasks[1]
    assert (of_job.completed, of_job.total) == (1, epochs)
    assert of_job.fields["note"] == f"0:07, {executing._clock(5 * (epochs - 1))} left"
    display.times = [100.0]
    display.show([job])
    assert whole.fields["note"] == "about 0:45 left", "not twice in a second"
    log.unlink()
    display.shown = 0.0
    display.show([job])
    assert of_job.fields["note"] == "0:07", "before the first epoch"
    assert len(display.bars.tasks) == 2
