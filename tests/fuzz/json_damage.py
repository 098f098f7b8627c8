"""Damage to JSON: odd values, keys that are missing or given twice, depth, encodings."""

import json
import random
from collections.abc import Iterator
from typing import Any

from tests.fuzz.damage import damaged

# What nobody counted with, of every kind.
ODD = (
    None, True, False, 0, -1, 1, -0.0, 0.5, 1e308, 10**21, 2**63, 2**31, -(2**63), 10**400,
    float("nan"), float("inf"), float("-inf"), "", "aaa", "²", "1e999", "\x00", "a\nb", "\ud800",
    "\u202e", "\x1b[2J", "../../../../etc/passwd", "/etc/passwd", "http://127.0.0.1:9/x",
    "os.system", [], {}, [[]], {"a": 1}, [1, 2, 3], "x" * 1_000_000, list(range(2000)), 1.0, "1",
    "nan", [None], {"": None},
)  # fmt: skip
SIZES = (-1, 0, 1, 2, 3, 7, 1000, 10**6, 10**9, 10**12)
WHOLE = (b"", b"null", b"[]", b"{}", b"1", b'"x"', b"NaN", b"1e999", b"\xff\xfe", b"9" * 5000)
# A value that is replaced by lists in one another.
DEEP = "@deep@"


def damaged_json(chance: random.Random, text: bytes) -> bytes:
    """A JSON text with some damage."""
    kind = chance.choices(
        ("bytes", "nested", "twice", "whole", "coding", "values"), (2, 1, 1, 1, 1, 14)
    )
    if kind[0] == "bytes":
        return damaged(chance, text)
    if kind[0] == "nested":
        opening = chance.choice((b"[", b'{"a":', b'[[{"a":['))
        return opening * chance.choice((50, 150, 990, 5000, 100_000))
    if kind[0] == "whole":
        return chance.choice(WHOLE)
    if kind[0] == "coding":
        plain = text.decode()
        return chance.choice(
            (plain.encode("utf-16"), b"\xef\xbb\xbf" + text, text + b"\x00", text + b"\xff")
        )
    values = json.loads(text)
    if kind[0] == "twice" and isinstance(values, dict) and values:
        key = json.dumps(chance.choice(list(values)))
        other = chance.choice(("1", "null", "{}", '"x"'))
        return f"{text.decode().rstrip()[:-1]}, {key}: {other}}}".encode()
    for _ in range(chance.choice((1, 1, 1, 2, 4))):
        change_value(chance, values)
    return as_text(values, chance.choice((60, 150, 900, 3000)), plain=chance.random() < 0.5)


def as_text(values: Any, depth: int, *, plain: bool) -> bytes:
    """Values as JSON, also those that JSON cannot say, `DEEP` as lists in one another."""
    text = json.dumps(_writable(values), ensure_ascii=plain)
    text = text.replace(f'"{DEEP}"', "[" * depth + "]" * depth)
    for number in (10**400, -(10**400)):
        text = text.replace(f'"@{number < 0}@"', f"{'-' * (number < 0)}1{'0' * 400}")
    return text.encode("utf-8", "surrogatepass")


def _writable(values: Any) -> Any:
    # Python refuses to write whole numbers of thousands of digits, and we want them.
    if isinstance(values, dict):
        return {key: _writable(value) for key, value in values.items()}
    if isinstance(values, list):
        return [_writable(value) for value in values]
    if isinstance(values, int) and abs(values) >= 10**400:
        return f"@{values < 0}@"
    return values


def change_value(chance: random.Random, values: Any) -> None:
    """Change, add or drop one value, wherever it lies."""
    places = [place for place in _places(values, ()) if place]
    if not places:
        return
    *way, last = chance.choice(places)
    holder = values
    for step in way:
        holder = holder[step]
    kind = chance.choices(("drop", "add", "deep", "size", "odd"), (1, 1, 1, 3, 6))[0]
    is_number = isinstance(holder[last], int | float) and not isinstance(holder[last], bool)
    if kind == "drop":
        del holder[last]
    elif kind == "add" and isinstance(holder, dict):
        name = chance.choice(("aaa", "", "\x00", "__class__", f"{last}2"))
        holder[name] = chance.choice(ODD)
    elif kind == "deep":
        holder[last] = DEEP
    elif kind == "size" and is_number:
        # Whole numbers that no float holds have no half beside them.
        half = holder[last] + (0.5 if abs(holder[last]) < 2**53 else 1)
        holder[last] = chance.choice((*SIZES, -holder[last], holder[last] * 2, half))
    else:
        holder[last] = chance.choice(ODD)


def _places(values: Any, above: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    yield above
    if isinstance(values, dict):
        for key, value in values.items():
            yield from _places(value, (*above, key))
    elif isinstance(values, list):
        for number, value in enumerate(values[:20]):
            yield from _places(value, (*above, number))
