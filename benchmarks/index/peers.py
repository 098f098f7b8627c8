"""HarMA's search beside faiss, usearch and DuckDB's vss, on the same vectors, in one run.

    python benchmarks/index/peers.py build --vectors NPZ --output DIR [--size 300000]
    python benchmarks/index/peers.py ask --vectors NPZ --output DIR [--harma-only]

NPZ is made by `benchmarks/index/vectors.py embed`. `build` makes an index of each in a process of
its own, and notes seconds, CPU seconds and bytes; what is there is left. `ask` chooses each one's
parameter (the quickest that reaches a recall of 0.98 on queries that are not measured; HarMA's is
chosen when its index is made), then asks, one query after the other: 200 held-out captions and
images, without a filter and in boxes of 5 and 1 degrees. Peers that are not installed are left out
(`pip install faiss-cpu usearch duckdb==1.5.5 duckdb-extension-vss pytz`, or a folder of them on
PYTHONPATH).

HarMA gives hits with all that is shown of them; DuckDB the same columns; faiss and usearch numbers
and distances alone. faiss is told by a bitmap which chips lie in a box, of boxes that numpy
compares; usearch's Python takes no filter; DuckDB compares all chips of a box.
"""

import argparse
import json
import resource
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
from benchmarks.index.vectors import QUERIES, K, build, random_boxes

from harma.index.index import Index
from harma.index.schema import BOX_COLUMNS, embeddings_of

WANTED = 0.98
TUNING = 64
SIDES = (None, 5, 1)
SHOWN = 'id, geometry, datetime, source, "column", row, width, height, crs, gsd, nodata'


def data_of(args):
    """Held-out queries by kind, those that parameters are chosen by, and chips to enlarge."""
    data = np.load(args.vectors)
    rng = np.random.default_rng(2)
    captions = rng.permutation(data["captions"])[:TUNING]
    queries, tuning = {}, {"text": captions}
    for kind in ("text", "image"):
        mixed = data[f"{kind}_queries"][rng.permutation(len(data[f"{kind}_queries"]))]
        queries[kind] = mixed[: args.queries]
        if kind == "image":
            tuning[kind] = mixed[args.queries : args.queries + TUNING]
    return data["chips"], queries, tuning


class Chips:
    """All chips of HarMA's index, in memory: what the others are made of, and the truth."""

    def __init__(self, directory):
        blocks = list(
            Index.open(directory / "harma").store.blocks(["id", "embedding", *BOX_COLUMNS])
        )
        self.vectors = np.concatenate([embeddings_of(block) for block in blocks])
        # Ids of `vectors.write` are numbers.
        self.ids = np.concatenate([block["id"].to_numpy().astype(np.int64) for block in blocks])
        self.sides = [
            np.concatenate([block[side].to_numpy() for block in blocks]) for side in BOX_COLUMNS
        ]

    def inside(self, box):
        west, south, east, north = self.sides
        return (west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])

    def truth(self, vectors, boxes):
        found = []
        scores = vectors @ self.vectors.T
        for own, box in zip(scores, boxes, strict=True):
            places = np.arange(len(own)) if box is None else np.flatnonzero(self.inside(box))
            few = places[np.argpartition(-own[places], min(K, len(places) - 1))[:K]]
            found.append(self.ids[few].tolist())
        return found


# -- the peers ------------------------------------------------------------------------------------


class Harma:
    """This project: what a search gives, from the vector to the hits with their footprints."""

    name, parameters = "HarMA", (None,)

    def make(self, args, chips):
        seconds = build(args.output / "harma", *chips, args.size)
        return {
            "writing_s": round(seconds[0], 1),
            "ann_s": round(seconds[1], 1),
            "ann": str(seconds[2]),
        }

    def load(self, directory, _):
        self.index = Index.open(directory / "harma")
        self.index.snapshot.warm_up()

    def ask(self, vector, box, _):
        hits = self.index.search(like=[vector], k=K, bbox=box, overlap=None)
        return {int(hit.id) for hit in hits}


