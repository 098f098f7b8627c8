"""The lock of a directory: one process writes it, others are told so."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from harma.errors import BusyError
from harma.ground.outputs import check_output_directory

LOCK_FILE = ".lock"


@contextmanager
def locked(directory: Path, doing: str) -> Iterator[None]:
    """Keep others from writing a directory for the length of the block.

    The directory is made if it is not there. The lock is the system's: it goes with the process
    that holds it, however that one ends, and the file `.lock` that stays behind holds nothing.

    Args:
        directory: that is written.
        doing: what the other process would be doing, such as "training in".

    Raises:
        BusyError: another process, or another part of this one, holds the lock.
        ConfigError: it is a file or an address.
        StorageError: it cannot be written to.
    """
    check_output_directory(directory)
    directory.mkdir(parents=True, exist_ok=True)
    # No waiting: who starts a second training by mistake wants to hear of it at once.
    lock = FileLock(directory / LOCK_FILE)
    try:
        lock.acquire(timeout=0)
    except Timeout as error:
        raise BusyError(
            f"another process is {doing} {directory}; wait for it, or stop it"
        ) from error
    try:
        yield
    finally:
        lock.release()
