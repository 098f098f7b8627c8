"""What happens to a command: signals, a full or read-only disk, few files, a clock that jumps."""

import os
import resource
import shutil
import signal
import subprocess
import time
from pathlib import Path

# Of the disk that is mounted for a trial.
ROOMY = "64m"
PAGE = 4096
CLOCKS = (-86_400, -3_600, 7_200, 30 * 86_400, 10 * 365 * 86_400, -10 * 365 * 86_400)
FAKETIME = (
    "/usr/lib/x86_64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/aarch64-linux-gnu/faketime/libfaketimeMT.so.1",
    "/usr/lib/faketime/libfaketimeMT.so.1",
)


class Disturbance:
    """Nothing happens; the base of what does.

    Attributes:
        name: in the report.
        is_signal: the command has to end by it.
        is_fresh: the command is a process that imports everything itself.
    """

    name = "nothing"
    is_signal = False
    is_fresh = False

    def prepare(self, here):
        """Before the command, when its folder is empty still."""

    def environment(self, here):
        """Of the command, where it is a process of its own."""
        return {}

    def strike(self, child, here, rng):
        """It happens; False where it cannot yet."""
        return True

    def release(self, here):
        """It is over."""


class Signal(Disturbance):
    """A signal to the process, or to all of its session, as a terminal sends it."""

    is_signal = True

    def __init__(self, number, *, is_fresh=False):
        self.number = number
        self.name = number.name
        self.is_fresh = is_fresh

    def strike(self, child, here, rng):
        is_any = self.is_fresh or self.number == signal.SIGKILL
        # Python itself catches SIGINT, a command both.
        if not (is_any or child.is_done() or child.catches(signal.SIGTERM)):
            # It is a command only now; what comes before is told of fresh processes.
            return False
        to_all = rng.random() < 0.5 and self.number != signal.SIGTERM
        try:
            (os.killpg if to_all else os.kill)(child.pid, self.number)
        except ProcessLookupError:
            return True
        return True


class Mounted(Disturbance):
    """A disk of its own for the folder of the trial."""

    def prepare(self, here):
        _run("mount", "-t", "tmpfs", "-o", f"size={ROOMY}", "tmpfs", str(here))

    def release(self, here):
        _run("mount", "-o", f"remount,rw,size={ROOMY}", str(here))

    def end(self, here):
        subprocess.run(["umount", "-l", str(here)], check=False)


class FullDisk(Mounted):
    """The disk takes a few pages more, or none."""

    name = "full disk"

    def strike(self, child, here, rng):
        status = os.statvfs(here)
        used = (status.f_blocks - status.f_bfree) * status.f_frsize
        size = used + PAGE * rng.choice((0, 0, 1, 4, 16, 64))
        return _run("mount", "-o", f"remount,size={max(size, PAGE)}", str(here))


class ReadOnly(Mounted):
    """The disk is read-only from now on; not while a file is open to be written."""

    name = "read-only disk"

    def strike(self, child, here, rng):
        return _run("mount", "-o", "remount,ro", str(here))


class SizeLimit(Disturbance):
    """No file takes more: what stands in for a full disk where nothing may be mounted."""

    name = "full disk"

    def strike(self, child, here, rng):
        return _limit(child.pid, resource.RLIMIT_FSIZE, PAGE * rng.choice((0, 1, 4)))


class FewFiles(Disturbance):
    """The process may open hardly any further file."""

    name = "few files"

    def strike(self, child, here, rng):
        try:
            used = max(int(one.name) for one in Path(f"/proc/{child.pid}/fd").iterdir()) + 1
        except (OSError, ValueError):
            return True
        return _limit(child.pid, resource.RLIMIT_NOFILE, used + rng.choice((0, 0, 1, 2, 4)))


class Clock(Disturbance):
    """The clock jumps, for this process alone: libfaketime."""

    name = "clock"
    is_fresh = True

    def environment(self, here):
        self._file(here).write_text("+0\n")
        return {
            "LD_PRELOAD": libfaketime(),
            "FAKETIME_TIMESTAMP_FILE": str(self._file(here)),
            "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def strike(self, child, here, rng):
        self._file(here).write_text(f"{rng.choice(CLOCKS):+d}\n")
        return True

    def _file(self, here):
        return here.parent / "clock"


def libfaketime():
    """The library; "" where it is not installed."""
    return next((path for path in FAKETIME if Path(path).is_file()), "")


def may_mount(folder):
    """Whether this process may mount a disk."""
    place = Path(folder) / "mountable"
    place.mkdir(parents=True, exist_ok=True)
    if shutil.which("mount") is None:
        return False
    try:
        there = _run("mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(place))
    finally:
        subprocess.run(["umount", str(place)], check=False, capture_output=True)
    return there


def possible(folder):
    """Name → (share of the trials, how to make one); and what is not possible here, and why."""
    table = {
        "SIGKILL": (6, lambda: Signal(signal.SIGKILL)),
        "SIGTERM": (3, lambda: Signal(signal.SIGTERM)),
        "SIGINT": (3, lambda: Signal(signal.SIGINT)),
        "SIGINT at the start": (0.4, lambda: Signal(signal.SIGINT, is_fresh=True)),
        "SIGTERM at the start": (0.3, lambda: Signal(signal.SIGTERM, is_fresh=True)),
        "few files": (2, FewFiles),
    }
    skipped = {}
    if may_mount(folder):
        table["full disk"] = (2, FullDisk)
        table["read-only disk"] = (2, ReadOnly)
    else:
        table["full disk"] = (2, SizeLimit)
        skipped["read-only disk"] = "nothing may be mounted here"
    if libfaketime():
        table["clock"] = (0.8, Clock)
    else:
        skipped["clock"] = "libfaketime is not installed (Debian: faketime)"
    return table, skipped


def _limit(pid, what, soft):
    try:
        _, hard = resource.prlimit(pid, what)
        resource.prlimit(pid, what, (min(soft, hard) if hard >= 0 else soft, hard))
    except (OSError, ValueError):
        return not Path(f"/proc/{pid}").exists()
    return True


def _run(*words):
    return subprocess.run(words, check=False, capture_output=True).returncode == 0


def pause(seconds):
    """Wait; a millisecond is long enough for a command to write a file."""
    if seconds > 0:
        time.sleep(seconds)
