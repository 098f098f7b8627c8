"""Damage to weight files: headers of safetensors, containers and pickles of torch.save."""

import io
import os
import pickle
import random
import struct
import zipfile
from typing import Any

import torch
from tests.fuzz.damage import damaged
from tests.fuzz.json_damage import damaged_json

# What no weight may become by being read: each would leave a mark.
CALLS = (
    (os.system, ("touch {mark}",)),
    (eval, ("open('{mark}', 'w')",)),
    (open, ("{mark}", "w")),
    (os.mkdir, ("{mark}",)),
)


class Bomb:
    """Does something when it is unpickled."""

    def __init__(self, chance: random.Random, mark: str) -> None:
        call, args = chance.choice(CALLS)
        self._reduced = (call, tuple(arg.format(mark=mark) for arg in args))

    def __reduce__(self) -> Any:
        return self._reduced


def damaged_safetensors(chance: random.Random, data: bytes) -> bytes:
    """A safetensors file with a damaged length, header or content."""
    kind = chance.choices(("bytes", "length", "header"), (1, 1, 3))[0]
    length = struct.unpack("<Q", data[:8])[0]
    if kind == "bytes":
        return damaged(chance, data)
    if kind == "length":
        other = chance.choice((0, 1, length - 1, length + 1, 2**63, 2**64 - 1, 10**9, len(data)))
        return struct.pack("<Q", other) + data[8:]
    header = damaged_json(chance, data[8 : 8 + length])
    return struct.pack("<Q", len(header)) + header + data[8 + length :]


def damaged_pickle(chance: random.Random, data: bytes, mark: str) -> bytes:
    """A file of torch.save with damage, or what is called one and is not."""
    kind = chance.choices(
        ("bytes", "nested", "bomb", "pickle", "member", "object", "state"), (3, 2, 2, 3, 2, 3, 3)
    )[0]
    if kind == "bytes":
        return damaged(chance, data)
    if kind == "nested":
        return _nested(chance)
    if kind == "bomb":
        bomb = Bomb(chance, mark)
        return chance.choice(
            (
                lambda: saved({"model": bomb, "config": {}}),
                lambda: saved(bomb),
                lambda: pickle.dumps(bomb),
            )
        )()
    if kind == "object":
        return saved(_odd_object(chance))
    if kind == "state":
        return saved(_odd_state(chance, torch.load(io.BytesIO(data), weights_only=True)))
    members = unpacked(data)
    name = chance.choice(list(members))
    if kind == "pickle":
        name = next(member for member in members if member.endswith("data.pkl"))
        members[name] = damaged(chance, members[name])
    elif chance.random() < 0.5:
        del members[name]
    else:
        members[name] = members[name][: chance.randrange(len(members[name]) + 1)]
    return packed(members, chance.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)))


def saved(content: Any) -> bytes:
    """What torch.save writes."""
    file = io.BytesIO()
    torch.save(content, file)
    return file.getvalue()


def unpacked(data: bytes) -> dict[str, bytes]:
    """The members of an archive."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def packed(members: dict[str, bytes], compression: int = zipfile.ZIP_STORED) -> bytes:
    """An archive of members."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def _nested(chance: random.Random) -> bytes:
    number = chance.choice((100, 1000, 5000, 50_000))
    body = chance.choice(
        (
            b"\x80\x02)" + b"\x85" * number + b".",
            b"\x80\x02" + b"]" * number + b"a" * (number - 1) + b".",
            b"\x80\x02" + b"}K\x01" * number + b"N" + b"s" * number + b".",
            b"\x80\x02" + b"(" * number + b"t" * number + b".",
            # A text that says to be of exabytes.
            b"\x80\x04\x8e" + struct.pack("<Q", 2**62) + b"abc.",
        )
    )
    if chance.random() < 0.3:
        return body
    return packed({"a/data.pkl": body, "a/version": b"3"})


def _odd_object(chance: random.Random) -> Any:
    zeros = torch.zeros(2)
    return chance.choice(
        (
            {}, [], None, 1, "x", {"model": 1}, {"model": {}}, {1: zeros}, {"model": {1: zeros}},
            {"a": float("nan")}, {"state_dict": {}}, zeros, [zeros], {"model": {"temp": zeros}},
            {"a": torch.zeros(2, 2).to_sparse()}, {"model": {"a": torch.zeros(2, 2).to_sparse()}},
            {"a": torch.quantize_per_tensor(zeros, 0.1, 0, torch.qint8)},
            {"a": torch.zeros(2, dtype=torch.complex64)}, {"a": torch.zeros(2, device="meta")},
            {"a": torch.zeros(0)}, {"a": torch.zeros(1).expand(10**12)},
            {"model": {"model.transformer.resblocks.99999999999999999999.x": zeros}},
            {"model": {"model.transformer.resblocks.²٣.x": zeros}},
        )
    )  # fmt: skip


def _odd_state(chance: random.Random, content: Any) -> Any:
    """What a file holds, some of its weights changed."""
    state = content
    while isinstance(state, dict) and not any(map(torch.is_tensor, state.values())):
        inner = [value for value in state.values() if isinstance(value, dict) and value]
        if not inner:
            return content
        state = inner[0]
    for _ in range(chance.choice((1, 2))):
        name = chance.choice(list(state))
        value = state[name]
        kind = chance.choice(("drop", "other", "empty", "type", "nan", "name"))
        if kind == "drop" and len(state) > 1:
            del state[name]
        elif kind == "other":
            state[name] = chance.choice((1, None, "a", [1], {}, float("nan"), 10**400))
        elif kind == "name":
            state[chance.choice((1, "zz", None))] = torch.zeros(2)
        elif torch.is_tensor(value):
            state[name] = _odd_tensor(chance, kind, value)
    return content


def _odd_tensor(chance: random.Random, kind: str, value: Any) -> Any:
    if kind == "empty":
        return value.reshape(-1)[:0]
    if kind == "nan" and value.is_floating_point():
        return torch.full_like(value, float("nan"))
    types = (torch.int64, torch.bool, torch.float16, torch.float64, torch.complex64)
    return value.to(chance.choice(types))
