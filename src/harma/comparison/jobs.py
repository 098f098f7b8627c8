"""Processes that train: started, watched, ended, and what is written down when one fails."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO, Any

import yaml

from harma.comparison.runs import Run
from harma.ground.device import usable_cores
from harma.ground.files import write_json, write_text

# What a process that is told to end is given to do so.
PATIENCE = 5.0


@dataclass
class Job:
    """A run's process.

    Attributes:
        run: what it trains.
        process: trains.
        slot: which of the jobs at once it is, from 0.
        began: when, by the monotonic clock.
    """

    run: Run
    process: "subprocess.Popen[bytes]"
    slot: int
    began: float

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.began


def start(run: Run, slot: int, jobs: int) -> Job:
    """Start a run, or go on with one that was begun.

    Args:
        run: to start.
        slot: which of the jobs at once it is.
        jobs: how many run at once; each has its share of the cores and, where there are several, a
            GPU.
    """
    run.path.parent.mkdir(parents=True, exist_ok=True)
    write_text(
        run.recipe_file, yaml.safe_dump(run.recipe.to_dict(), sort_keys=False, allow_unicode=True)
    )
    what = ["--resume", str(run.path)] if run.state() == "begun" else [str(run.recipe_file)]
    with run.log.open("ab") as log:
        process = _popen(
            [sys.executable, "-m", "harma.cli.run_process", "train", *what],
            log,
            _environment(slot, jobs),
        )
    return Job(run, process, slot, time.monotonic())


def _popen(
    command: list[str], log: IO[bytes], environment: dict[str, str]
) -> "subprocess.Popen[bytes]":
    # In a session of its own, so that it ends whole and by our hand. The pipe is never written to:
    # it closes when this process ends, by whatever means, and that ends the child.
    return subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=log,
        stderr=subprocess.STDOUT,
        env=environment,
        start_new_session=True,
    )


def _environment(slot: int, jobs: int) -> dict[str, str]:
    """The environment of a process: its share of the cores, and its GPU."""
    cores = usable_cores()
    share = max(1, cores // jobs)
    asked = os.environ.get("OMP_NUM_THREADS", "")
    changed = {
        "OMP_NUM_THREADS": str(
            min(share, int(asked)) if asked.isdecimal() and int(asked) else share
        )
    }
    # A line of the log is there when it is written, even of a process that is killed.
    changed["PYTHONUNBUFFERED"] = "1"
    if jobs > 1 and len(gpus := _gpus()) > 1:
        changed["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    return {**os.environ, **changed}


def _gpus() -> list[str]:
    """Names of the GPUs that this process may use."""
    import torch

    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return [name for name in visible.split(",") if name.strip()]
    return [str(i) for i in range(torch.cuda.device_count())]


def settle(job: Job) -> bool:
    """Note how a process that ended ended.

    Returns:
        Whether its run is finished; if not, why is in the run's failure file.
    """
    code = job.process.wait()
    if job.process.stdin:
        job.process.stdin.close()
    if job.run.metrics_file.is_file():
        return True
    reason, facts = _reason(code, _last_line(job.run))
    write_json(
        job.run.failure_file, {"reason": reason, **facts, "log": job.run.log.name, "time": _now()}
    )
    return False


def _reason(code: int, last: str) -> tuple[str, dict[str, Any]]:
    if code >= 0:
        return last or f"ended with status {code}", {"status": code}
    name = signal.Signals(-code).name if -code in list(signal.Signals) else str(-code)
    memory = ", probably out of memory" if name == "SIGKILL" else ""
    return f"killed by {name}{memory}" + (f" ({last})" if last and not memory else ""), {
        "signal": name
    }


def _last_line(run: Run) -> str:
    """The last error in a run's log, else its last line."""
    try:
        lines = [
            line.strip()
            for line in run.log.read_text(encoding="utf-8", errors="replace").splitlines()
        ]
    except OSError:
        return ""
    lines = [line for line in lines[-200:] if line]
    errors = [line for line in lines if line.startswith("error:")]
    return (errors or lines or [""])[-1].removeprefix("error:").strip()[:500]


def _now() -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%S%z")


def stop(jobs: list[Job]) -> None:
    """End processes and those they started; their runs can go on later."""
    for job in jobs:
        _signal(job, signal.SIGTERM)
    deadline = time.monotonic() + PATIENCE
    for job in jobs:
        try:
            job.process.wait(timeout=max(0.0, deadline - time.monotonic()))
        except subprocess.TimeoutExpired:
            _signal(job, signal.SIGKILL)
            job.process.wait()


def _signal(job: Job, number: int) -> None:
    try:
        os.killpg(job.process.pid, number)
    except ProcessLookupError:
        return


@contextmanager
def interrupted_by_term() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that what it started is ended too."""
    import threading

    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def interrupt(number: int, frame: Any) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
