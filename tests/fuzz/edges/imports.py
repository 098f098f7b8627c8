"""Files of embeddings brought into an index: odd columns, metadata and bytes; then its uses."""

import random
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from tests.fuzz.damage import damaged
from tests.fuzz.edge import CLEAN, Edge, Verdict
from tests.fuzz.json_damage import damaged_json
from tests.fuzz.judging import command, judge_answer
from tests.fuzz.made_indexes import built
from tests.fuzz.made_models import made_once
from tests.fuzz.made_tables import Table, made_table, odd_wkb
from tests.fuzz.odd_texts import TEXTS
from tests.fuzz.read_tables import Chip, differs, exported_rows, read_chips
from tests.fuzz.told import judge_commands

from harma.index.ask import Vector
from harma.index.index import Index
from harma.index.store import Store

# Files of other kinds, which are none of ours.
OTHERS = ("a.npy", "a.npz", "a.csv", "a.arrow", "a.json", "a.txt")


def make(chance: random.Random, folder: Path) -> Table:
    """A table of another program, an export that was changed, or a file of another kind."""
    kind = chance.choices(("table", "export", "other"), (14, 4, 1))[0]
    if kind == "other":
        return _other(chance, folder)
    made = made_table(chance, folder) if kind == "table" else _changed_export(chance, folder)
    if chance.random() < 0.2:
        made.is_whole = False
        data = made.path.read_bytes()
        # The footer, which says how the rest is to be read, stands at the end.
        turned = chance.random() < 0.6
        data = damaged(chance, data[::-1] if turned else data, head=chance.choice((16, 512, 8192)))
        made.path.write_bytes(data[::-1] if turned else data)
    return made


def _other(chance: random.Random, folder: Path) -> Table:
    path = folder / chance.choice(OTHERS)
    vectors = np.random.default_rng(chance.getrandbits(64)).normal(size=(9, 8)).astype(np.float32)
    if path.suffix == ".npy":
        np.save(path, vectors)
    elif path.suffix == ".npz":
        np.savez(path, vectors=vectors)
    elif path.suffix == ".arrow":
        with pa.OSFile(str(path), "wb") as file:
            table = pa.table({"embedding": list(vectors)})
            with pa.ipc.new_file(file, table.schema) as writer:
                writer.write_table(table)
    else:
        path.write_text(chance.choice(("id,embedding\n1,0.5", "[1, 2]", "", "PAR1", "PAR1" * 9)))
    return Table(path, ["--label", "theirs"], is_whole=False)


def _changed_export(chance: random.Random, folder: Path) -> Table:
    """An export with a column left out, of another type or with odd values, or odd settings."""
    path = folder / "a.parquet"
    table = pq.read_table(_exported())
    texts = {key.decode(): text.decode() for key, text in table.schema.metadata.items()}
    kind = chance.choice(("drop", "type", "value", "value", "text", "text", "rename", "plain"))
    name = chance.choice(table.column_names)
    place = table.column_names.index(name)
    if kind == "drop":
        table = table.drop_columns([name])
    elif kind == "rename":
        new = chance.choice(("id", "embedding", "row", "x", "", "bbox"))
        table = table.rename_columns([new if old == name else old for old in table.column_names])
    elif kind == "type":
        table = table.set_column(place, name, _other_type(chance, table[name]))
    elif kind == "value":
        table = table.set_column(place, name, _other_value(chance, table[name]))
    elif kind == "text":
        key = chance.choice(("geo", "harma", "harma", "emb"))
        texts[key] = damaged_json(chance, texts[key].encode()).decode("utf-8", "replace")
    pq.write_table(table.replace_schema_metadata(texts), path)
    made = Table(path, [], is_whole=kind == "plain", to_wgs84=None)
    made.names = {name: name for name in ("embedding", "geometry", "id", "datetime", "source")}
    return made


def _other_type(chance: random.Random, column: pa.ChunkedArray) -> Any:
    kinds = (pa.string(), pa.large_string(), pa.string_view(), pa.int64(), pa.int8(), pa.float32(),
             pa.binary(), pa.bool_(), pa.timestamp("s"), pa.date32(), pa.float16())  # fmt: skip
    for kind in chance.sample(kinds, len(kinds)):
        try:
            return column.cast(kind)
        except (pa.ArrowException, ValueError):
            continue
    return pa.nulls(len(column))


def _other_value(chance: random.Random, column: pa.ChunkedArray) -> Any:
    values = column.to_pylist()
    odd = (
        None, -1, 2**31 - 1, -(2**31), float("nan"), float("inf"), 1e300, b"\xff", odd_wkb(chance),
        chance.choice(TEXTS), {}, [], values[0],
    )  # fmt: skip
    for value in chance.sample(odd, len(odd)):
        changed = list(values)
        changed[chance.randrange(len(values))] = value
        try:
            return pa.chunked_array([pa.array(changed, column.type)])
        except (pa.ArrowException, ValueError, TypeError, OverflowError):
            continue
    return column