class Faiss:
    """An index of faiss by its factory's word for it."""

    def __init__(self, name, word, parameter, parameters):
        self.name, self.word = name, word
        self.parameter, self.parameters = parameter, parameters
        self.file = f"faiss_{word.replace(',', '_')}.index"

    def make(self, args, chips):
        import faiss

        index = faiss.index_factory(chips.vectors.shape[1], self.word, faiss.METRIC_INNER_PRODUCT)
        index.train(chips.vectors[:: max(1, len(chips.vectors) // 50_000)])
        index.add(chips.vectors)
        faiss.write_index(index, str(args.output / self.file))
        return {}

    def load(self, directory, chips):
        import faiss

        self.faiss, self.chips = faiss, chips
        self.index = faiss.read_index(str(directory / self.file))

    def ask(self, vector, box, parameter):
        of_kind = self.faiss.SearchParametersIVF
        if self.parameter == "efSearch":
            of_kind = self.faiss.SearchParametersHNSW
        further = {self.parameter: parameter}
        if box is not None:
            # The bits of an array that this call keeps.
            bits = np.packbits(self.chips.inside(box), bitorder="little")
            further["sel"] = self.faiss.IDSelectorBitmap(bits)
        _, found = self.index.search(vector[None], K, params=of_kind(**further))
        return set(self.chips.ids[found[0][found[0] >= 0]].tolist())


class Usearch:
    """An HNSW index of usearch."""

    name, parameters, file = "usearch (HNSW, float16)", (32, 64, 128, 256, 512), "usearch.index"

    def make(self, args, chips):
        from usearch.index import Index as Usearched

        index = Usearched(ndim=chips.vectors.shape[1], metric="ip", dtype="f16")
        index.add(np.arange(len(chips.ids)), chips.vectors.astype(np.float16))
        index.save(str(args.output / self.file))
        return {}

    def load(self, directory, chips):
        from usearch.index import Index as Usearched

        self.chips = chips
        self.index = Usearched.restore(str(directory / self.file))

    def ask(self, vector, box, parameter):
        if box is not None:
            raise NotImplementedError
        self.index.expansion_search = parameter
        found = self.index.search(vector.astype(np.float16), K).keys
        return set(self.chips.ids[found].tolist())


class Duckdb:
    """A table of DuckDB with an HNSW index of its extension vss."""

    name, parameters, file = "DuckDB vss (HNSW)", (32, 64, 128, 256, 512), "duckdb.db"

    def connect(self, directory):
        import duckdb
        import duckdb_extension_vss

        path = str(directory / self.file)
        connection = duckdb.connect(config={"allow_unsigned_extensions": "true"})
        (extension,) = Path(duckdb_extension_vss.__file__).parent.rglob("vss.duckdb_extension*")
        connection.execute(f"LOAD '{extension}'")
        connection.execute("SET hnsw_enable_experimental_persistence = true")
        connection.execute(f"ATTACH '{path}' AS db")
        connection.execute("USE db")
        return connection

    def make(self, args, chips):
        connection = self.connect(args.output)
        columns = ["id", "embedding", *BOX_COLUMNS, "geometry", "datetime", "source", "column"]
        columns += ["row", "width", "height", "crs", "gsd", "nodata"]
        dim = chips.vectors.shape[1]
        for block in Index.open(args.output / "harma").store.blocks(columns):
            picked = ", ".join(f'"{name}"' for name in columns if name != "embedding")
            vector = f"CAST(embedding AS FLOAT[{dim}]) AS embedding"
            # DuckDB knows no numbers of 16 bits.
            vectors = pa.FixedSizeListArray.from_arrays(embeddings_of(block).reshape(-1), dim)
            place = block.schema.get_field_index("embedding")
            connection.register("block", block.set_column(place, "embedding", vectors))
            tables = connection.execute("SHOW TABLES").fetchall()
            verb = "INSERT INTO chips" if ("chips",) in tables else "CREATE TABLE chips AS"
            connection.execute(f"{verb} SELECT {picked}, {vector} FROM block")
            connection.unregister("block")
        connection.execute(
            "CREATE INDEX nearest ON chips USING HNSW (embedding) WITH (metric = 'ip')"
        )
        connection.execute("CHECKPOINT db")
        return {}

    def load(self, directory, chips):
        self.connection = self.connect(directory)
        self.dim = chips.vectors.shape[1]

    def ask(self, vector, box, parameter):
        self.connection.execute(f"SET hnsw_ef_search = {parameter}")
        where, values = "", []
        if box is not None:
            where = "WHERE xmin <= ? AND xmax >= ? AND ymin <= ? AND ymax >= ?"
            values = [box[2], box[0], box[3], box[1]]
        distance = f"array_negative_inner_product(embedding, CAST(? AS FLOAT[{self.dim}]))"
        sql = f"SELECT {SHOWN} FROM chips {where} ORDER BY {distance} LIMIT {K}"
        rows = self.connection.execute(sql, [*values, vector.tolist()]).fetchall()
        return {int(row[0]) for row in rows}


SYSTEMS = (
    Harma(),
    Faiss("faiss IVF, 8 bits", "IVF1024,SQ8", "nprobe", (4, 8, 16, 32, 64, 128)),
    Faiss("faiss HNSW, 8 bits", "HNSW32,SQ8", "efSearch", (16, 32, 64, 128, 256, 512)),
    Usearch(),
    Duckdb(),
)


# -- measuring ------------------------------------------------------------------------------------


def cpu_seconds():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def anonymous():
    """Memory of this process that is no page of a file, MB."""
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status["RssAnon"].split()[0]) / 1024


def size_of(place):
    files = place.rglob("*") if place.is_dir() else [place]
    return sum(file.stat().st_size for file in files if file.is_file()) / 1e6


def made_once(args, number):
    """Make the index of one system; its figures go to a file."""
    system = SYSTEMS[number]
    chips, _, tuning = data_of(args)
    made_of = Chips(args.output) if number else (chips, tuning["text"])
    start, used = time.perf_counter(), cpu_seconds()
    figures = system.make(args, made_of)
    figures["build_s"] = round(time.perf_counter() - start, 1)
    figures["build_cpu_s"] = round(cpu_seconds() - used, 1)
    figures["disk_mb"] = round(size_of(args.output / getattr(system, "file", "harma")))
    (args.output / f"{number}.json").write_text(json.dumps(figures))
    print(system.name, figures, flush=True)


def build_all(args):
    args.output.mkdir(parents=True, exist_ok=True)
    for number, _ in enumerate(SYSTEMS):
        if not (args.output / f"{number}.json").is_file():
            again = [sys.executable, __file__, *sys.argv[1:], "--system", str(number)]
            subprocess.run(again, check=False)


def asked(system, vectors, boxes, parameter):
    found, times, used = [], [], cpu_seconds()
    for vector, box in zip(vectors, boxes, strict=True):
        start = time.perf_counter()
        found.append(system.ask(vector, box, parameter))
        times.append(1000 * (time.perf_counter() - start))
    return found, times, 1000 * (cpu_seconds() - used) / len(vectors)


def recall_of(found, truth):
    pairs = zip(truth, found, strict=True)
    return np.mean([len(set(true) & own) / max(1, len(true)) for true, own in pairs])


class Known:
    """What takes long to find and stays the same: a file keeps it for the next run."""

    def __init__(self, file):
        self.file = file
        self.values = json.loads(file.read_text()) if file.is_file() else {}

    def get(self, name, find, *arguments):
        if name not in self.values:
            self.values[name] = find(*arguments)
            self.file.write_text(json.dumps(self.values))
        return self.values[name]


def chosen(system, tuning, chips, side):
    """The quickest parameter that reaches the recall on each kind of query, or the last."""
    for parameter in system.parameters:
        worst = 1.0
        for vectors in tuning.values():
            boxes = boxes_of(vectors, side)
            found, _, _ = asked(system, vectors, boxes, parameter)
            worst = min(worst, recall_of(found, chips.truth(vectors, boxes)))
        if worst >= WANTED:
            break
    return parameter


def boxes_of(vectors, side):
    return [None] * len(vectors) if side is None else random_boxes(len(vectors), side)


def look(system, args, chips, queries, tuning):
    known = Known(args.output / "known.json")
    before = anonymous()
    system.load(args.output, chips)
    memory = anonymous() - before
    for side in SIDES:
        what = "no filter" if side is None else f"box of {side}°"
        # A filter may need more; where none is taken, nothing is asked.
        try:
            parameter = system.parameters[0]
            if len(system.parameters) > 1:
                parameter = known.get(f"{system.name}, {what}", chosen, system, tuning, chips, side)
        except NotImplementedError:
            print(f"{system.name:<24} {what:<10} no filter is taken", flush=True)
            continue
        for kind, vectors in queries.items():
            boxes = boxes_of(vectors, side)
            asked(system, vectors[:10], boxes[:10], parameter)
            found, times, used = asked(system, vectors, boxes, parameter)
            truth = known.get(f"{kind}, {what}", chips.truth, vectors, boxes)
            print(
                f"{system.name:<24} {what:<10} {kind:<5} recall@{K}"
                f" {recall_of(found, truth):.4f}   median"
                f" {np.median(times):6.2f} ms   95 % {np.percentile(times, 95):6.2f} ms   CPU"
                f" {used:6.2f} ms   parameter {parameter}   memory {memory:.0f} MB",
                flush=True,
            )


def ask_all(args):
    chips = Chips(args.output)
    _, queries, tuning = data_of(args)
    print(
        f"{len(chips.ids):,} chips of {chips.vectors.shape[1]}; {threading.active_count()} thread"
    )
    for number, system in enumerate(SYSTEMS[: 1 if args.harma_only else None]):
        try:
            figures = json.loads((args.output / f"{number}.json").read_text())
            print(system.name, figures)
            look(system, args, chips, queries, tuning)
        except (ImportError, OSError) as error:
            print(f"{system.name}: left out ({error})", flush=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("action", choices=("build", "ask"))
    parser.add_argument("--vectors", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=300_000)
    parser.add_argument("--queries", type=int, default=QUERIES)
    parser.add_argument("--harma-only", action="store_true")
    parser.add_argument("--system", type=int, help="of `build`: only this one, in this process")
    args = parser.parse_args()
    if args.action == "ask":
        ask_all(args)
    elif args.system is None:
        build_all(args)
    else:
        made_once(args, args.system)


if __name__ == "__main__":
    main()
