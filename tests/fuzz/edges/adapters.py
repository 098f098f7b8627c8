"""Adapter, model, run and export directories: one file of them damaged, or something else there."""

import random
from pathlib import Path

from tests.fuzz.damage import damaged
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.json_damage import damaged_json
from tests.fuzz.made_models import copied, exports, models, put, runs
from tests.fuzz.odd_places import odd_place
from tests.fuzz.told import judge_commands
from tests.fuzz.weight_damage import damaged_safetensors

KINDS = ("adapter", "adapter", "model", "harma", "lora", "onnx", "openvino")
# Files that no command reads.
UNREAD = (".lock", "README.md")


def make(chance: random.Random, folder: Path) -> str:
    """Damage a file of a directory of some kind; the kind."""
    kind = chance.choice(KINDS)
    source = {"harma": runs, "lora": runs, "onnx": exports, "openvino": exports}.get(kind, models)()
    copied(source / kind, folder / "subject")
    files = sorted(path for path in (folder / "subject").rglob("*") if path.is_file())
    files = [path for path in files if path.name not in UNREAD]
    file = chance.choice(files)
    if chance.random() < 0.12:
        odd_place(chance, file, files)
        return kind
    content = file.read_bytes()
    ways = {".json": damaged_json, ".safetensors": damaged_safetensors}
    put(file, ways.get(file.suffix, damaged)(chance, content))
    return kind


def judge(folder: Path, kind: str) -> Verdict | None:
    """Look at it, embed with it, and what else its kind is for."""
    subject = str(folder / "subject")
    picture = str(models() / "picture.png")
    captions = str(models() / "captions.txt")
    commands = [
        ["info", subject],
        ["info", subject, "--json"],
        ["embed", subject, "--images", picture, "--output", str(folder / "e.npy")],
        ["caption", subject, picture, "--captions", captions],
    ]
    if kind == "lora":
        commands.append(["merge", subject, "--output", str(folder / "merged")])
    if kind in ("harma", "lora"):
        commands.append(["evaluate", subject, "--output", str(folder / "evaluated")])
        commands.append(["train", "--resume", subject])
    return judge_commands(commands, [str(folder)])


def start() -> None:
    """Make what is damaged."""
    runs()
    exports()


EDGE = Edge("adapters", make, judge, each=8, start=start, share=5)
