"""Command lines: names, numbers, dates, areas, conditions and texts that are odd, of every verb."""

import json
import os
import random
import shutil
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.judging import command, judge_answer
from tests.fuzz.made_indexes import built
from tests.fuzz.made_models import made_once, models, runs
from tests.fuzz.meant_filters import Row, meant_filter, rows_of
from tests.fuzz.odd_arguments import CommandLine, Verb, verbs
from tests.fuzz.odd_recipe_flags import odd_recipe_flags

# Verbs that are tried more often than others, as people use them more, or as they take more.
OFTEN = {"search": 14, "index build": 2, "index import": 2, "data scenes": 0.3, "export": 0.4,
         "explain": 0.4, "import": 0.7, "index reembed": 0.5, "evaluate": 2}  # fmt: skip
# Verbs that change the index, or what lies beside it.
CHANGING = ("index", "searches", "watch")


@dataclass
class Made:
    """A command line.

    Attributes:
        arguments: of it.
        found: ids of chips that a search must find, and those that it must not; None where
            nothing is known of what is found.
    """

    arguments: list[str]
    found: tuple[set[str], set[str]] | None = None


def make(chance: random.Random, folder: Path) -> Made:
    """A search whose conditions are known, a recipe with odd flags, or a verb with odd values."""
    kind = chance.choices(("search", "train", "verb"), (3, 1, 12))[0]
    if kind == "train":
        return Made(odd_recipe_flags(chance, runs() / "harma.json", folder / "run"))
    if kind == "search":
        return _search(chance)
    every = verbs()
    verb = chance.choices(every, [OFTEN.get(verb.name, 1) for verb in every])[0]
    lay_out(folder, verb)
    return Made(CommandLine(chance, verb, good(folder)).odd())


def _search(chance: random.Random) -> Made:
    rows = known_rows()
    meant = meant_filter(chance, rows)
    told = {row["id"]: meant.meaning(row) for row in rows}
    arguments = ["search", str(built() / "index"), "a field", "-k", "100", "--keep-overlapping"]
    arguments += [*meant.flags, "--format", "json"]
    must = {chip for chip, is_meant in told.items() if is_meant}
    must_not = {chip for chip, is_meant in told.items() if is_meant is False}
    return Made(arguments, (must, must_not))


def known_rows() -> list[Row]:
    """Chips of the index that is searched."""
    return rows_of(made_once("export", _export) / "chips.parquet")


def _export(folder: Path) -> None:
    done = command(["index", "export", str(built() / "index"), str(folder / "chips.parquet")])
    assert done.status == 0, done.err


def lay_out(folder: Path, verb: Verb) -> None:
    """What good values name."""
    if verb.words[0] in CHANGING:
        shutil.copytree(built() / "index", folder / "index")
    (folder / "captions.txt").write_text("a red roof\na green field\n")
    (folder / "asked.json").write_text('{"text": "a roof"}')
    (folder / "queries.csv").write_text("query,source,relevance\na field,*scene0*,1\n")


