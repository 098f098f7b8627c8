"""Tags of TIFF files, one by one: found in the bytes, and changed in type, count or value."""

import random
import struct

from tests.fuzz.damage import EDGES, FLOATS

SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 6: 1, 7: 1, 8: 2, 9: 4, 10: 8, 11: 4, 12: 8, 16: 8}


def entries(data: bytes) -> list[int]:
    """Where the entries of the directories of a little-endian classic TIFF begin."""
    if data[:4] != b"II*\0":
        return []
    found: list[int] = []
    at = struct.unpack_from("<I", data, 4)[0]
    while at and at + 2 <= len(data) and len(found) < 500:
        count = struct.unpack_from("<H", data, at)[0]
        found += range(at + 2, at + 2 + 12 * count, 12)
        if at + 6 + 12 * count > len(data):
            break
        at = struct.unpack_from("<I", data, at + 2 + 12 * count)[0]
    return [place for place in found if place + 12 <= len(data)]


def with_odd_tag(chance: random.Random, data: bytes) -> bytes:
    """A TIFF of which one tag says something else."""
    changed = bytearray(data)
    places = entries(data)
    if not places:
        return data
    at = chance.choice(places)
    kind, count, value = struct.unpack_from("<HII", data, at + 2)
    what = chance.choice(("value", "value", "value", "count", "type", "tag", "far"))
    if what == "tag":
        struct.pack_into(
            "<H",
            changed,
            at,
            chance.choice((256, 257, 258, 262, 277, 322, 33550, 34264, 34735, 42112, 42113, 50844)),
        )
    elif what == "type":
        struct.pack_into("<H", changed, at + 2, chance.choice((*SIZES, 0, 99)))
    elif what == "count":
        struct.pack_into("<I", changed, at + 4, chance.choice(EDGES) & 0xFFFFFFFF)
    elif what == "value" or SIZES.get(kind, 1) * count <= 4:
        _set_value(chance, changed, at + 8, kind)
    else:
        # What the entry points to: doubles of the place, texts, offsets.
        index = chance.randrange(max(1, min(count, 64)))
        place = value + index * SIZES.get(kind, 1)
        if place + 8 <= len(changed):
            _set_value(chance, changed, place, kind)
    return bytes(changed)


def _set_value(chance: random.Random, data: bytearray, at: int, kind: int) -> None:
    if kind == 12 and at + 8 <= len(data):
        struct.pack_into("<d", data, at, chance.choice(FLOATS))
    elif kind in (3, 8):
        struct.pack_into("<H", data, at, chance.choice(EDGES) & 0xFFFF)
    else:
        struct.pack_into("<I", data, at, chance.choice(EDGES) & 0xFFFFFFFF)
