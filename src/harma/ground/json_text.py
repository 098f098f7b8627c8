"""JSON from outside: parsed within limits of bytes and depth, every key once, texts that are texts.

Python's own parser goes on where a file is odd: of two values of one key it keeps the last, half a
surrogate pair becomes a text that nothing can write, and thousands of lists in one another end in
an error about recursion, there or in whatever reads the values later.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from harma.errors import DataError, HarmaError
from harma.ground.limits import MAX_DEPTH, MAX_JSON_BYTES
from harma.ground.messages import first_line

# Half of a pair, as JSON can write it: `\ud83d` without its second half.
MAY_BE_HALF = re.compile(r"\\u[dD][89a-fA-F]")
HALF = re.compile("[\ud800-\udfff]")
# Digits of a whole number: more have no use, and Python refuses to read thousands of them.
MOST_DIGITS = 400


class _NotPlainError(ValueError):
    """What JSON can say, and is not taken."""


def parse_json(
    text: str | bytes,
    *,
    source: str = "",
    error: type[HarmaError] = DataError,
    is_read_on: bool = False,
) -> Any:
    """The values of a JSON text.

    Args:
        text: as it was read; bytes are UTF-8, with or without a mark of their order.
        source: file or address that it is from, for messages.
        error: raised where it cannot be taken.
        is_read_on: whether keys that are given twice are taken as JSON's own parser takes them.

    Raises:
        HarmaError: of the kind `error`: it is no JSON, too large, too deep, gives a key twice, or
            holds what is no text.
    """
    _check_size(text, source, error)
    try:
        if isinstance(text, bytes):
            text = text.decode("utf-8-sig")
        values = json.loads(
            text,
            parse_int=_whole_number,
            object_pairs_hook=None if is_read_on else _each_key_once,
        )
    except _NotPlainError as problem:
        raise error(str(problem), source=source) from problem
    except UnicodeDecodeError as problem:
        raise error(
            f"it is no text in UTF-8 (byte {problem.start:,} is none); save it as UTF-8",
            source=source,
        ) from problem
    except RecursionError as problem:
        raise error(_too_deep(), source=source) from problem
    except ValueError as problem:
        raise error(f"is not JSON ({first_line(problem)})", source=source) from problem
    _check_depth(values, text, source, error)
    if MAY_BE_HALF.search(text) and any(map(HALF.search, _texts(values))):
        raise error(
            "a text in it holds half of a pair of surrogates, which no file can hold; write the"
            " character itself",
            source=source,
        )
    return values


def _check_size(text: str | bytes, source: str, error: type[HarmaError]) -> None:
    if MAX_JSON_BYTES.is_over(len(text)):
        raise error(f"it holds {len(text):,} bytes of JSON; {MAX_JSON_BYTES.said}", source=source)


def _check_depth(values: object, text: str, source: str, error: type[HarmaError]) -> None:
    """Raise where lists and objects lie deeper in one another than what reads them can go."""
    # Most texts have too few of them to be deep.
    if not MAX_DEPTH.is_over(text.count("[") + text.count("{")):
        return
    depth = 0
    level = _holders([values])
    while level:
        depth += 1
        if MAX_DEPTH.is_over(depth):
            raise error(_too_deep(), source=source)
        level = _holders(item for holder in level for item in _items(holder))


def _holders(values: Iterable[object]) -> list[object]:
    return [value for value in values if isinstance(value, dict | list)]


def _too_deep() -> str:
    return f"lists and objects lie deeper in one another than is read; {MAX_DEPTH.said}"


def _items(holder: object) -> Iterator[Any]:
    if isinstance(holder, dict):
        yield from holder.values()
    elif isinstance(holder, list):
        yield from holder


def _texts(values: object) -> Iterator[str]:
    """All texts of values, keys among them; the values are not deep."""
    if isinstance(values, str):
        yield values
    if isinstance(values, dict):
        yield from values
    for item in _items(values):
        yield from _texts(item)


def _each_key_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values = dict(pairs)
    if len(values) == len(pairs):
        return values
    seen: set[str] = set()
    for key, _ in pairs:
        if key in seen:
            raise _NotPlainError(f"the key {key[:100]!r} is given twice; leave one of them out")
        seen.add(key)
    return values


def _whole_number(digits: str) -> int:
    if len(digits) > MOST_DIGITS:
        raise _NotPlainError(
            f"a whole number in it has {len(digits):,} digits; at most {MOST_DIGITS} are read"
        )
    return int(digits)
