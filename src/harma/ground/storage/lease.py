"""The lease of an index: one process writes it, others are told who and since when.

In a folder it is the system's file lock. In a bucket it is an object, written by a conditional put
and renewed by a thread. When its holder dies nobody renews it, and the next writer takes it over:
by a put that fails if the object is another one by then.
"""

import json
import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

from harma.errors import BusyError, StorageError
from harma.ground.lock import locked
from harma.ground.storage.addresses import Address
from harma.ground.storage.home import BucketHome, Home
from harma.ground.storage.objects import create_object, exchange_object, read_object
from harma.ground.storage.probe import check_store, is_insisted

logger = logging.getLogger(__name__)

LEASE_FILE = ".lease"
# A lease that was not renewed for so long has lapsed.
LEASE_SECONDS = 60.0
# Of that, until it is renewed.
RENEWED_AT = 0.25
# Looks at a lease that seems to have lapsed: clocks of two machines may differ.
WATCH_SECONDS = 0.5

Guard = Callable[[], None]


def unguarded() -> None:
    """Of a store that needs no lease: it only reads, or a lock of the system holds."""


@dataclass(frozen=True)
class Holding:
    """What a lease says.

    Attributes:
        token: of this lease alone; "" where nobody holds it.
        holder: process and machine.
        doing: what it does, such as "writing the index".
        since: seconds since 1970.
        renewed: the same.
        seconds: until it lapses.
    """

    token: str
    holder: str
    doing: str
    since: float
    renewed: float
    seconds: float

    def content(self) -> bytes:
        """As it is written."""
        return json.dumps(asdict(self)).encode()


@contextmanager
def writing(home: Home, doing: str) -> Iterator[Guard]:
    """Keep others from writing an index for the length of the block.

    A store in a bucket is probed first (`harma.ground.storage.probe`).

    Args:
        home: that is written; a folder is made if it is not there.
        doing: what the other process would be doing.

    Yields:
        A function that raises where the lease was lost: called before each commit.

    Raises:
        BusyError: another process writes it, or another part of this one.
        ConfigError: it is a file.
        StorageError: it cannot be written to, or the store lets a second writer through.
    """
    if not isinstance(home, BucketHome):
        with locked(home.folder, doing):
            yield unguarded
        return
    if not is_insisted(home):
        check_store(home)
    lease = _Lease(home, doing)
    lease.take()
    try:
        yield lease.check
    finally:
        lease.release()


class _Lease:
    """A lease in a bucket, held by this process.

    Args:
        home: of the index.
        doing: what is done.
    """

    def __init__(self, home: BucketHome, doing: str) -> None:
        self._home = home
        self._place = home.address.child(LEASE_FILE)
        now = time.time()
        holder = f"process {os.getpid()} on {socket.gethostname()}"
        self._mine = Holding(uuid.uuid4().hex, holder, doing, now, now, LEASE_SECONDS)
        self._etag = ""
        self._renewed = time.monotonic()
        self._is_lost = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, daemon=True, name="lease")

    def take(self) -> None:
        """Take the lease; also one that has lapsed.

        Raises:
            BusyError: another process holds it.
        """
        start = time.monotonic()
        etag = create_object(self._place, self._mine.content())
        if etag is None:
            there = self._free()
            start = time.monotonic()
            etag = exchange_object(self._place, self._renewal().content(), there)
        if etag is None:
            raise self._busy(_read(self._place)[0])
        self._etag = etag
        self._renewed = start
        self._thread.start()

    def _free(self) -> str:
        """The ETag of a lease that nobody holds any more.

        Raises:
            BusyError: somebody does.
        """
        holding, etag = _read(self._place)
        if holding is None or not holding.token:
            return etag
        if time.time() - holding.renewed < holding.seconds:
            raise self._busy(holding)
        # It seems to have lapsed, by our clock. It has, if nobody renews it now.
        logger.info("the lease of %s by %s seems to have lapsed", self._home, holding.holder)
        end = time.monotonic() + 1.5 * RENEWED_AT * holding.seconds
        while time.monotonic() < end:
            time.sleep(WATCH_SECONDS)
            holding, now = _read(self._place)
            if now != etag:
                raise self._busy(holding)
        return etag

    def check(self) -> None:
        """Check that the lease is ours still.

        Raises:
            StorageError: it is not, or may not be.
        """
        if self._is_lost:
            raise StorageError(
                f"another process has taken over the writing of {self._home}, as this one did not"
                " renew its lease in time; what was written before is kept. Give the command again"
                " when the other is done"
            )
        if time.monotonic() - self._renewed > LEASE_SECONDS:
            raise StorageError(
                f"the lease of {self._home} could not be renewed for {LEASE_SECONDS:.0f} s: the"
                " store does not answer; what was written before is kept. Give the command again"
            )

    def release(self) -> None:
        """Let others write."""
        self._ended.set()
        self._thread.join()
        if self._is_lost:
            return
        free = Holding("", "", "", 0.0, 0.0, 0.0)
        try:
            exchange_object(self._place, free.content(), self._etag)
        except (OSError, ValueError) as error:
            # It lapses by itself.
            logger.warning("the lease of %s could not be given back: %s", self._home, error)

    def _renew(self) -> None:
        """Renew the lease until it is given back, or lost."""
        while not self._ended.wait(LEASE_SECONDS * RENEWED_AT):
            start = time.monotonic()
            try:
                etag = exchange_object(self._place, self._renewal().content(), self._etag)
            except (OSError, ValueError) as error:
                # Tried again; `check` says when it is too late.
                logger.warning("the lease of %s was not renewed: %s", self._home, error)
                continue
            if etag is None:
                self._is_lost = True
                return
            self._etag = etag
            self._renewed = start

    def _renewal(self) -> Holding:
        mine = asdict(self._mine)
        return Holding(**{**mine, "renewed": time.time()})

    def _busy(self, holding: Holding | None) -> BusyError:
        if holding is None or not holding.token:
            return BusyError(
                f"another process is {self._mine.doing} {self._home}; wait for it, or stop it"
            )
        since = datetime.fromtimestamp(holding.since, UTC).strftime("%Y-%m-%d %H:%M:%S")
        left = max(0.0, holding.renewed + holding.seconds - time.time())
        return BusyError(
            f"{holding.holder} is {holding.doing} {self._home}, since {since} UTC; wait for it, or"
            f" stop it. If it is dead, its lease lapses in {left:.0f} s, and the same command goes"
            " on"
        )


def _read(place: Address) -> tuple[Holding | None, str]:
    """What a lease says, and its ETag; None where it says nothing that can be read."""
    there = read_object(place)
    if there is None:
        return None, ""
    try:
        return Holding(**json.loads(there[0])), there[1]
    except (ValueError, TypeError):
        # Nobody's: whoever wrote it does not know of leases.
        return None, there[1]
