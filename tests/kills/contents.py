"""What lies in a directory, thing by thing: chips, sources, adapters, metrics, files, rows.

Times and seconds are left out; embeddings and weights are compared with a tolerance.
"""

import csv
import hashlib
import json
import re
from pathlib import Path

import numpy as np

TOLERANCE = 3e-3
VOLATILE = re.compile(
    r"second|time|started|date$|created|command|memory|speed|per_s|_ms|threads|added|mtime"
    r"|platform|took|bytes_per|rss|finished|cpus",
    re.I,
)
LEFT_OUT = (
    *("environment.json", "report.html", "state.pt", ".lock", "search.json", "job.log"),
    *("index.html", "speed.json", ".sqlite", ".png", ".tex", ".md", ".log"),
)


class BrokenError(Exception):
    """Something cannot be read, or is there twice."""


def contents(folder):
    """Everything that lies below a folder: name → value."""
    folder = Path(folder)
    found = {}
    indexes = [
        path.parent for path in sorted(folder.rglob("index.json")) if _is_named(path, folder)
    ]
    for index in indexes:
        found |= index_contents(index, index.relative_to(folder))
    for path in sorted(folder.rglob("*")):
        if any(path.is_relative_to(index) for index in indexes):
            continue
        # Tables without settings are no index yet, and are made anew.
        if "tables" in path.relative_to(folder).parts:
            continue
        if (
            path.is_file()
            and _is_named(path, folder)
            and not path.name.endswith((*LEFT_OUT, ".part"))
        ):
            for name, value in file_contents(path).items():
                found[f"{path.relative_to(folder)}:{name}"] = value
    return found


def _is_named(path, folder):
    """Whether a file has its name, and does not lie in a folder that is being made."""
    parts = path.relative_to(folder).parts
    return not any(part.startswith(".") or part.endswith(".tmp") for part in parts)


def leftovers(folder):
    """Temporary files."""
    names = [path for path in Path(folder).rglob("*") if path.name.endswith((".tmp", ".old"))]
    names += [path for path in Path(folder).rglob("*") if re.search(r"#\d+$", path.name)]
    return sorted(str(path.relative_to(folder)) for path in names)


def index_contents(directory, name):
    """Chips and sources of an index."""
    from harma.index.index import Index
    from harma.index.schema import chip_schema
    from harma.index.settings import read_settings

    index = Index.open(directory)
    problems = [line for line in index.verify() if "not finished" not in line]
    store = index.store
    table = store.rows(chip_schema(store.settings.embed_dim).names)
    embeddings = np.array(table["embedding"].to_pylist(), np.float32)
    found = {}
    rows = table.drop(["embedding", "row_id"]).to_pylist()
    for row, embedding in zip(rows, embeddings, strict=True):
        key = f"{name}:chip {row['id']}"
        if key in found:
            raise BrokenError(f"{key} is there twice")
        row["thumbnail"] = hashlib.sha256(row["thumbnail"] or b"").hexdigest()
        found[key] = (repr(sorted(row.items())), embedding)
    for source, record in store.sources().items():
        values = {key: value for key, value in vars(record).items() if not VOLATILE.search(key)}
        found[f"{name}:source {source}"] = repr(sorted(values.items()))
    settings = read_settings(directory)
    found[f"{name}:settings"] = repr(settings)
    if len(rows):
        near = index.search(like=[_vector(embeddings[0])], k=3, overlap=None)
        if len(near) < min(3, len(rows)):
            raise BrokenError(f"a search of {len(rows)} chips finds {len(near)}")
    if problems:
        found[f"{name}:problems"] = repr(problems)
    return found


def _vector(values):
    from harma.index.ask import Vector

    return Vector(values.tolist())


def file_contents(path):
    """What a file holds."""
    if path.suffix == ".safetensors":
        from safetensors.numpy import load_file

        return load_file(path)
    if path.suffix == ".jsonl":
        return _events(path)
    if path.suffix == ".json":
        return {"": repr(_lasting(json.loads(path.read_text())))}
    if path.suffix in (".pth", ".pt"):
        import torch

        state = torch.load(path, weights_only=True)
        state = state.get("model", state)
        return {name: value.numpy() for name, value in state.items()}
    if path.suffix == ".parquet":
        from pyarrow import parquet

        table = parquet.read_table(path)
        return {"rows": repr(sorted(map(repr, table.drop(["embedding"]).to_pylist())))}
    if path.name == "runs.csv":
        return _rows(path)
    if path.name == "results.csv":
        return {"lines": len(path.read_text().splitlines())}
    return {"": hashlib.sha256(path.read_bytes()).hexdigest()}


def _rows(path):
    """The rows of a table, without the columns of times."""
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    return {f"row {number}": repr(_lasting(row)) for number, row in enumerate(rows)}


def _events(path):
    """The events of a log, each with the step it is of; one that is there twice shows."""
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = [(line["event"], line.get("epoch"), line.get("step")) for line in lines]
    steps = [one for one in told if one[0] == "step"]
    if len(set(steps)) < len(steps):
        raise BrokenError(f"{path.name} has steps twice")
    return {"steps": repr(steps)}


def _lasting(value):
    """A value of JSON without times."""
    if isinstance(value, dict):
        return {
            key: _lasting(one) for key, one in sorted(value.items()) if not VOLATILE.search(key)
        }
    if isinstance(value, list):
        return [_lasting(one) for one in value]
    if isinstance(value, float):
        return round(value, 2)
    return value


def is_same(one, other):
    """Whether two values are the same, weights and embeddings nearly."""
    if isinstance(one, tuple) and isinstance(other, tuple):
        return all(map(is_same, one, other))
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray):
        return one.shape == other.shape and bool(np.allclose(one, other, atol=TOLERANCE))
    return type(one) is type(other) and one == other


def differences(there, wanted):
    """What is lost, too much or other; a few lines."""
    told = [f"lost: {key}" for key in wanted if key not in there]
    told += [f"too much: {key}" for key in there if key not in wanted]
    told += [
        f"other: {key}: {_short(there[key])} for {_short(wanted[key])}"
        for key in wanted
        if key in there and not is_same(there[key], wanted[key])
    ]
    return told


def between(there, before, after, fluid=()):
    """What is wrong right after a disturbance: neither as before nor as afterwards."""
    told = []
    for key, value in there.items():
        # What is half done is told as a problem: rightly.
        if any(part in key for part in (*fluid, ":problems")):
            continue
        sides = [side[key] for side in (before, after) if key in side]
        if not any(is_same(value, side) for side in sides):
            told.append(f"neither as before nor as after: {key}: {_short(value)}")
    for key in before:
        if key in after and key not in there and is_same(before[key], after[key]):
            told.append(f"lost meanwhile: {key}")
    return told


def _short(value):
    text = repr(value)
    return text if len(text) < 160 else text[:160] + "…"
