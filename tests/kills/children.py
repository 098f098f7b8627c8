"""Commands in forked processes: torch and the rest are imported once, for a thousand of them.

Nothing of what is imported here is used before a fork: Lance's threads and OpenMP's do not come
along. What a command does with files and with Lance are its points, at one of which it can wait to
be disturbed.
"""

import atexit
import importlib
import os
import pickle
import select
import signal
import subprocess
import sys
import time
import traceback
import warnings
from contextlib import suppress
from pathlib import Path

# What of Python's own audit events changes something.
CHANGES = ("os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.truncate", "shutil.rmtree")
# Names processes of a trial, for those that left its session.
MARK = "HARMA_KILLTEST"
ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    *("torch", "torchvision", "open_clip", "peft", "rasterio", "sklearn", "lancedb", "pyarrow"),
    *("pyarrow.parquet", "pandas", "shapely", "pyproj", "scipy", "jsonargparse", "rich", "yaml"),
    *("lightning_fabric", "harma.cli.train", "harma.training.launch", "harma.index.manage"),
    *("harma.index.relocate", "harma.index.upkeep", "harma.index.reembed", "harma.index.split"),
    *("harma.index.merge_indexes", "harma.exchange.importing", "harma.index.geoparquet"),
    *("harma.comparison.compare", "harma.curation.audit", "harma.curation.download"),
    *("harma.curation.resplit", "harma.model.merge", "harma.model.convert", "harma.index.index"),
)
# By these large archives are divided; a small one is divided as often.
SMALL = {
    "harma.index.writer": {"COMMIT_CHIPS": 12, "FILES_BETWEEN": 3},
    "harma.index.ann": {"PAYS": 60},
    "harma.index.ann_tuning": {"CHIPS_IN_PARTITION": 16, "QUERIES": 8, "TIMED_QUERIES": 1},
    "harma.index.compaction": {"MANY_FILES": 4},
    "harma.index.copying": {"READ_ROWS": 16, "WAITING_ROWS": 24, "WAITING_RECORDS": 3},
    "harma.index.geoparquet": {"GROUP": 32},
    "harma.exchange.embedding_file": {"ROWS_AT_ONCE": 24},
    "harma.exchange.importing": {"SOURCES_AT_ONCE": 3},
    "harma.curation.download": {"BLOCK": 1 << 12},
    "harma.comparison.execute": {"POLL": 0.05},
}


def import_all():
    """Import what commands need, and make small what divides their work."""
    # Lance warns of forks: nothing of it runs yet.
    warnings.filterwarnings("ignore")
    for name in MODULES:
        try:
            importlib.import_module(name)
        except ImportError:
            # Commands that need it will say so.
            continue
    make_small()


def make_small():
    for module, values in SMALL.items():
        for name, value in values.items():
            loaded = importlib.import_module(module)
            assert hasattr(loaded, name), f"{module} has no {name} any more"
            setattr(loaded, name, value)


# Functions whose calls are points too.
FURTHER_POINTS = (("harma.curation.download", "_write"),)


class Points:
    """The points of a command: each is counted, and at one of them it waits.

    Args:
        folder: what lies in it is looked at.
        wanted: number of the point where it waits, from 1; 0 counts only.
    """

    def __init__(self, folder, wanted=0):
        self.folder = str(folder)
        self.wanted = wanted
        self.count = 0
        self.asked, self.ask = os.pipe()
        self.answered, self.answer = os.pipe()
        for end in (self.ask, self.answered):
            os.set_inheritable(end, False)

    def watch(self):
        """Look at what this process does from now on."""
        owner = os.getpid()

        def audit(event, args):
            if os.getpid() == owner and self._is_change(event, args):
                self.passed()

        sys.addaudithook(audit)
        from lancedb.background_loop import BackgroundEventLoop

        run = BackgroundEventLoop.run

        def counted(loop, future):
            try:
                self.passed()
            except BaseException:
                future.close()
                raise
            return run(loop, future)

        BackgroundEventLoop.run = counted
        for module, name in FURTHER_POINTS:
            self._count_calls(importlib.import_module(module), name)

    def _count_calls(self, module, name):
        called = getattr(module, name)

        def counted(*args, **kwargs):
            self.passed()
            return called(*args, **kwargs)

        setattr(module, name, counted)

    def _is_change(self, event, args):
        if event == "open":
            path, _, flags = args
            writes = isinstance(flags, int) and flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT)
            return bool(writes) and self._is_inside(path)
        return event in CHANGES and self._is_inside(args[0])

    def _is_inside(self, path):
        return isinstance(path, str | os.PathLike) and os.fspath(path).startswith(self.folder)

    def passed(self):
        self.count += 1
        if self.count == self.wanted:
            os.write(self.ask, b"!")
            os.read(self.answered, 1)

    def is_reached(self, seconds):
        """In the driver: whether the point is reached within some seconds."""
        ready, _, _ = select.select([self.asked], [], [], seconds)
        return bool(ready)

    def go_on(self):
        """In the driver: let the command go on."""
        os.write(self.answer, b"!")

    def close(self):
        """In the driver: it is not needed any more."""
        for end in (self.asked, self.ask, self.answered, self.answer):
            os.close(end)