def good(folder: Path):
    """Good values of arguments, by name."""
    model = str(models() / "plain")
    picture = str(models() / "picture.png")
    data = str(runs() / "data" / "data.yaml")
    index = folder / "index"
    values = {
        "directory": str(index), "directories": str(index), "others": str(index), "text": "a field",
        "sources": str(built() / "scenes"), "images": picture, "image": picture, "model": model,
        "captions": str(folder / "captions.txt"), "classes": "roof,field", "data": data,
        "what": model, "runs": str(runs() / "lora"), "queries": str(folder / "queries.csv"),
        "asked": str(folder / "asked.json"), "output": str(folder / "out.json"), "old": "/a",
        "new": "/b", "file": str(folder / "chips.parquet"), "search": "0123456789abcdef",
        "checkpoint": str(models() / "released.pth"), "size": "32", "num_workers": "0",
        "architecture": str(models() / "architecture.json"), "k": "5", "train": "1", "val": "1",
        "test": "1", "to": "csv", "by": "source", "shard": "a=*", "format": "json", "grid": "3",
        "root": str(runs() / "data"), "since": "2019", "until": "2021", "near": "9,45",
        "radius_km": "5", "bbox": "8,44,10,46", "where": "gsd > 1",
    }  # fmt: skip
    special = {
        "index build": {"directory": str(folder / "new"), "model": model},
        "index add": {"model": None},
        "index remove": {"sources": "*scene0*"},
        "index import": {"file": str(made_once("export", _export) / "chips.parquet"),
                         "directory": str(folder / "new")},
        "index split": {"output": str(folder / "shards")},
        "index merge": {"output": str(folder / "merged")},
        "search": {"directory": str(built() / "index"), "format": None},
        "evaluate": {"what": str(built() / "index"), "images": None, "data": None},
        "info": {"directory": model},
        "embed": {"output": str(folder / "out.npy"), "captions": None},
        "explain": {"output": str(folder / "out.png")},
        "export": {"format": "released", "output": str(folder / "out.pth"),
                   "what": str(models() / "adapter"), "captions": None},
        "data scenes": {"directory": str(folder / "drawn"), "captions": "1"},
        "data vocabulary": {"data": data, "text": None},
        "searches export": {"output": str(folder / "marks.csv")},
        "searches import": {"file": str(folder / "queries.csv")},
        "data check": {"images": None}, "data stats": {"images": None},
        "data split": {"images": None, "output": str(folder / "parts")},
        "data convert": {"images": None, "output": str(folder / "converted")},
        "data audit": {"images": None, "output": str(folder / "audited")},
        "recipes": {"name": "rsitmd_geo"}, "backbones": {"architecture": "ViT-B-32"},
    }  # fmt: skip

    def value(verb: Verb, name: str) -> str | None:
        own = special.get(verb.name, {})
        return own[name] if name in own else values.get(name)

    return value


def judge(folder: Path, made: Made) -> Verdict | None:
    """Give it, where what it writes without a folder's name stays in its own."""
    before = Path.cwd()
    os.chdir(folder)
    try:
        answer = command(made.arguments)
    finally:
        os.chdir(before)
    verdict = judge_answer(answer, words_of(made.arguments))
    if verdict is None and "Traceback (most" in answer.err:
        verdict = Verdict("traceback", "logged", answer.err[-8000:])
    if verdict is None and made.found is not None:
        verdict = _compared(answer.out, *made.found)
    if verdict is not None:
        verdict.detail = f"harma {made.arguments!r}"[:2000] + f"\n{verdict.detail}"
    return verdict


def words_of(arguments: list[str]) -> list[str]:
    """Of what was given, an error has to name something."""
    words = [word.lstrip("-").partition("=")[0] for word in arguments]
    words += [word.partition("=")[2] for word in arguments]
    words += [*arguments, *(word.removeprefix("file://") for word in arguments)]
    words += ["arguments are required", "the first argument"]
    # Values are quoted as Python shows them, and cut.
    shown = [repr(word)[1:-1] for word in words]
    every = (*words, *map(repr, arguments), *shown, *map(str.strip, words), *flags())
    return [word[:30] for word in every if word]


@cache
def flags() -> tuple[str, ...]:
    """All options of all verbs: what is missing cannot be named by what was given."""
    every = [action.option_strings for verb in verbs() for action in verb.actions]
    return tuple(flag for names in every for flag in names if flag.startswith("--"))


def _compared(out: str, must: set[str], must_not: set[str]) -> Verdict | None:
    found = {hit["id"] for hit in json.loads(out)}
    if must - found:
        return Verdict(
            "silent", "chips that fulfil the conditions are not found", repr(must - found)
        )
    if found & must_not:
        return Verdict("wrong", "chips are found that do not fulfil the conditions", out[:2000])
    return None


def start() -> None:
    """Make what commands are given."""
    models()
    runs()
    built()
    made_once("export", _export)


EDGE = Edge("commands", make, judge, share=14, each=60, start=start)
