"""The processes of a run as a company: they end together, and each says who failed (rank, host).

Processes that train together meet in exchanges: gathered batches, gradients, barriers. One that
fails between two of them would leave the others waiting, and one that is killed would leave them
with a library's traceback. So a process that fails tells the others, one that dies is missed, and
all end within a minute, whoever started them: torchrun, Slurm or `train.devices`.
"""

import json
import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lightning_fabric.plugins.environments import ClusterEnvironment
from rich.console import Console

from harma.errors import HarmaError, TrainingError
from harma.ground.messages import first_line
from harma.training.devices import launcher
from harma.training.heartbeat import ARRIVAL, Heartbeat, Peer, connect, name_of, wait_until

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

log = logging.getLogger(__name__)

# Looks, one a second, after which a silent process counts as dead. They are counted, not timed: a
# machine that was suspended has not looked.
SILENCE = 40
# The same once an exchange has broken, which is a sign of death.
SUSPICION = 4
# Seconds that a process which fails waits for the others to have heard of it.
HEARING = 10
# Seconds after which a process that fails is ended: a library may wait for the others at its exit.
LAST_RESORT = 20
# Exit status of a process that ends with another one: as of other errors.
FAILED = 2
# One after another, of this process.
_COMPANIES: list["Company"] = []


class Company:
    """The processes of a run, seen from one of them.

    Args:
        number: of the run, among those of these processes.

    Attributes:
        rank: of this process.
        size: number of processes; 1 until others are known.
    """

    def __init__(self, number: int = 0) -> None:
        self.rank = 0
        self.size = 1
        self._number = number
        self._store: Store | None = None
        self._heartbeat: Heartbeat | None = None
        self._is_leaving = False
        self._has_failed = False
        self._lock = threading.Lock()

    @property
    def is_first(self) -> bool:
        """Whether this process is the one that writes."""
        return self.rank == 0

    @property
    def name(self) -> str:
        """How this process is named in messages."""
        return name_of(self.rank, socket.gethostname())

    @property
    def is_over(self) -> bool:
        """Whether it was left, or has failed."""
        return self._is_leaving

    def join(self, environment: ClusterEnvironment | None) -> None:
        """Find the other processes; nothing happens where they are known or there are none.

        Args:
            environment: who started them; None: nobody.

        Raises:
            TrainingError: they are not reached.
        """
        if self._heartbeat is not None or environment is None or environment.world_size() == 1:
            return
        restarts = os.environ.get("TORCHELASTIC_RESTART_COUNT", "0")
        self._store = connect(environment, f"{restarts}/{self._number}")
        self.rank = environment.global_rank()
        self.size = environment.world_size()
        self._heartbeat = Heartbeat(self._store, self.rank, self.size)
        threading.Thread(
            target=self._watch, args=(self._heartbeat,), name="company", daemon=True
        ).start()

    def from_first(self, name: str, make: Callable[[], Any]) -> Any:
        """What the first process makes, in every process; only there it is made.

        Args:
            name: of what is made, once in a run.
            make: gives plain values.
        """
        if self._store is None:
            return make()
        if self.is_first:
            self._store.set(name, json.dumps(make()))
        # Not `get` alone, which would give up: if the first process fails, the watch ends this one.
        while not self._store.check([name]):
            time.sleep(0.1)
        return json.loads(self._store.get(name))

    def leave(self) -> None:
        """The run is done: go, the first process after the others, as their store may be here."""
        self._stop_watching()
        heartbeat = self._heartbeat
        if heartbeat is None:
            return
        heartbeat.leave()
        wait_until(lambda: heartbeat.has_spoken, HEARING)
        if self.is_first:
            wait_until(lambda: all(peer.has_left for peer in heartbeat.peers), HEARING)
        heartbeat.stop()

    # -- failures ---------------------------------------------------------------------------------

    def fail(self, error: BaseException) -> None:
        """Tell the others that this process fails, and wait until they have heard it."""
        heartbeat = self._heartbeat
        # Contexts lie within each other: the inner one has told it already.
        if heartbeat is None or self._has_failed:
            return
        self._has_failed = True
        self._stop_watching()
        _end_for_sure()
        heartbeat.fail(_word(error))
        wait_until(lambda: heartbeat.has_ended or _all_know(heartbeat), HEARING)

    def cause_elsewhere(self, error: BaseException) -> str:
        """What happened to another process, if that is why this one fails; else "".

        Args:
            error: what was raised here.
        """
        # What torch raises of an exchange that broke is of no class of its own; errors of ours say
        # what is wrong here.
        is_ours = isinstance(error, HarmaError) or not isinstance(error, RuntimeError)
        if self._heartbeat is None or self._has_failed or is_ours:
            return ""
        self._stop_watching()
        # It takes some seconds to miss somebody.
        wait_until(lambda: bool(self._what_happened(SUSPICION)), 2 * SUSPICION)
        happened = self._what_happened(SUSPICION)
        if happened:
            _end_for_sure()
        return happened

    def _what_happened(self, patience: int) -> str:
        """What ended another process: its own word, or that it is missed; "" where all are well."""
        heartbeat = self._heartbeat
        assert heartbeat is not None
        if heartbeat.failure:
            return self._ending(heartbeat.failure)
        missed = heartbeat.missed(patience)
        if missed:
            return self._ending(
                f"{_names(missed)} ended without a word: killed, out of memory, or its machine is"
                " cut off"
            )
        late = heartbeat.late()
        if late:
            return self._ending(f"{_names(late)} did not come within {ARRIVAL} s; was it started?")
        return ""

    def _ending(self, what: str) -> str:
        return (
            f"{what}. This process ({self.name}) ends with it; a run that had begun is continued"
            " by `harma train --resume` on all machines"
        )

    def _stop_watching(self) -> None:
        """From here on this process is on its way out, and speaks for itself."""
        with self._lock:
            self._is_leaving = True

    def _watch(self, heartbeat: Heartbeat) -> None:
        """Look every second whether another process has ended, and end this one then.

        In a thread: the main one may be in an exchange that never returns and that nothing
        interrupts.
        """
        while not heartbeat.has_ended or not self._is_leaving:
            for peer in heartbeat.peers:
                peer.silence += 1
            happened = self._what_happened(SILENCE)
            with self._lock:
                if happened and not self._is_leaving:
                    _end(happened, heartbeat)
            time.sleep(1)


