"""What a damaged table raises, told as one error of ours: which index, why, what to do.

Lance's own messages name places in its source, and where something in it panics it raises what no
caller expects.
"""

import inspect
import os
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any

import pyarrow as pa

from harma.errors import DataError, HarmaError
from harma.ground.messages import OF_PROGRAMMERS, first_line
from harma.index.contract import READ_ERRORS

# Where in its source Lance made an error, and what it writes around the reason.
PLACES = re.compile(
    r",?\s*(?:/\S+|[A-Za-z]:\\\S+)\.rs:\d+(?::\d+)?|^(?:(?:lance error|LanceError\(\w+\)): )+"
)
DAMAGED = "a file of its tables is damaged or missing"
# Of LanceDB's bindings, where a part of it has panicked; they have no common class.
PANICS = ("RustPanic", "PanicException")
# Beside READ_ERRORS: columns and types that are not there any more.
RAISED = (*READ_ERRORS, LookupError, pa.ArrowException)


class UnreadableError(DataError):
    """The tables of an index cannot be read; the cause is what the store raised."""


class DamagedOutlineError(DataError):
    """An outline that an index holds is no geometry any more."""


def is_of_store(error: BaseException) -> bool:
    """Whether an error says that a store cannot be read; others are bugs of ours."""
    if isinstance(error, HarmaError):
        return False
    return isinstance(error, RAISED) or type(error).__name__ in PANICS


def reason_of_store(error: BaseException) -> str:
    """Why a store cannot be read, in a line for people."""
    line = PLACES.sub("", first_line(error, length=1000))
    if OF_PROGRAMMERS.search(line) or line == type(error).__name__:
        return DAMAGED
    return first_line(ValueError(line))


def check_are_files(folder: Path) -> None:
    """Check that nothing in a folder of tables is a pipe or device, or a link to one.

    Lance would wait for ever for the other end of a pipe.

    Raises:
        DataError: something is.
    """
    if not folder.is_dir():
        return
    with os.scandir(folder) as entries:
        for entry in entries:
            try:
                is_folder, is_file = entry.is_dir(), entry.is_file()
            except OSError as error:
                raise DataError(
                    f"{entry.path} leads nowhere ({error.strerror}); the index is damaged: build"
                    " it again"
                ) from error
            if is_folder:
                check_are_files(Path(entry.path))
            elif not is_file and Path(entry.path).exists():
                raise DataError(
                    f"{entry.path} is a pipe or device, and no file; the index is damaged: build"
                    " it again"
                )


@contextmanager
def told_as(tell: Callable[[BaseException], HarmaError]) -> Iterator[None]:
    """What a store raises in the block becomes an error of ours, of which it is the cause.

    Args:
        tell: gives our error.
    """
    try:
        yield
    except BaseException as error:
        if is_of_store(error):
            raise tell(error) from error
        raise


def telling(*names: str) -> Callable[[type[Any]], type[Any]]:
    """A decorator of a store: these methods and properties raise `UnreadableError`.

    Args:
        names: of what reads; the class has `_unreadable(error)`, which gives the error.
    """

    def decorated(store: type[Any]) -> type[Any]:
        for name in names:
            setattr(store, name, _told(vars(store)[name]))
        return store

    return decorated


def _told(reads: Any) -> Any:
    if isinstance(reads, property):
        assert reads.fget is not None
        return property(_told(reads.fget), doc=reads.__doc__)
    if inspect.isgeneratorfunction(reads):
        return _told_of_blocks(reads)

    @wraps(reads)
    def told(self: Any, *args: Any, **kwargs: Any) -> Any:
        with told_as(self._unreadable):
            return reads(self, *args, **kwargs)

    return told


def _told_of_blocks(reads: Any) -> Any:
    @wraps(reads)
    def told(self: Any, *args: Any, **kwargs: Any) -> Iterator[Any]:
        blocks = reads(self, *args, **kwargs)
        while True:
            # What is done with a block meanwhile is nothing of the store's.
            try:
                block = next(blocks)
            except StopIteration:
                return
            except BaseException as error:
                if is_of_store(error):
                    raise self._unreadable(error) from error
                raise
            yield block

    return told
