"""Values that no annotation, recipe or description should hold, and structures with one of them."""

import copy
import random
from typing import Any

TEXTS = (
    "", " ", "a", "\0", "\u202e", "\ud800", "é" * 50, "x" * 5000, "x" * 100_000, "../../etc/passwd",
    "/etc/passwd", "a/b.png", "image_0.png", "null", "true", "NaN", "1e999", "${HOME}", "{{x}}",
    "%s%n", "<b>x</b>", "=cmd()", "a\nb", "a,b", '"', "'", "\\", "ſ", "１", "²", "\u2028", "~", ".",
    "train", "os.system", "builtins.exec", "harma", "auto", "-1", "2015-09-26", "12:30:45",
)  # fmt: skip
NUMBERS = (
    0, 1, -1, 2, 1.5, -0.0, 1e308, 1e-320, float("inf"), float("-inf"), float("nan"), 2**31, 2**63,
    2**64, 10**21, 10**300, 10**4000, True, False,
)  # fmt: skip
DEEP = 300


def odd_value(chance: random.Random) -> Any:
    """A value of any kind."""
    kind = chance.choice(
        ("text", "text", "number", "number", "none", "list", "dict", "deep", "long")
    )
    if kind == "text":
        return chance.choice(TEXTS)
    if kind == "number":
        return chance.choice(NUMBERS)
    if kind == "list":
        return [
            chance.choice((*TEXTS[:20], *NUMBERS, None, [])) for _ in range(chance.randrange(4))
        ]
    if kind == "dict":
        return {
            chance.choice(TEXTS[:12]): chance.choice(NUMBERS) for _ in range(chance.randrange(3))
        }
    if kind == "deep":
        value: Any = 1
        for _ in range(chance.choice((5, 90, DEEP, 950, 3000))):
            value = [value] if chance.random() < 0.5 else {"a": value}
        return value
    if kind == "long":
        return [chance.choice(("x", 1, None))] * chance.choice((10, 1000, 30_000))
    return None


def with_odd_value(chance: random.Random, values: Any) -> Any:
    """A structure with a value changed, left out, added or doubled somewhere in it."""
    try:
        changed = copy.deepcopy(values)
    except RecursionError:
        # Deeper than Python copies: it is odd enough.
        return values
    place = changed
    while True:
        if isinstance(place, dict) and place:
            key = chance.choice(list(place))
        elif isinstance(place, list) and place:
            key = chance.randrange(len(place))
        else:
            return odd_value(chance)
        inner = place[key]
        if isinstance(inner, dict | list) and inner and chance.random() < 0.75:
            place = inner
            continue
        _change(chance, place, key)
        return changed


def _change(chance: random.Random, place: Any, key: Any) -> None:
    what = chance.choice(("value", "value", "value", "drop", "add", "rename", "empty"))
    if what == "drop":
        del place[key]
    elif what == "empty":
        place[key] = type(place[key])() if place[key] is not None else []
    elif isinstance(place, list) and what in ("add", "rename"):
        place.insert(key, copy.deepcopy(place[key]) if what == "rename" else odd_value(chance))
    elif what == "add":
        place[chance.choice(TEXTS)] = odd_value(chance)
    elif what == "rename":
        place[chance.choice(TEXTS)] = place.pop(key)
    else:
        place[key] = odd_value(chance)
