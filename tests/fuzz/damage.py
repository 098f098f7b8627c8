"""Damage: bytes changed, cut, doubled and swapped, numbers at the ends of their range."""

import random

# Numbers that break what nobody counted with.
EDGES = (
    0, 1, -1, 2, 127, 128, 255, 256, 32767, 32768, 65535, 65536, 2**31 - 1, 2**31, 2**32 - 1, 2**32,
    2**53, 2**63 - 1, 2**63, 2**64, 10**18, 10**30, -(2**31), -(2**63),
)  # fmt: skip
FLOATS = (0.0, -0.0, 1e-320, 1e-30, 1e30, 1e308, float("inf"), float("-inf"), float("nan"), -1.0)


def damaged(chance: random.Random, data: bytes, *, head: int = 512) -> bytes:
    """Bytes with some damage, more often in their first `head`.

    Args:
        chance: decides.
        data: whole.
        head: bytes of what counts as the header.
    """
    changed = bytearray(data)
    for _ in range(chance.choice((1, 1, 2, 3, 5, 8, 20))):
        if not changed:
            break
        _damage(chance, changed, head)
    return bytes(changed)


def _damage(chance: random.Random, data: bytearray, head: int) -> None:
    span = len(data)
    if chance.random() < 0.75:
        span = min(head, span)
    at = chance.randrange(span)
    kind = chance.choices(
        ("byte", "bit", "number", "cut", "drop", "double", "zero"), (8, 6, 5, 1, 1, 1, 1)
    )[0]
    if kind == "byte":
        data[at] = chance.randrange(256)
    elif kind == "bit":
        data[at] ^= 1 << chance.randrange(8)
    elif kind == "number":
        size = chance.choice((1, 2, 4, 8))
        value = chance.choice(EDGES) & (2 ** (8 * size) - 1)
        data[at : at + size] = value.to_bytes(size, chance.choice(("little", "big")))
    elif kind == "cut":
        del data[chance.randrange(len(data)) :]
    elif kind == "drop":
        del data[at : at + chance.randrange(1, 9)]
    elif kind == "double":
        data[at:at] = data[at : at + chance.randrange(1, 65)]
    else:
        length = chance.randrange(1, 33)
        data[at : at + length] = bytes(len(data[at : at + length]))
