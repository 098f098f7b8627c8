"""Index directories: files damaged, cut, gone and swapped, settings odd; then all their uses."""

import random
import shutil
from pathlib import Path

import numpy as np
from tests.fuzz.damage import damaged
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.json_damage import damaged_json
from tests.fuzz.judging import judge_error
from tests.fuzz.made_indexes import built, vectors
from tests.fuzz.made_models import models, put
from tests.fuzz.odd_places import odd_place
from tests.fuzz.told import judge_commands

from harma.errors import HarmaError
from harma.index.ask import Vector
from harma.index.index import Index
from harma.serve.served import ServedIndex


def make(chance: random.Random, folder: Path) -> str:
    """Damage a file of an index; which index."""
    kind = chance.choice(("built", "vectors"))
    source = built() if kind == "built" else vectors()
    shutil.copytree(source / "index", folder / "subject")
    files = sorted(path for path in (folder / "subject").rglob("*") if path.is_file())
    files = [path for path in files if path.name != ".lock"]
    file = chance.choice(files)
    if chance.random() < 0.35:
        # What every use reads first.
        file = chance.choice([path for path in files if path.suffix == ".json"])
    if chance.random() < 0.2:
        odd_place(chance, file, files)
    elif file.suffix == ".json":
        put(file, damaged_json(chance, file.read_bytes()))
    else:
        content = file.read_bytes()
        # What says how the rest is to be read stands at the end of Lance's files.
        turned = damaged(chance, content[::-1])[::-1] if chance.random() < 0.5 else content
        put(file, turned if turned != content else damaged(chance, content))
    return kind


def judge(folder: Path, kind: str) -> Verdict | None:
    """Look at it, search, verify, export, add to it, keep it up, serve it."""
    subject = str(folder / "subject")
    names = [str(folder)]
    commands = [
        ["index", "info", subject],
        ["index", "info", subject, "--json"],
        ["index", "verify", subject],
        ["index", "export", subject, str(folder / "chips.parquet")],
    ]
    if kind == "built":
        scenes = str(built() / "scenes")
        commands += [
            ["search", subject, "a field", "-k", "3"],
            ["search", subject, "a field", "--where", "gsd > 1", "--format", "json"],
            ["search", subject, "a field", "--exact", "--output", str(folder / "hits.geojson")],
            ["index", "add", subject, scenes, "--num-workers", "0"],
        ]
    commands += [
        ["index", "remove", subject, "*scene1*" if kind == "built" else "*0001*"],
        ["index", "optimize", subject, "--no-model"],
    ]
    verdict = judge_commands(commands[:-2], names)
    if verdict is not None and not verdict.passes:
        return verdict
    try:
        _serve(folder / "subject", kind)
    except HarmaError as error:
        verdict = verdict or judge_error(error, [])
    if verdict is not None and not verdict.passes:
        return verdict
    return judge_commands(commands[-2:], [*names, "no source"]) or verdict


def _serve(place: Path, kind: str) -> None:
    """Search by a vector, and load it as a server does."""
    index = Index.open(place)
    vector = np.random.default_rng(1).standard_normal(16).astype(np.float32)
    list(index.search(like=[Vector(vector)], k=5))
    list(index.search(like=[Vector(vector)], k=5, date=(None, "2015"), exact=True))
    if kind == "built":
        ServedIndex("a", place, None).warm_up()


def start() -> None:
    """Make what is damaged."""
    models()
    built()
    vectors()


EDGE = Edge("indexes", make, judge, each=10, start=start, share=5)
