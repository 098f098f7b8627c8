"""The first line of an error, cut to a length: the reason that our messages quote from a library's.

Libraries raise errors of many lines (a traceback of C++, a list of every option) and errors without
a word. A message of ours has room for one line.
"""

import re

# Most characters of a reason; longer ones say little more.
REASON_LENGTH = 200
# Of this process's memory, which says nothing to anybody.
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{5,}")


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
