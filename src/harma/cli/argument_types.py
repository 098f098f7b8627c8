"""Argument types of the command line: numbers with their limits, files and folders to write."""

import argparse
from collections.abc import Callable
from pathlib import Path

from harma.errors import HarmaError
from harma.ground.outputs import check_no_address, check_output_directory, check_output_file
from harma.ground.storage.addresses import address_of, in_bucket
from harma.ground.storage.home import Home, home_of

# Processes or threads: each takes memory, and more than these help nobody.
MOST_WORKERS = 1024
MOST_DIGITS = 18


def positive(text: str) -> int:
    """A whole number from 1."""
    return _number(text, 1)


def count(text: str) -> int:
    """A whole number from 0."""
    return _number(text, 0)


def worker_count(text: str) -> int:
    """A number of processes or threads, from 0 to `MOST_WORKERS`."""
    return _number(text, 0, MOST_WORKERS)


def floats(text: str) -> tuple[float, ...]:
    """Numbers between commas."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers such as 4.9,52.4"
        ) from error


def output_file(text: str) -> Path:
    """A file that can be written; looked at before any work."""
    return _checked_place(text, check_output_file)


def output_directory(text: str) -> Path:
    """A directory that is there or can be made; looked at before any work."""
    return _checked_place(text, check_output_directory)


def output_place(text: str) -> Path:
    """A file or directory, as another option says; the verb looks at it before any work."""
    if in_bucket(text):
        # A `Path` keeps one slash of several: an address without a bucket would seem to have one.
        return _checked_place(text, address_of)
    return Path(text)


def local_directory(text: str) -> Path:
    """A directory of this machine, no address; the verb says what it needs of it."""
    return _checked_place(text, check_no_address)


def given_name(text: str) -> str:
    """What names something, such as a model, a data set or a folder."""
    _check_named(text)
    return text


def thread_count(text: str) -> int:
    """A number of processes or threads, from 1 to `MOST_WORKERS`."""
    return _number(text, 1, MOST_WORKERS)


def index_home(text: str) -> Home:
    """Where an index is, a directory of this machine or s3://, gs://, az://."""
    _check_named(text)
    try:
        return home_of(text)
    except HarmaError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def local_file(text: str) -> Path:
    """A file of this machine, no address; the verb says what it needs of it."""
    return _checked_place(text, check_no_address)


def _checked_place(text: str, check: Callable[[str], object]) -> Path:
    _check_named(text)
    # argparse would put words of its own in place of those of an error it does not know.
    try:
        check(text)
    except HarmaError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return Path(text)


def _check_named(text: str) -> None:
    """Check that a place has a name: an empty one would be taken for the folder one is in."""
    if not text.strip():
        raise argparse.ArgumentTypeError(
            f"{text!r} is no name; is a variable of the shell not set?"
        )


def _number(text: str, least: int, most: int | None = None) -> int:
    allowed = f"from {least}"
    if most is not None:
        allowed = f"from {least} to {most:,}"
    # No number of so many digits is of use here, and Python refuses to read thousands.
    is_number = len(text) <= MOST_DIGITS and text.lstrip("+-").isdecimal()
    if not is_number or int(text) < least or (most is not None and int(text) > most):
        raise argparse.ArgumentTypeError(f"{text!r} is not allowed; give a whole number {allowed}")
    return int(text)
