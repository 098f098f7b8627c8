"""Argument types of the command line: whole numbers with their limits, lists of numbers."""

import argparse


def positive(text: str) -> int:
    """A whole number from 1."""
    return _number(text, 1)


def count(text: str) -> int:
    """A whole number from 0."""
    return _number(text, 0)


def floats(text: str) -> tuple[float, ...]:
    """Numbers between commas."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not a list of numbers such as 4.9,52.4"
        ) from error


def _number(text: str, least: int) -> int:
    if not text.lstrip("+-").isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed; give a whole number from {least}"
        )
    return int(text)
