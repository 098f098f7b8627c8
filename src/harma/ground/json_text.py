"""JSON from outside: bounded in bytes and depth, and of a key that is given twice nothing is lost.

Python's own reader keeps the last value of a key without a word, and gives up a thousand lists deep
wherever in the program that happens.
"""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from harma.errors import DataError, HarmaError
from harma.ground.limits import MAX_DEPTH, MAX_JSON_BYTES
from harma.ground.messages import first_line

# Of what is left when all but quotes and brackets is gone.
STRING = re.compile(rb'"[^"]*"?')
BRACKETS = bytes.maketrans(b"{}", b"[]")
NO_BRACKETS = bytes(sorted(set(range(256)) - set(b'"[]{}')))
# Half of a pair, as JSON can write it: `\\ud83d` without its second half.
MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
HALF = re.compile("[\ud800-\udfff]")
# Digits of a whole number: more have no use, and Python refuses to read thousands of them.
MOST_DIGITS = 400
LONG_NUMBER = re.compile(rf"\d{{{MOST_DIGITS + 1}}}")


def parse_json(text: str | bytes, *, source: str = "", error: type[HarmaError] = DataError) -> Any:
    """What a JSON text holds.

    Args:
        text: bytes are UTF-8, with or without a byte order mark.
        source: file or address that it is from, for messages.
        error: the kind of error that is raised.

    Raises:
        HarmaError: of that kind: it is no JSON, has a key twice in one object, is too long or
            nested too deep, or holds a number or text that nothing can take.
    """
    try:
        return _parsed(text)
    except DataError as problem:
        raise error(problem.problem, source=source) from problem


def _parsed(text: str | bytes) -> Any:
    if MAX_JSON_BYTES.is_over(len(text)):
        raise DataError(f"it has {len(text):,} bytes of JSON; {MAX_JSON_BYTES.said}")
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        content = json.loads(text, object_pairs_hook=_unique, parse_int=_reads_whole_numbers(text))
    except RecursionError as error:
        raise DataError(_TOO_DEEP.format(MAX_DEPTH.said)) from error
    except UnicodeDecodeError as error:
        raise DataError(f"it is not UTF-8 text ({error.reason} at byte {error.start})") from error
    except DataError:
        raise
    except ValueError as error:
        raise DataError(f"it is not JSON ({first_line(error)})") from error
    if _is_deep(text):
        raise DataError(_TOO_DEEP.format(MAX_DEPTH.said))
    if MAY_BE_HALF.search(text):
        _check_texts(content)
    return content


def _check_texts(content: Any) -> None:
    if any(map(HALF.search, _texts(content))):
        raise DataError(
            "a text in it holds half of a pair of surrogates, which no file can hold; write the"
            " character itself"
        )


_TOO_DEEP = (
    "it is not JSON that is read here: its lists and objects lie too deep in one another; {}"
)


def _reads_whole_numbers(text: str) -> Callable[[str], int]:
    # Python's own where nothing is so long: a call for each number takes time.
    return _whole_number if LONG_NUMBER.search(text) else int


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise DataError(
            f"a whole number in it has {len(digits):,} digits; at most {MOST_DIGITS} are read"
        )
    return int(digits)


def _texts(content: Any) -> Iterator[str]:
    """All texts of what is not deep, keys among them."""
    if isinstance(content, str):
        yield content
    elif isinstance(content, dict):
        yield from content
        yield from _texts(list(content.values()))
    elif isinstance(content, list):
        for value in content:
            yield from _texts(value)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object whose keys are each given once."""
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    names = [name for name, _ in pairs]
    twice = next(name for name in found if names.count(name) > 1)
    raise DataError(f"it gives {twice[:100]!r} twice in one object; keep one of the two")


def _is_deep(text: str) -> bool:
    """Whether lists and objects of JSON lie deeper in one another than is read.

    Whole texts are turned over at once, as data sets are of hundreds of megabytes.
    """
    # Pairs of backslashes first: what stands behind one is not escaped.
    data = text.encode("utf-8", "surrogatepass").replace(b"\\\\", b"").replace(b'\\"', b"")
    # Two quotes that come together are a text without brackets, or two texts that become one.
    data = data.translate(BRACKETS, NO_BRACKETS).replace(b'""', b"")
    data = STRING.sub(b"", data)
    depth = 0
    # Each time the innermost ones go.
    while data:
        depth += 1
        if MAX_DEPTH.is_over(depth):
            return True
        data = data.replace(b"[]", b"")
    return False