def _exported() -> Path:
    return made_once("exported", _export) / "chips.parquet"


def _export(folder: Path) -> None:
    arguments = ["index", "export", str(built() / "index"), str(folder / "chips.parquet")]
    done = command([*arguments, "--thumbnails"])
    assert done.status == 0, done.err


# -- judged ---------------------------------------------------------------------------------------


def judge(folder: Path, made: Table) -> Verdict | None:
    """Import it, compare the index with the file, and use it."""
    index = folder / "index"
    answer = command(["index", "import", str(index), str(made.path), *made.options])
    verdict = judge_answer(answer, [str(folder), made.path.name])
    if verdict is not None:
        if verdict.kind == CLEAN and index.is_dir() and any(index.rglob("*.lance")):
            return Verdict("silent", "an import that was refused has left an index", verdict.detail)
        return verdict
    if made.is_whole:
        told = _told_otherwise(index, made)
        if told is not None:
            return told
    verdict = _used(folder, index)
    return verdict if verdict is not None else _again(folder, made)


def _told_otherwise(index: Path, made: Table) -> Verdict | None:
    chips = read_chips(made)
    names = ["id", "embedding", "geometry", "datetime", "source"]
    table = Store(index).rows(names).select(names)
    told = differs(chips, table, made)
    if told:
        kind = "silent" if "number" in told or "lost" in told else "wrong"
        return Verdict(kind, told, f"{pq.read_schema(made.path)}\n{made}"[:4000])
    return _found(index, chips, table)


def _found(index: Path, chips: list[Chip], table: pa.Table) -> Verdict | None:
    """Whether a search finds what is most like."""
    opened = Index.open(index)
    count = len(table)
    for chip in chips[:3]:
        hits = opened.search(like=[Vector(chip.vector.astype(np.float32))], k=count, overlap=None)
        if len(hits) != count:
            return Verdict("silent", "a search does not find all chips", f"{len(hits)} {count}")
        best = max(float(np.dot(other.vector, chip.vector)) for other in chips)
        found = next(row for row in table.to_pylist() if row["id"] == hits[0].id)
        if np.dot(np.array(found["embedding"], np.float64), chip.vector) < best - 4e-3:
            return Verdict("wrong", "the first hit is not the most like", f"{hits[0]}")
    return None


def _used(folder: Path, index: Path) -> Verdict | None:
    ids = Store(index).rows(["id"])["id"].to_pylist()
    chip = ids[0] if ids else "none"
    commands = [
        ["index", "info", str(index)],
        ["index", "info", str(index), "--json"],
        ["index", "verify", str(index)],
        ["search", str(index), f"--like=chip:{chip}", "--format", "json"],
        ["search", str(index), f"--like=chip:{chip}", "--since", "2015", "--bbox=0,0,90,90"],
        ["search", str(index), f"--like=chip:{chip}", "--output", str(folder / "sheet.html")],
        ["search", str(index), f"--like=chip:{chip}", "--output", str(folder / "hits.geojson")],
        ["search", str(index), f"--like=chip:{chip}", "--output", str(folder / "hits.parquet")],
        ["index", "export", str(index), str(folder / "out.parquet")],
    ]
    return judge_commands(commands, [str(folder), f"'{chip}'"])


def _again(folder: Path, made: Table) -> Verdict | None:
    """What was exported comes back the same; the file again adds nothing."""
    answer = command(["index", "import", str(folder / "index"), str(made.path), *made.options])
    if answer.status or " 0 chips of 0 sources" not in answer.out:
        return Verdict("wrong", "the same file again is not the same", answer.out + answer.err)
    answer = command(["index", "import", str(folder / "again"), str(folder / "out.parquet")])
    if answer.status:
        return Verdict("wrong", "its export cannot be imported", answer.out + answer.err)
    answer = command(["index", "export", str(folder / "again"), str(folder / "out2.parquet")])
    if answer.status:
        return Verdict("wrong", "its export's index cannot be exported", answer.err)
    first, second = exported_rows(folder / "out.parquet"), exported_rows(folder / "out2.parquet")
    names = [name for name in first.column_names if name not in ("scene",)]
    if not first.select(names).equals(second.select(names)):
        return Verdict("wrong", "its export comes back otherwise")
    shutil.rmtree(folder / "again")
    return None


def start() -> None:
    """Make the export that is changed."""
    _exported()


EDGE = Edge("imports", make, judge, share=8, each=40, start=start)