@contextmanager
def in_company() -> Iterator[Company]:
    """Within this context a failure is told to the other processes of the run, and theirs here.

    Contexts may follow each other and lie within each other; the company is left with `leave`.

    Raises:
        TrainingError: another process has ended; the message says which, and why.
    """
    company = _present()
    try:
        company.join(launcher())
        yield company
    except Exception as error:
        happened = company.cause_elsewhere(error)
        if happened:
            raise TrainingError(happened) from error
        company.fail(error)
        raise
    except KeyboardInterrupt as error:
        company.fail(error)
        raise


def _present() -> Company:
    """The company of this process, a new one after the last was left."""
    if not _COMPANIES or _COMPANIES[-1].is_over:
        _COMPANIES.append(Company(len(_COMPANIES)))
    return _COMPANIES[-1]


def _word(error: BaseException) -> str:
    """What the others are told of an error, after this process's name."""
    if isinstance(error, KeyboardInterrupt):
        return "was interrupted"
    if isinstance(error, HarmaError):
        return f"failed: {error}"
    if isinstance(error, OSError) and error.filename:
        return f"failed: {error.strerror}: {error.filename}"
    return f"failed: {type(error).__name__}: {first_line(error)}"


def _names(peers: list[Peer]) -> str:
    return ", ".join(map(str, peers))


def _all_know(heartbeat: Heartbeat) -> bool:
    """Whether all others that still live know of a failure."""
    return all(
        peer.has_heard or peer.has_left or peer.silence > SUSPICION for peer in heartbeat.peers
    )


def _end(happened: str, heartbeat: Heartbeat) -> None:
    """Say why, and end this process."""
    # A progress bar hides the cursor of a terminal.
    Console(stderr=True).show_cursor(True)
    log.error("%s", happened)
    # Only now: who started the other one may end this process too as soon as that one has gone.
    heartbeat.hear()
    wait_until(lambda: heartbeat.has_spoken, 2)
    os._exit(FAILED)


def _end_for_sure() -> None:
    """End this process after a while, if it does not end by itself: libraries wait at the exit."""
    timer = threading.Timer(LAST_RESORT, os._exit, [FAILED])
    timer.daemon = True
    timer.start()
