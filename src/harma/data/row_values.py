"""Values in rows of annotation files: what is text, a name, a class, and words for what is not."""

import json
from collections.abc import Callable
from typing import TypeGuard

# A row of JSON, before anything is known of its values.
Entry = dict[str, object]

# Far above any number of classes; keeps a stray number from making a huge table of names.
MAX_LABEL = 99_999
LONGEST_SHOWN = 60


def is_text(value: object) -> TypeGuard[str]:
    """Text that can be encoded.

    JSON can hold halves of surrogate pairs, which tokenizers cannot read.
    """
    if not isinstance(value, str):
        return False
    try:
        return value.isascii() or bool(value.encode("utf-8"))
    except UnicodeEncodeError:
        return False


def is_name(value: object) -> TypeGuard[str]:
    """Text that may be the path of a file."""
    return is_text(value) and bool(value.strip()) and "\0" not in value


def is_count(value: object) -> TypeGuard[int]:
    """A whole number; true and false are none, though Python takes them for 1 and 0."""
    return isinstance(value, int) and not isinstance(value, bool)


def is_class(value: object) -> TypeGuard[int]:
    """A number that a class may have."""
    return is_count(value) and 0 <= value <= MAX_LABEL


def wrong_value(
    entry: Entry,
    key: str,
    good: Callable[[object], bool],
    needed: str,
    *,
    optional: bool = False,
) -> str | None:
    """What is wrong with a value of a row, or None.

    Args:
        entry: the row.
        key: whose value it is.
        good: says of a value whether it can be used.
        needed: what it must be, in words.
        optional: null, or no such key, is fine.
    """
    if entry.get(key) is None and optional:
        return None
    if key not in entry:
        return f"{key} is missing; it must be {needed}"
    if good(entry[key]):
        return None
    return f"{key} is {shown_value(entry[key])}; it must be {needed}"


def wrong_classes(entry: Entry) -> list[str | None]:
    """What is wrong with the id and the class of a row; both may be missing."""
    return [
        wrong_value(
            entry, "image_id", is_count, "a whole number, one for each image", optional=True
        ),
        wrong_value(
            entry, "label", is_class, f"a whole number from 0 to {MAX_LABEL}", optional=True
        ),
        wrong_value(entry, "label_name", is_text, "text", optional=True),
    ]


def shown_value(value: object) -> str:
    """A value in a message: as JSON writes it, objects in words, and not too long."""
    if isinstance(value, dict):
        keys = [str(key)[:LONGEST_SHOWN] for key in list(value)[:5]]
        return f"an object with {', '.join(keys) or 'nothing'}"
    text = json.dumps(value)
    if len(text) <= LONGEST_SHOWN:
        return text
    return f"{text[: LONGEST_SHOWN - 3]}..."
