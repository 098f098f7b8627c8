"""Signals: SIGINT (Ctrl-C) and SIGTERM end a command in seconds, whatever it is in the middle of.

A signal raises `KeyboardInterrupt` in the main thread, as Ctrl-C does in any program of Python, so
that what is open is closed. That may fail: a library catches it, or waits for threads of its own.
So a second thread counts from the signal on, and ends the process after `PATIENCE_S`.
"""

import atexit
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType, TracebackType
from typing import Any

from harma.ground.descendants import own_descendants

NUMBERS = (signal.SIGINT, signal.SIGTERM)
# Seconds that a command has to end by itself; a second signal takes them away.
PATIENCE_S = 4.0
# What is added to a signal's number, for the exit status.
BY_SIGNAL = 128
SHOW_CURSOR = "\x1b[?25h"


class Terminated(KeyboardInterrupt):
    """SIGTERM was sent: a command ends as by Ctrl-C."""


class Signals:
    """Within this context signals end the command of this process; for the main thread alone.

    Args:
        last_words: says on the error stream what is kept, when the process is ended by force.

    Attributes:
        received: number of the signal that came, or 0.
    """

    def __init__(self, last_words: Callable[[int], object]) -> None:
        self.received = 0
        self._last_words = last_words
        self._told_by, self._told_to = os.pipe()
        self._is_ended = threading.Lock()

    def __enter__(self) -> "Signals":
        for number in NUMBERS:
            # `nohup` and shells without job control start commands that ignore SIGINT.
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, self._raise)
        if os.name != "posix":
            return self
        # Written by the system's own handler: it comes also while the main thread is in a library.
        os.set_blocking(self._told_to, False)
        signal.set_wakeup_fd(self._told_to, warn_on_full_buffer=False)
        threading.Thread(target=self._watch, name="signals", daemon=True).start()
        sys.unraisablehook = self._note_lost
        # A child that is told to end before it is itself would tell this process.
        os.register_at_fork(before=_hold, after_in_parent=_let_go, after_in_child=_as_ever)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        where: TracebackType | None,
    ) -> None:
        """From here on there is nothing to interrupt: a signal ends the process at once."""
        for number in NUMBERS:
            if signal.getsignal(number) == self._raise:
                signal.signal(number, _end_at_once)

    def end(self, status: int) -> None:
        """End the process that a signal came to, after what is to be done at the end of any."""
        # Not by way of the interpreter's own end: it waits for threads, and a library that still
        # works in one may die with it.
        atexit._run_exitfuncs()
        self._leave(status)

    def _raise(self, number: int, frame: FrameType | None) -> None:
        if self.received:
            self._end_by_force(number)
        self.received = number
        raise Terminated if number == signal.SIGTERM else KeyboardInterrupt

    def _watch(self) -> None:
        """Wait for a signal, and then for the end."""
        while True:
            number = os.read(self._told_by, 1)[0]
            # A server ends its requests first, and has handlers of its own.
            is_ours = self.received or signal.getsignal(number) == self._raise
            if number in NUMBERS and is_ours:
                break
        time.sleep(PATIENCE_S)
        self._end_by_force(number)

    def _end_by_force(self, number: int) -> None:
        # Of the watch and a second signal one comes first.
        if self._is_ended.acquire(blocking=False):
            if sys.stderr.isatty():
                # A progress bar hides it.
                sys.stderr.write(SHOW_CURSOR)
            self._last_words(number)
            self._leave(BY_SIGNAL + number)

    def _leave(self, status: int) -> None:
        for child in multiprocessing.active_children():
            child.kill()
        # The server that readers are forked from, and these, would notice our end by themselves,
        # but not before they have loaded what they load.
        for pid in own_descendants(os.getpid()):
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                # Nobody reads it any more.
                continue
        os._exit(status)

    def _note_lost(self, lost: Any) -> None:
        """Say what Python cannot raise, but for an interrupt: the watch ends the command then."""
        if not (self.received and isinstance(lost.exc_value, KeyboardInterrupt)):
            sys.__unraisablehook__(lost)


def _end_at_once(number: int, frame: FrameType | None) -> None:
    os._exit(BY_SIGNAL + number)


def _hold() -> None:
    signal.pthread_sigmask(signal.SIG_BLOCK, NUMBERS)


def _let_go() -> None:
    signal.pthread_sigmask(signal.SIG_UNBLOCK, NUMBERS)


def _as_ever() -> None:
    """In a forked process signals do what they do in any, and nobody hears of them here."""
    # The thread that forks is the main one of the child, whichever it was.
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    _let_go()
