"""Origins of errors: which package raised one, and whether the machine is at its end, not the file.

What is wrong with a file is listed, and the work goes on with the others. A bug of ours, or a
process that may open no further file, is wrong with none of them.
"""

import errno
import os
from collections.abc import Iterator, Sequence

# The machine's, not the file's: what is read next would fail as well.
OF_MACHINE = (errno.EMFILE, errno.ENFILE, errno.ENOMEM)


def is_of_machine(error: BaseException) -> bool:
    """Whether an error is of the machine, such as too many open files, or came of one that is."""
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, OSError) and one.errno in OF_MACHINE:
            return True
        # GDAL says it in words.
        if any(os.strerror(number) in str(one) for number in OF_MACHINE):
            return True
        one = one.__cause__
    return False


def was_raised_in(error: BaseException, package: str) -> bool:
    """Whether the innermost code of Python that an error was raised in is of a package."""
    packages = list(_packages(error))
    return bool(packages) and packages[-1] == package


def passed_through(error: BaseException, packages: Sequence[str]) -> bool:
    """Whether an error came out of one of some packages."""
    return any(package in packages for package in _packages(error))


def _packages(error: BaseException) -> Iterator[str]:
    """The packages of the code that an error came through, the innermost last."""
    place = error.__traceback__
    while place is not None:
        name = place.tb_frame.f_globals.get("__name__", "")
        yield str(name).partition(".")[0]
        place = place.tb_next
