"""Checks of what people write and of how much: names, notes, marks, a search as JSON.

A stranger may have written it, and others will see it, in pages, files and spreadsheets.
"""

import json
import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any

from harma.errors import QueryError
from harma.index.ask_json import asked_of, said
from harma.searches.records import MARKS, Mark

NAME_LENGTH = 200
NOTE_LENGTH = 2000
# Of ids of chips, which are 24 characters where HarMA made them; imported ones may be longer.
CHIP_LENGTH = 500
# Bytes of a search as JSON: 200 pictures as vectors of 512 numbers.
ASKED_BYTES = 1_500_000
# Saved searches of one index, drafts too.
MOST_SEARCHES = 10_000
# Marks of one saved search.
MOST_MARKS = 100_000
# Marks that one request sets; a file may hold more.
MARKS_AT_ONCE = 10_000
# What a note may hold of what has no shape.
LINES = "\n\t"


def check_name(name: str) -> str:
    """The name of a saved search, without space around it.

    Raises:
        QueryError: it is empty, too long, or holds control characters.
    """
    name = name.strip()
    if not name:
        raise QueryError("a saved search needs a name; say in a few words what it finds")
    return check_text("the name", name, NAME_LENGTH)


def check_text(what: str, text: str, most: int, *, allowed: str = "") -> str:
    """A text that others can be shown.

    Args:
        what: it is, for messages.
        text: as it was written.
        most: characters.
        allowed: control characters that it may hold.

    Raises:
        QueryError: it is no text, too long, or holds control characters.
    """
    if not isinstance(text, str):
        raise QueryError(f"{what} is {text!r}; it must be a text")
    if len(text) > most:
        raise QueryError(f"{what} has {len(text):,} characters; at most {most:,} are kept")
    odd = [sign for sign in text if sign not in allowed and _is_odd(sign)]
    if odd:
        raise QueryError(f"{what} holds the control character {odd[0]!a}; leave it out")
    return text


def check_mark(mark: Mark) -> None:
    """Check what a person says of a chip.

    Raises:
        QueryError: it is no mark, or its chip or note cannot be kept.
    """
    if mark.mark not in MARKS:
        raise QueryError(f"{mark.mark!r} is no mark; say one of {', '.join(MARKS)}")
    check_chip(mark.chip)
    check_text("a note", mark.note, NOTE_LENGTH, allowed=LINES)
    check_who(mark.who)


def check_chip(chip: str) -> None:
    """Check the id of a chip, which need not be there.

    Raises:
        QueryError: it is too long, or holds control characters.
    """
    check_text("the id of a chip", chip, CHIP_LENGTH)


def check_who(who: str) -> None:
    """Check the name of a person.

    Raises:
        QueryError: it is too long, or holds control characters.
    """
    check_text("the name of a person", who, NAME_LENGTH)


def check_asked(asked: Mapping[str, Any]) -> dict[str, Any]:
    """A search that can be kept, as JSON; what says nothing is left out.

    Raises:
        QueryError: it is not usable, holds an uploaded picture, or is too long.
    """
    given = said(asked)
    # Names of sources depend on the index: whoever keeps a search has looked them up.
    asked_of(given, named=lambda source: source)
    if given.get("offset"):
        raise QueryError("offset says which page is shown; a saved search has none")
    _check_size(given)
    for part in _texts_in(given):
        if any(_is_odd(sign) and sign not in LINES for sign in part):
            raise QueryError(f"the search holds {part[:100]!a}, with a control character in it")
    return given


def _check_size(given: Mapping[str, Any]) -> None:
    try:
        num_bytes = len(json.dumps(given, allow_nan=False))
    except (TypeError, ValueError, RecursionError) as error:
        raise QueryError(f"the search cannot be kept: {error}") from error
    if num_bytes > ASKED_BYTES:
        raise QueryError(
            f"the search takes {num_bytes:,} bytes as JSON; at most {ASKED_BYTES:,} are kept."
            " Simplify its polygon, or give fewer examples"
        )


def _texts_in(value: Any) -> Iterator[str]:
    """All texts of JSON, names too."""
    stack = [value]
    while stack:
        part = stack.pop()
        if isinstance(part, str):
            yield part
        elif isinstance(part, Mapping):
            stack += [*part.keys(), *part.values()]
        elif isinstance(part, list | tuple):
            stack += part


def _is_odd(sign: str) -> bool:
    """Whether a sign is a control character, half of one, or turns the direction of writing."""
    return unicodedata.category(sign) in ("Cc", "Cs") or "\u202a" <= sign <= "\u202e"