class Child:
    """A forked process, in a session of its own.

    Args:
        work: what it does; what it returns is its exit status.
        log: file that its output goes to.
        mark: of the trial.
    """

    def __init__(self, work, log, mark=""):
        sys.stdout.flush()
        sys.stderr.flush()
        self.log = Path(log)
        self.done = self.log.with_suffix(".done")
        self.done.unlink(missing_ok=True)
        self.began = time.monotonic()
        self.status = None
        self.pid = os.fork()
        if self.pid == 0:
            _be(work, self.log, self.done, mark)

    def poll(self):
        """The exit status (negative: a signal), or None while it runs."""
        if self.status is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.status = os.waitstatus_to_exitcode(status)
        return self.status

    def wait(self, seconds):
        """Wait for its end; None if it does not come."""
        deadline = time.monotonic() + seconds
        pause = 0.001
        while self.poll() is None and time.monotonic() < deadline:
            time.sleep(pause)
            pause = min(0.02, pause * 1.5)
        return self.status

    def kill(self):
        """End it and its session."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait(20)

    def said(self):
        return self.log.read_text(errors="replace")

    def catches(self, number):
        """Whether a signal is handled by the process, so that it does not just end it."""
        try:
            status = Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return False
        caught = int(status.partition("SigCgt:")[2].split()[0], 16)
        return bool(caught >> (number - 1) & 1)

    def is_done(self):
        """Whether all of the work was done, and only the end of the process was left."""
        return self.done.exists()


def _be(work, log, done, mark):
    """In the child: do the work, and end as a process of its own would."""
    status = 1
    try:
        os.setsid()
        os.environ[MARK] = mark
        out = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND)
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        for stream in (1, 2):
            os.dup2(out, stream)
        os.close(out)
        os.close(nothing)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        status = work() or 0
        done.touch()
        atexit._run_exitfuncs()
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    except BaseException:
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except OSError:
                status = status or 1
        os._exit(status)


def command_child(command, log, points, mark="", count_to=None):
    """Run a command of `harma` as its own process would; how many points it passes to a file."""

    def work():
        from tests.kills.fixture import know_download

        from harma.cli import main
        from harma.comparison import jobs

        jobs._popen = ForkedJob
        know_download(os.environ["HARMA_KILLTEST_URL"])
        points.watch()
        sys.argv = ["harma", *command]
        status = main()
        if count_to is not None:
            count_to.write_text(str(points.count))
        return status

    return Child(work, log, mark)


class ForkedJob:
    """A run of a comparison as a forked process: what `harma.comparison.jobs` starts, in less time.

    Args:
        command: as it would be started, `… -m harma.cli.run_process train …`.
        log: open file of its output.
        environment: of it.
    """

    def __init__(self, command, log, environment):
        read, write = os.pipe()
        self.stdin = os.fdopen(write, "wb")
        self.returncode = None
        self.pid = os.fork()
        if self.pid == 0:
            self.stdin.close()
            os.environ.update(environment)
            words = command[command.index("harma.cli.run_process") + 1 :]
            _be_job(words, log, read)
        os.close(read)

    def poll(self):
        """As of `subprocess.Popen`."""
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout=None):
        """As of `subprocess.Popen`."""
        deadline = time.monotonic() + (timeout if timeout is not None else 1e9)
        while self.poll() is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("harma", timeout)
            time.sleep(0.01)
        return self.returncode


def _be_job(words, log, stdin):
    """In the child: train, and end with the process that reads the other end of its input."""
    status = 1
    try:
        os.setsid()
        os.dup2(stdin, 0)
        for stream in (1, 2):
            os.dup2(log.fileno(), stream)
        from harma.cli import main
        from harma.cli.run_process import end_with_parent

        end_with_parent()
        sys.argv = ["harma", *words]
        status = main()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(status)


def fresh_child(command, log, mark="", environment=None):
    """Run a command in a process that imports everything itself: Python's own start included."""

    def work():
        path = os.pathsep.join([str(ROOT / "src"), str(ROOT), os.environ.get("PYTHONPATH", "")])
        values = {**os.environ, "PYTHONPATH": path, **(environment or {})}
        words = [sys.executable, "-W", "ignore", "-m", "tests.kills.command", *command]
        os.execve(sys.executable, words, values)

    return Child(work, log, mark)


def result_of(work, folder, seconds=120):
    """What a function gives in a forked process.

    Raises:
        AssertionError: it raised, hung or died.
    """
    file = Path(folder) / "result.pickle"
    file.unlink(missing_ok=True)

    def write():
        file.write_bytes(pickle.dumps(work()))

    child = Child(write, Path(folder) / "result.log")
    if child.wait(seconds) is None:
        child.kill()
    assert child.status == 0, f"status {child.status}: {child.said()[-1500:]}"
    return pickle.loads(file.read_bytes())


def left_behind(mark, sessions):
    """Processes of a trial that are still there: of its sessions, or with its mark."""
    there = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdecimal() or int(entry.name) == os.getpid():
            continue
        try:
            fields = (entry / "stat").read_text().rpartition(")")[2].split()
            state, session = fields[0], int(fields[3])
            marked = f"{MARK}={mark}".encode() in (entry / "environ").read_bytes().split(b"\0")
        except (OSError, IndexError, ValueError):
            continue
        if state != "Z" and (session in sessions or marked):
            there.append(int(entry.name))
    return there


def named(pid):
    """What a process is called, for a report."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except OSError:
        return "one that has gone"
    return b" ".join(words).decode(errors="replace")[-160:].strip()
