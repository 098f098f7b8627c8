"""How a command ends: the exit status and the words of each error, interrupt and bug."""

import errno
import os
import signal
import sys
from collections.abc import Sequence

from harma.cli.crash import CRASHED, crash_report, told_traceback
from harma.cli.last_words import last_words
from harma.cli.signals import BY_SIGNAL, Terminated
from harma.errors import HarmaError

BAD_INPUT = 2
# Libraries that several verbs need, and what to install for them.
EXTRAS = {
    **dict.fromkeys(("antimeridian", "geopandas", "lancedb", "pyarrow", "pyproj"), "search"),
    **dict.fromkeys(("obstore", "pystac", "rasterio", "shapely", "sqlalchemy"), "search"),
    **dict.fromkeys(("fastapi", "jsonschema", "prometheus_client", "uvicorn"), "serve"),
}
# What the system lacks, and what to do.
MENDED = {
    errno.EMFILE: "; a process may open more with `ulimit -n 4096`",
    errno.ENOSPC: "; make room, and give the command again",
    errno.EDQUOT: "; make room, and give the command again",
    errno.EROFS: "; choose another place, or make it writable",
}


class CommandEnd:
    """Tells why a command ended.

    Args:
        arguments: of the program.
        is_debug: whether tracebacks are shown.
    """

    def __init__(self, arguments: Sequence[str], *, is_debug: bool = False) -> None:
        self.arguments = arguments
        self.is_debug = is_debug
        self._has_spoken = False

    def interrupted(self, number: int, notes: Sequence[str] = ()) -> int:
        """Say what is kept of a command that a signal has ended."""
        # Whoever comes first: the command itself, or who ends it by force.
        if not self._has_spoken:
            self._has_spoken = True
            _say(last_words(self.arguments, number, notes))
        return BY_SIGNAL + number

    def told(self, error: BaseException, number: int = 0) -> int:
        """Say what was raised.

        Args:
            error: what was raised.
            number: of the signal that came before, or 0.

        Returns:
            The exit status.
        """
        if self.is_debug:
            _say(told_traceback(error))
        # Libraries make errors of their own of an interrupt.
        if number or isinstance(error, KeyboardInterrupt):
            number = number or _signal_of(error)
            return self.interrupted(number, getattr(error, "__notes__", ()))
        if isinstance(error, BrokenPipeError):
            # The reader of our output has gone (`harma … | head`).
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 0
        problem = _problem(error, self.arguments)
        if not problem:
            _say(crash_report(error, self.arguments))
            return CRASHED
        # What the system names is of any length, and holds any sign.
        _say(f"error: {HarmaError(problem)}")
        return BAD_INPUT


def _problem(error: BaseException, arguments: Sequence[str]) -> str:
    """What is wrong outside of HarMA; "" where it is a bug of ours."""
    if isinstance(error, HarmaError):
        return str(error)
    if isinstance(error, ModuleNotFoundError):
        part = str(error.name).partition(".")[0]
        if part in EXTRAS:
            return f"harma {arguments[0]} needs {part}: pip install 'harma[{EXTRAS[part]}]'"
    if isinstance(error, OSError):
        return _told_by_system(error)
    if isinstance(error, MemoryError):
        return "the memory of this machine does not suffice; try smaller batches or fewer workers"
    return ""


def _told_by_system(error: OSError) -> str:
    """What the system says of a path that cannot be used or a full disk, and of which file."""
    reason = str(error.strerror or error)
    if error.filename:
        reason = f"{reason}: {error.filename}"
    return f"{reason}{MENDED.get(error.errno or 0, '')}"


def _signal_of(error: BaseException) -> int:
    return signal.SIGTERM if isinstance(error, Terminated) else signal.SIGINT


def _say(line: str) -> None:
    try:
        print(line, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        # Nobody hears it; the exit status tells.
        return
