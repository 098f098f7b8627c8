"""The heartbeat of a run's processes: each says once a second that it lives, in a store they share.

The store is torch's own (`TCPStore`), at the address by which the processes find each other anyway.
One thread talks to it, so that nothing else waits when the network does.
"""

import json
import logging
import socket
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

from lightning_fabric.plugins.environments import ClusterEnvironment, TorchElasticEnvironment

from harma.errors import TrainingError
from harma.ground.messages import first_line

if TYPE_CHECKING:
    from torch.distributed.distributed_c10d import Store

log = logging.getLogger(__name__)

# Seconds between two beats.
BEAT = 1.0
# Seconds that processes wait for each other at the very start: one may import more slowly.
ARRIVAL = 300


@dataclass
class Peer:
    """Another process of the run, as this one knows it.

    Attributes:
        rank: its number.
        host: its machine; "" until it has come.
        beat: the last that was heard.
        silence: looks at it since then; whoever looks counts them.
        has_heard: whether it knows of the failure.
        has_left: whether it is done.
    """

    rank: int
    host: str = ""
    beat: bytes = b""
    silence: int = 0
    has_heard: bool = False
    has_left: bool = False

    def __str__(self) -> str:
        return name_of(self.rank, self.host)


class Heartbeat:
    """Beats for this process and listens to the others, in a thread of its own.

    Args:
        store: that all processes reach.
        rank: of this process.
        size: number of processes.

    Attributes:
        peers: the other processes.
        failure: what another process said of its end; "" while none has.
        lost: why the store is not reached any more; "" while it is.
    """

    def __init__(self, store: "Store", rank: int, size: int) -> None:
        self.rank = rank
        self.peers = [Peer(i) for i in range(size) if i != rank]
        self.failure = ""
        self.lost = ""
        self._store = store
        self._beats = 0
        # What is to be said, by key; set by others, said by the thread.
        self._words: dict[str, str] = {self._key("host"): socket.gethostname()}
        self._ended = threading.Event()
        self._wake = threading.Event()
        threading.Thread(target=self._run, name="heartbeat", daemon=True).start()

    def fail(self, word: str) -> None:
        """Tell the others what has become of this process; the first to fail in a run counts.

        Args:
            word: follows the process's name: "failed: …".
        """
        self._say("failure", json.dumps({"rank": self.rank, "word": word}))

    def hear(self) -> None:
        """Tell the one that failed that it was heard here."""
        self._say(self._key("heard"), "yes")

    def leave(self) -> None:
        """Tell the others that this process is done."""
        self._say(self._key("left"), "yes")

    @property
    def has_spoken(self) -> bool:
        """Whether all that was to be said is said, or nobody is there to say it to."""
        return bool(self.lost) or not self._words

    @property
    def has_ended(self) -> bool:
        """Whether it beats no more."""
        return bool(self.lost) or self._ended.is_set()

    def missed(self, patience: int) -> list[Peer]:
        """Who was there and is not heard any more.

        Args:
            patience: looks in which nothing may be heard.
        """
        present = [peer for peer in self.peers if not peer.has_left]
        if self.lost:
            # The store lies beside the first process.
            first = [peer for peer in present if peer.rank == 0]
            return first or present
        return [peer for peer in present if peer.host and peer.silence > patience]

    def late(self) -> list[Peer]:
        """Who has not come in time."""
        return [peer for peer in self.peers if not peer.host and peer.silence > ARRIVAL]

    def stop(self) -> None:
        """Beat no more."""
        self._ended.set()
        self._wake.set()

    def _say(self, key: str, word: str) -> None:
        self._words[key] = word
        self._wake.set()

    def _key(self, name: str, rank: int | None = None) -> str:
        return f"{name}/{self.rank if rank is None else rank}"

    def _run(self) -> None:
        """Say and listen until it is stopped."""
        try:
            while not self._ended.is_set():
                self._speak()
                self._listen()
                # Whatever is to be said meanwhile is said at once.
                self._wake.wait(BEAT)
                self._wake.clear()
        # What torch raises of a connection that broke.
        except (RuntimeError, OSError) as error:
            log.debug("the store of the run's processes is not reached", exc_info=True)
            self.lost = first_line(error)

    def _speak(self) -> None:
        for key, word in list(self._words.items()):
            # Nothing is overwritten: of two failures at once the first is the one that is told.
            self._store.compare_set(key, "", word)
            del self._words[key]
        self._beats += 1
        self._store.set(self._key("beat"), str(self._beats))

    def _listen(self) -> None:
        for peer in self.peers:
            beat = self._read(self._key("beat", peer.rank))
            if beat != peer.beat:
                peer.beat = beat
                peer.silence = 0
            if not peer.host:
                peer.host = self._read(self._key("host", peer.rank)).decode()
            peer.has_left = peer.has_left or bool(self._read(self._key("left", peer.rank)))
            peer.has_heard = peer.has_heard or bool(self._read(self._key("heard", peer.rank)))
        self._listen_for_failure()

    def _listen_for_failure(self) -> None:
        failure = self._read("failure")
        if self.failure or not failure:
            return
        told = json.loads(failure)
        for peer in self.peers:
            if peer.rank == told["rank"]:
                self.failure = f"{peer} {told['word']}"

    def _read(self, key: str) -> bytes:
        """A value, b"" where there is none; asking for one that is not there would wait for it."""
        if not self._store.check([key]):
            return b""
        return self._store.get(key)


def name_of(rank: int, host: str) -> str:
    """How a process is named in messages."""
    return f"rank {rank} on {host}" if host else f"rank {rank}"


def connect(environment: ClusterEnvironment, generation: str) -> "Store":
    """The store at the address by which a run's processes find each other.

    Args:
        environment: who started them: torchrun, Slurm or Fabric.
        generation: keeps runs of the same processes apart.

    Raises:
        TrainingError: the first process is not reached.
    """
    # Not every torch can have several processes.
    from torch.distributed import PrefixStore, TCPStore  # type: ignore[attr-defined]

    address = environment.main_address
    port = environment.main_port
    rank = environment.global_rank()
    # The first process of a machine that torchrun is on finds torchrun's own store there. Elsewhere
    # it opens one, which torch shares with the process group that is made at the same address.
    is_host = rank == 0 and not isinstance(environment, TorchElasticEnvironment)
    try:
        store = TCPStore(
            address,
            port,
            is_master=is_host,
            timeout=timedelta(seconds=ARRIVAL),
            wait_for_workers=False,
            multi_tenant=is_host,
        )
    except RuntimeError as error:
        raise TrainingError(
            f"{name_of(rank, socket.gethostname())} does not reach the first process of the run at"
            f" {address}:{port} ({first_line(error)}); see that it was started, and that this"
            " machine reaches that port"
        ) from error
    return PrefixStore(f"harma/{generation}", store)


def wait_until(condition: Callable[[], bool], seconds: float) -> bool:
    """Wait for something, at most so long; whether it came."""
    waiting = threading.Event()
    for _ in range(int(seconds / 0.1)):
        if condition():
            return True
        waiting.wait(0.1)
    return condition()
