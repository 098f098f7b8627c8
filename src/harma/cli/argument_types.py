"""Numbers of command lines, with their limits."""

import argparse


def positive(text: str) -> int:
    """A whole number from 1."""
    return _number(text, 1)


def count(text: str) -> int:
    """A whole number from 0."""
    return _number(text, 0)


def _number(text: str, least: int) -> int:
    if not text.lstrip("+-").isdecimal() or int(text) < least:
        raise argparse.ArgumentTypeError(
            f"{text!r} is not allowed; give a whole number from {least}"
        )
    return int(text)
