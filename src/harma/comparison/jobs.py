"""Subprocesses that train: started with their share of the cores, ended, their failures noted."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
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
    recipe = yaml.safe_dump(run.recipe.to_dict(), sort_keys=False, allow_unicode=True)
    write_text(run.recipe_file, recipe)
    what = [str(run.recipe_file)]
    if run.state() == "begun":
        what = ["--resume", str(run.path)]
    command = [sys.executable, "-m", "harma.cli.run_process", "train", *what]
    with run.log.open("ab") as log:
        process = _popen(command, log, _environment(slot, jobs))
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
    changed = {
        "OMP_NUM_THREADS": str(_threads(jobs)),
        # A line of the log is there when it is written, even of a process that is killed.
        "PYTHONUNBUFFERED": "1",
    }
    gpus = _gpus() if jobs > 1 else []
    if len(gpus) > 1:
        changed["CUDA_VISIBLE_DEVICES"] = gpus[slot % len(gpus)]
    return {**os.environ, **changed}


def _threads(jobs: int) -> int:
    """Threads of each process: its share of the cores, or fewer where fewer are asked for."""
    share = max(1, usable_cores() // jobs)
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return min(share, int(asked))
    return share


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
    failure = {
        "reason": _reason(code, _last_line(job.run)),
        **_ending(code),
        "log": job.run.log.name,
        "time": _now(),
    }
    write_json(job.run.failure_file, failure)
    return False


def _ending(code: int) -> dict[str, Any]:
    """The status or the signal that a process ended with."""
    if code >= 0:
        return {"status": code}
    # A real-time signal has no name.
    named = -code in list(signal.Signals)
    return {"signal": signal.Signals(-code).name if named else str(-code)}


def _reason(code: int, last: str) -> str:
    """Why a process failed, in a line for people."""
    if code >= 0:
        return last or f"ended with status {code}"
    killed = f"killed by {_ending(code)['signal']}"
    # Nobody but the system's keeper of memory kills so, as a rule.
    if -code == signal.SIGKILL:
        return f"{killed}, probably out of memory"
    if last:
        return f"{killed} ({last})"
    return killed


def _last_line(run: Run) -> str:
    """The last error in a run's log, else its last line."""
    try:
        text = run.log.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    errors = [line for line in lines[-200:] if line.startswith("error:")]
    last = (errors or lines or [""])[-1]
    return last.removeprefix("error:").strip()[:500]


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


def _signal(job: Job, signal_number: int) -> None:
    # To the whole session: readers of images are processes of their own.
    try:
        os.killpg(job.process.pid, signal_number)
    except ProcessLookupError:
        return


@contextmanager
def interrupted_by_term() -> Iterator[None]:
    """Let SIGTERM end the block as Ctrl-C does, so that what it started is ended too."""
    # Only the main thread may say what a signal does. A command ends by SIGTERM as it is.
    is_main = threading.current_thread() is threading.main_thread()
    if not is_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def interrupt(signal_number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGTERM, interrupt)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
