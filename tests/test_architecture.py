"""The rules of the house: imports point downwards, outside libraries stay in their rooms."""

import ast
import re
from pathlib import Path

import harma

SOURCE = Path(harma.__file__).parent
# Lower rooms first; a room may import itself and what stands before it.
ORDER = [
    "errors",
    "files",
    "plugins",
    "drawing",
    "metrics",
    "losses",
    "adapters",
    "methods",
    "data",
    "scenes",
    "backbones",
    "embedding",
    "model",
    "card",
    "saved",
    "released",
    "fingerprint",
    "zeroshot",
    "bulk",
    "index",
    "sheets",
    "exchange",
    "evaluation",
    "training",
    "comparison",
    "recipes",
    "demo",
    "cli",
]
LATE = {("model", "released")}  # HarMA.from_released builds a model, so its body lies above


def imports():
    for path in SOURCE.rglob("*.py"):
        room = path.relative_to(SOURCE).parts[0].removesuffix(".py")
        for node in ast.walk(ast.parse(path.read_text())):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            for name in names:
                yield path, room, name


def test_imports_point_downwards():
    for path, room, name in imports():
        parts = name.split(".")
        if parts[0] != "harma" or len(parts) < 2 or room in ("__init__", "__main__"):
            continue
        target = parts[1]
        assert target in ORDER, f"{path}: {target} is no room"
        if room != target and (room, target) not in LATE:
            assert ORDER.index(target) < ORDER.index(room), (
                f"{path} imports {name}, which lies above it"
            )


def test_the_picture_of_the_house_has_every_room_in_its_place():
    picture = (SOURCE.parents[1] / "docs" / "_static" / "house.svg").read_text()
    rooms = re.findall(r'font-weight="bold">(\w+)</text><text', picture)
    assert rooms == ORDER[::-1]
    assert {
        path.stem
        for path in SOURCE.iterdir()
        if path.suffix == ".py" or (path / "__init__.py").is_file()
    } == {
        *ORDER,
        "__init__",
        "__main__",
    }


def test_outside_libraries_stay_in_their_rooms():
    homes = {
        "open_clip": {"backbones"},
        "timm": {"backbones"},
        "transformers": {"backbones"},
        "peft": {"methods"},
    }
    for path, room, name in imports():
        allowed = homes.get(name.split(".")[0])
        assert allowed is None or room in allowed, f"{path} imports {name}"
