"""The first line of an error, cut to a length: the reason that our messages quote from a library's.

Libraries raise errors of many lines (a traceback of C++, a list of every option) and errors without
a word. A message of ours has room for one line.
"""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from harma.errors import HarmaError

# Most characters of a reason; longer ones say little more.
REASON_LENGTH = 200
# Of this process's memory, which says nothing to anybody.
KINDS = {
    bool: "true or false",
    str: "text",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a mapping",
}
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,}")
# How libraries talk to their own programmers: of their classes, arguments and source files.
OF_PROGRAMMERS = re.compile(
    r"\b[A-Za-z_.]*(?:Error|Exception|Warning)\b|object has no attribute|unexpected keyword"
    r"|keyword argument"
    r"|positional argument|<class '|<built-in|not subscriptable|NoneType"
    r"|unsupported operand|not supported between"
    r"|object is not|cannot be interpreted|\bmust be \w+, not \w+|unhashable|indices must be"
    r"|0x[0-9a-f]{6}|\.rs:\d|/rustc/|panicked|__\w+__|\binvalid literal for|\bcould not convert\b"
)


def first_line(error: BaseException, *, length: int = REASON_LENGTH) -> str:
    """The first line of what an error says.

    Args:
        error: what a library raised.
        length: most characters.

    Returns:
        The line; the name of the error's class where it says nothing.
    """
    lines = str(error).strip().splitlines()
    if not lines:
        return type(error).__name__
    return _ADDRESS.sub("…", lines[0]).rstrip()[:length].rstrip()


def kind_of(value: object) -> str:
    """What a value of JSON or YAML is, in words: "a list", "nothing"."""
    if value is None:
        return "nothing"
    for kind, word in KINDS.items():
        if isinstance(value, kind):
            return word
    return type(value).__name__


@contextmanager
def about_file(path: str | os.PathLike[str]) -> Iterator[None]:
    """Names a file in errors of ours that do not say yet which one they are about.

    Args:
        path: of the file.
    """
    try:
        yield
    except HarmaError as error:
        name = os.fspath(path)
        # As messages quote it, too: what is not printable is written out.
        is_named = name in error.problem or repr(name)[1:-1] in error.problem
        if error.source or is_named:
            raise
        raise type(error)(error.problem, source=name) from error


def plain_reason(error: BaseException, otherwise: str, *, length: int = REASON_LENGTH) -> str:
    """The first line of what a library's error says, if it is for people.

    Args:
        error: what a library raised.
        otherwise: the reason where it speaks of its own classes and arguments, or says nothing.
        length: most characters.
    """
    line = first_line(error, length=length)
    if line == type(error).__name__ or OF_PROGRAMMERS.search(line):
        return otherwise
    return line


def sendable(text: str) -> str:
    """A text that can be sent: what no UTF-8 can say, such as bytes of a name, is written out."""
    return text.encode("utf-8", "backslashreplace").decode()


def in_one_line(error: BaseException, *, length: int = REASON_LENGTH) -> str:
    """All that an error says, its lines joined: for libraries that begin with an empty phrase.

    Args:
        error: what a library raised.
        length: most characters.

    Returns:
        The line; the name of the error's class where it says nothing.
    """
    words = str(error).split()
    if not words:
        return type(error).__name__
    return " ".join(words)[:length].rstrip()
