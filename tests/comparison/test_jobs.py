"""Processes: what is noted when one ends, and how it is ended."""

import os
import signal
import subprocess
import sys
import time

import pytest
import yaml

from harma.comparison import jobs
from harma.comparison.jobs import Job, settle, start, stop
from harma.comparison.runs import rate_runs


@pytest.fixture
def run(make):
    plan = make({"harma": None})
    return rate_runs(plan, plan.rows[0])[0]


@pytest.fixture
def job(run, monkeypatch):
    """Start Python code in place of a training."""

    def started(code):
        popen = jobs._popen
        monkeypatch.setattr(
            jobs, "_popen", lambda command, *rest: popen([sys.executable, "-c", code], *rest)
        )
        return start(run, 0, 1)

    return started


def test_a_killed_process_probably_ran_out_of_memory(job):
    one = job("import os; print('epoch 1', flush=True); os.kill(os.getpid(), 9)")
    assert not settle(one)
    assert one.run.state() == "failed"
    assert one.run.failure() == "killed by SIGKILL, probably out of memory"
    content = yaml.safe_load(one.run.failure_file.read_text())
    assert (content["signal"], content["log"]) == ("SIGKILL", one.run.log.name)


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        (
            "import sys; print('error: the loss is not finite'); print('bye'); sys.exit(2)",
            "the loss is not finite",
        ),
        ("raise MemoryError('no more')", "MemoryError: no more"),
        ("import sys; sys.exit(3)", "ended with status 3"),
        ("pass", "ended with status 0"),
        ("import os; os.kill(os.getpid(), 40)", "killed by 40"),
        ("import os; print('hm', flush=True); os.kill(os.getpid(), 11)", "killed by SIGSEGV (hm)"),
    ],
)
def test_the_last_error_is_noted(job, code, reason):
    one = job(code)
    assert not settle(one)
    assert one.run.failure() == reason


@pytest.mark.parametrize(("code", "status"), [("pass", 0), ("import sys; sys.exit(3)", 3)])
def test_the_status_is_noted(job, code, status):
    one = job(code)
    assert not settle(one)
    content = yaml.safe_load(one.run.failure_file.read_text())
    assert content["status"] == status
    assert "signal" not in content


def test_a_process_is_finished_when_its_figures_are_there(job):
    one = job("pass")
    one.run.path.mkdir(parents=True)
    one.run.metrics_file.write_text("{}")
    assert settle(one)
    assert not one.run.failure_file.exists()


def test_stopped_processes_end_with_all_they_started(job):
    child = "import time; time.sleep(100)"
    one = job(
        "import signal, subprocess, sys, time; signal.signal(15,"
        f" signal.SIG_IGN)\nprint(subprocess.Popen([sys.executable, '-c', '{child}'],"
        " stdin=-3).pid, flush=True); time.sleep(100)"
    )
    while not (text := one.run.log.read_text().strip()):
        time.sleep(0.02)
    before = jobs.PATIENCE
    jobs.PATIENCE = 0.2
    stop([one])
    jobs.PATIENCE = before
    assert one.process.returncode == -signal.SIGKILL
    deadline = time.time() + 5
    while time.time() < deadline and is_running(int(text)):
        time.sleep(0.02)
    assert not is_running(int(text))
    assert one.run.state() == "missing", "to be ended is no failure"


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:  # noqa: PTH123
            return file.read().rpartition(")")[2].split()[0] not in ("Z", "X")
    except FileNotFoundError:
        return False


def test_each_job_has_its_share_of_the_cores_and_a_gpu(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "4,5")
    assert jobs._environment(0, 3)["OMP_NUM_THREADS"] == "2"
    assert jobs._environment(0, 1)["OMP_NUM_THREADS"] == "8"
    assert jobs._environment(0, 1)["CUDA_VISIBLE_DEVICES"] == "4,5"
    assert [jobs._environment(slot, 3)["CUDA_VISIBLE_DEVICES"] for slot in range(3)] == [
        "4",
        "5",
        "4",
    ]
    assert jobs._environment(0, 9)["OMP_NUM_THREADS"] == "1", "never none"
    assert jobs._environment(0, 2)["PYTHONUNBUFFERED"] == "1"
    for asked, threads in (("16", "4"), ("3", "3"), ("0", "4"), ("many", "4")):
        monkeypatch.setenv("OMP_NUM_THREADS", asked)
        assert jobs._environment(0, 2)["OMP_NUM_THREADS"] == threads
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    assert jobs._environment(0, 2)["OMP_NUM_THREADS"] == "1"


def test_a_child_ends_when_its_pipe_closes():
    code = (
        "import time; from harma.cli.run_process import end_with_parent as e; e(); print(1,"
        " flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        start_new_session=True,
    ) as process:
        assert process.stdout.readline() == b"1\n"
        process.stdin.close()
        assert process.wait(timeout=10) == -signal.SIGKILL


def test_a_job_is_resumed_where_it_was_begun(run, monkeypatch):
    seen = []
    monkeypatch.setattr(jobs, "_popen", lambda command, *_: seen.append(command[-2:]))
    assert isinstance(start(run, 0, 1), Job)
    assert seen == [["train", str(run.recipe_file)]]
    run.path.mkdir()
    (run.path / "recipe.yaml").write_text("")
    start(run, 0, 1)
    assert seen[1] == ["--resume", str(run.path)]
