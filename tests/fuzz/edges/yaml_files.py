"""Recipes, descriptions of data sets and plans of comparisons in YAML."""

import datetime
import time
from pathlib import Path

import yaml
from tests.fuzz.damage import damaged
from tests.fuzz.edge import Edge, Verdict
from tests.fuzz.odd_values import with_odd_value

from harma.comparison.plan import read_plan, shipped_comparisons
from harma.data.description import load_description, shipped_descriptions
from harma.ground.reading import read_yaml
from harma.training.recipe_files import read_recipe, shipped_recipes

KINDS = {
    "recipe": shipped_recipes,
    "description": shipped_descriptions,
    "plan": shipped_comparisons,
}
# Longer than this a file of a megabyte should not take, on a machine that does other things too.
SECONDS = 10.0


def make(chance, folder):
    kind = chance.choice(tuple(KINDS))
    shipped: Path = chance.choice(list(KINDS[kind]().values()))
    text = shipped.read_text(encoding="utf-8")
    how = chance.choices(tuple(WAYS), (10, 5, 2, 1, 2, 2, 2, 2, 1))[0]
    data = WAYS[how](chance, text)
    if isinstance(data, str):
        data = data.encode("utf-8", "surrogatepass")
    (folder / "file.yaml").write_bytes(data)
    return kind


def _key(chance, text: str) -> str:
    return chance.choice(("x", *yaml.safe_load(text)))


def _odd(chance, text: str) -> str:
    values = yaml.safe_load(text)
    for _ in range(chance.choice((1, 1, 2, 3))):
        values = with_odd_value(chance, values)
    return _yaml(values)


def _bytes(chance, text: str) -> bytes:
    data = text.encode()
    return damaged(chance, data, head=len(data))


def _laughs(chance, text: str) -> str:
    lines = [f"l0: &l0 {chance.choice(('[x, x]', '{a: 1, b: 2}', 'x'))}"]
    depth = chance.choice((5, 12, 30))
    for i in range(1, depth):
        lines.append(f"l{i}: &l{i} [" + ", ".join([f"*l{i - 1}"] * chance.choice((2, 9))) + "]")
    return "\n".join(lines) + f"\n{_key(chance, text)}: *l{depth - 1}\n" + text


def _merges(chance, text: str) -> str:
    lines = ["m0: &m0 {a: 1}"]
    for i in range(1, chance.choice((5, 25))):
        lines.append(f"m{i}: &m{i} {{<<: [*m{i - 1}, *m{i - 1}], k{i}: 1}}")
    return "\n".join(lines) + "\n" + text


def _huge(chance, text: str) -> str:
    values = (
        "x" * 2_000_000,
        "9" * 900_000,
        "1:" * 300_000 + "1",
        "[" + "a," * 400_000 + "]",
        "- " * 300,
    )
    return f"{_key(chance, text)}: {chance.choice(values)}\n" + text


def _deep(chance, text: str) -> str:
    count = chance.choice((50, 99, 101, 500, 20_000))
    values = ("[" * count + "]" * count, "{a: " * count + "1" + "}" * count, "? " * count + "a")
    return f"{_key(chance, text)}: {chance.choice(values)}\n"


def _tags(chance, text: str) -> str:
    return f"{_key(chance, text)}: {chance.choice(TAGS)}\n{text}"


def _texts(chance, text: str) -> str:
    return chance.choice(
        (
            *("", "\n", "---\n---\n", "- a\n", "a", "null", "\ufeff" + text, "\t" + text),
            text.replace("\n", "\r"),
            "%YAML 9.9\n---\n" + text,
        )
    )


TAGS = (
    "!!python/object/apply:os.system ['touch x']", "!!binary =", "!!timestamp 9999-99-99",
    "!!set {a, b}", "!!float x", "!!int ''", "!x y", "&a [*a]", "*nobody", "2015-09-26", "1_0:1",
    "0x_", "!!omap [a: 1]", "!!pairs [a: 1, a: 2]", "!!int 9:9:9", "=", "<<", ".inf", "-.inf",
)  # fmt: skip
WAYS = {
    "odd": _odd,
    "bytes": _bytes,
    "laughs": _laughs,
    "merges": _merges,
    "huge": _huge,
    "deep": _deep,
    "twice": lambda _, text: text + "\n" + text,
    "tags": _tags,
    "text": _texts,
}


def _yaml(values) -> str:
    try:
        return yaml.safe_dump(values, sort_keys=False, allow_unicode=True)
    except (RecursionError, ValueError, yaml.YAMLError):
        return "a: [" * 50


def judge(folder, made):
    path = folder / "file.yaml"
    begun = time.monotonic()
    cpu = time.process_time()
    try:
        if made == "recipe":
            read_recipe([str(path)], prog="harma train", description="", examples="")
        elif made == "plan":
            read_plan(path)
        else:
            wrong = _wrong(load_description(path), path)
            if wrong:
                return Verdict("wrong", wrong)
    finally:
        taken = time.process_time() - cpu
    if taken > SECONDS:
        return Verdict("hang", f"{time.monotonic() - begun:.0f} s for a file of YAML")
    return None


def _wrong(described, path) -> str:
    """What a description says otherwise than its file."""
    # A key that is given twice would have been refused.
    read = read_yaml(path, "it")
    theirs = yaml.safe_load(path.read_text(encoding="utf-8"))
    if read != theirs and not isinstance(theirs, datetime.date):
        return "other values than PyYAML reads"
    for key, value in theirs.items():
        own = getattr(described, key)
        if own != value and own not in ((value,), tuple(value)):
            return f"another {key} than the file says"
    return ""


def names(folder, made):
    return ["file.yaml"]


EDGE = Edge("yaml_files", make, judge, names, each=60, share=8)
