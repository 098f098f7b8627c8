"""Search over millions of chips: what building, adding and searching take, by the size of it.

    python benchmarks/index/large.py --output DIR [--sizes 1 5 10]

Makes one archive that grows (sizes in blocks of 1,048,576 chips) and measures at each size, every
step in a process of its own: the ANN index made anew, searches with and without filters, one per
cent more chips, searches again. Each step adds a line to `DIR/figures.jsonl`; given again, the
command goes on where it was stopped. Vectors are made: 512 numbers with a spectrum and a gap
between texts and images as those of CLIP have, chips of a scene alike. No thumbnails.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely

from harma.index.ann_tuning import make_ann
from harma.index.compaction import keep_quick
from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.schema import BOX_COLUMNS, chip_schema, embeddings_of
from harma.index.settings import Settings
from harma.index.store import Store
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

DIM, BLOCK, CHIPS_OF_A_SCENE, PIECE = 512, 1 << 20, 500, 1 << 16
SIZES = (1, 5, 10)
QUERIES, K = 40, 10
# Share of a vector's square that all images have in common; of the rest, what a kind of land has,
# and a scene.
COMMON, OF_KIND, OF_SCENE = 0.55, 0.35, 0.35
KINDS_OF_LAND = 500
# Sides of the boxes that are searched in, degrees.
SIDES = (1, 5, 20, 60)
TUNING_SEED, TEXT_SEED, IMAGE_SEED, BOX_SEED = 1001, 1002, 1003, 1004


class World:
    """What all vectors and places have in common, the same in every process."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.turn = np.linalg.qr(rng.standard_normal((DIM, DIM)))[0].astype(np.float32)
        spread = (np.arange(DIM) + 4.0) ** -0.7
        spread *= np.sqrt((1 - COMMON) / (spread**2).sum())
        self.basis = (spread[:, None] * self.turn).astype(np.float32)
        means = rng.standard_normal((2, DIM))
        means /= np.linalg.norm(means, axis=1, keepdims=True)
        self.of_images, self.of_texts = (np.sqrt(COMMON) * means).astype(np.float32)
        self.lands = rng.standard_normal((KINDS_OF_LAND, DIM), dtype=np.float32)
        self.regions = np.stack([rng.uniform(-170, 170, 400), rng.uniform(-55, 70, 400)], axis=1)

    def vectors(self, latent, mean):
        """Unit vectors (n, E) of latent ones with a spread of 1."""
        made = latent @ self.basis + mean
        made /= np.linalg.norm(made, axis=1, keepdims=True)
        # As a model's are: with numbers of 64 bits every product takes twice as long.
        return made.astype(np.float32, copy=False)

    def scenes(self, rng, count):
        """Latent vectors (n, E) of scenes, each of a kind of land, without what chips differ in."""
        lands = self.lands[rng.integers(0, KINDS_OF_LAND, count)]
        own = rng.standard_normal((count, DIM), dtype=np.float32)
        return np.sqrt(OF_KIND) * lands + np.sqrt(OF_SCENE) * own

    def queries(self, seed, count, mean):
        """Vectors (n, E) as those of chips of scenes that are not in the archive, or of texts."""
        rng = np.random.default_rng(seed)
        return self.vectors(varied(rng, self.scenes(rng, count)), mean)

    def texts(self, seed, count):
        return self.queries(seed, count, self.of_texts)

    def images(self, seed, count):
        return self.queries(seed, count, self.of_images)


def varied(rng, latent):
    """Latent vectors of chips, of those of their scenes."""
    own = rng.standard_normal(latent.shape, dtype=np.float32)
    return latent + np.float32(np.sqrt(1 - OF_KIND - OF_SCENE)) * own


def chips(world, first, count):
    """Chips by number, as rows of a table."""
    rng = np.random.default_rng([7, first])
    numbers = np.arange(first, first + count)
    scenes, places = np.unique(numbers // CHIPS_OF_A_SCENE, return_inverse=True)
    corners = world.regions[rng.integers(0, 400, len(scenes))] + rng.normal(0, 3, (len(scenes), 2))
    corners[:, 0] = (corners[:, 0] + 180) % 359 - 180
    days = rng.integers(0, 3650, len(scenes))
    of_scenes = world.scenes(rng, len(scenes)).astype(np.float32)
    vectors = np.empty((count, DIM), dtype=np.float16)
    for start in range(0, count, PIECE):
        part = slice(start, start + PIECE)
        vectors[part] = world.vectors(varied(rng, of_scenes[places[part]]), world.of_images)
    within = numbers % CHIPS_OF_A_SCENE
    west = corners[places, 0] + within % 25 * 0.01
    south = corners[places, 1] + within // 25 * 0.01
    start = datetime(2015, 1, 1, tzinfo=UTC)
    dates = np.array([start + timedelta(days=int(day)) for day in days], dtype=object)
    names = np.array([name_of(scene) for scene in scenes], dtype=object)
    columns = {
        "id": [f"{number:024d}" for number in numbers],
        "embedding": pa.FixedSizeListArray.from_arrays(pa.array(vectors.reshape(-1)), DIM),
        "geometry": shapely.to_wkb(shapely.box(west, south, west + 0.01, south + 0.01)),
        "xmin": west,
        "ymin": south,
        "xmax": west + 0.01,
        "ymax": south + 0.01,
        "datetime": dates[places],
        "source": names[places],
        "content": pa.array(["c"] * count),
        "column": within % 25 * 256,
        "row": within // 25 * 256,
        "width": np.full(count, 256),
        "height": np.full(count, 256),
        "crs": pa.array(["EPSG:4326"] * count),
        "gsd": np.ones(count),
        "nodata": np.zeros(count, dtype=np.float32),
        "model": pa.array(["benchmark"] * count),
    }
    arrays = []
    for field in chip_schema(DIM):
        values = columns.get(field.name)
        if values is None:
            values = pa.nulls(count, field.type)
        is_made = isinstance(values, pa.Array)
        arrays.append(values if is_made else pa.array(values, field.type))
    return pa.table(arrays, schema=chip_schema(DIM))


def name_of(scene):
    return f"s3://archive/scenes/{scene // 1000:04d}/{scene:07d}.tif"


def write(store, world, first, count):
    """Add chips and the sources that they finish."""
    table = chips(world, first, count)
    store.add_rows(table)
    counts = table["source"].value_counts().to_pylist()
    records = [
        SourceRecord(row["values"], -1, -1, "c", num_chips=row["counts"], bands="1,2,3")
        for row in counts
    ]
    store.put_sources(records)


# -- steps, each in a process of its own ----------------------------------------------------------


def step_write(args, world):
    directory = args.output / "index"
    if not (directory / "index.json").is_file():
        settings = Settings("none", None, "benchmark", DIM, Tiling(), Reading(), 0.5)
        Store.create(directory, settings)
    store = Store(directory)
    block = args.size - 1
    write(store, world, block * BLOCK, BLOCK)
    return {"chips": store.count(), "files": store.num_files(), "bytes": store.num_bytes()}


def step_ann(args, world):
    store = Store(args.output / "index")
    ann = make_ann(store, world.texts(TUNING_SEED, 64))
    return {"chips": store.count(), "ann": str(ann), "bytes": store.num_bytes()}


def step_add(args, world):
    """One per cent more, in the numbers after the last block that may come."""
    store = Store(args.output / "index")
    count = store.count()
    first = 1_000_000_000 + args.size * BLOCK
    write(store, world, first, count // 100)
    start, used = time.perf_counter(), time.process_time()
    said = keep_quick(store, Texts(world))
    return {
        "chips": store.count(),
        "keep_quick_s": time.perf_counter() - start,
        "keep_quick_cpu_s": time.process_time() - used,
        "unindexed": store.num_unindexed(),
        "said": said,
    }


class Texts:
    """Stands for a model: gives the texts that recall is measured on."""

    def __init__(self, world):
        self.world = world

    def embed_texts(self, texts):
        return self.world.texts(TUNING_SEED, len(texts))


def step_search(args, world):
    """Times without a truth beside them, so that memory is that of searching alone."""
    figures = {}
    start = time.perf_counter()
    index = Index.open(args.output / "index")
    index.snapshot.warm_up()
    figures["ready_s"] = time.perf_counter() - start
    figures["ready_mb"] = resident()
    for kind in KINDS:
        for name, further in filters():
            found, times, used = asked(index, queries(world, kind), further)
            figures[f"{kind}, {name}"] = {
                "median_ms": round(float(np.median(times)), 1),
                "p95_ms": round(float(np.percentile(times, 95)), 1),
                "cpu_ms": round(used, 1),
                "hits": round(float(np.mean([len(ids) for ids in found])), 1),
            }
    figures["chips"] = len(index)
    return figures


def step_recall(args, world):
    """Recall against comparing all, in one pass over the chips."""
    index = Index.open(args.output / "index")
    figures = {"chips": len(index)}
    truth = truths(index, world)
    for kind in KINDS:
        for name, further in filters():
            found, _, _ = asked(index, queries(world, kind), further)
            shares = [
                len(ids & true) / len(true)
                for ids, true in zip(found, truth[kind, name], strict=True)
                if true
            ]
            figures[f"{kind}, {name}"] = round(float(np.mean(shares)), 4)
    return figures


KINDS = ("text", "image")
STEPS = {
    "write": step_write,
    "ann": step_ann,
    "search": step_search,
    "recall": step_recall,
    "add": step_add,
    "search after": step_search,
    "recall after": step_recall,
}


def queries(world, kind):
    if kind == "text":
        return world.texts(TEXT_SEED, QUERIES)
    return world.images(IMAGE_SEED, QUERIES)


def filters():
    """Names of filters, and for each the filter of every query."""
    yield "no filter", [{}] * QUERIES
    for side in SIDES:
        yield f"box of {side}°", [{"bbox": box} for box in boxes(side)]
    yield "two years", [{"date": ("2018-01-01", "2019-12-31")}] * QUERIES
    dates = {"date": ("2018-01-01", "2019-12-31")}
    yield "box of 20°, two years", [{"bbox": box, **dates} for box in boxes(20)]


def boxes(side):
    """Boxes around places that have chips."""
    world, rng = World(), np.random.default_rng(BOX_SEED)
    centres = world.regions[rng.integers(0, 400, QUERIES)]
    west = np.clip(centres[:, 0] - side / 2, -180, 180 - side)
    south = np.clip(centres[:, 1] - side / 2, -90, 90 - side)
    pairs = zip(west.tolist(), south.tolist(), strict=True)
    return [(w, s, w + side, s + side) for w, s in pairs]


def asked(index, vectors, further):
    """Ids, milliseconds of each query, and mean CPU milliseconds; some are asked twice."""
    for vector, more in list(zip(vectors, further, strict=True))[:8]:
        index.search(like=[vector], k=K, overlap=None, **more)
    found, times, used = [], [], time.process_time()
    for vector, more in zip(vectors, further, strict=True):
        start = time.perf_counter()
        hits = index.search(like=[vector], k=K, overlap=None, **more)
        times.append(1000 * (time.perf_counter() - start))
        found.append({hit.id for hit in hits})
    return found, times, 1000 * (time.process_time() - used) / len(vectors)


def truths(index, world):
    """Ids of the best of every query with every filter, from one pass over all chips."""
    best = {}
    first, last = (np.datetime64(day) for day in ("2018-01-01", "2020-01-01"))
    for block in index.store.blocks(["id", "embedding", *BOX_COLUMNS, "datetime"]):
        vectors = embeddings_of(block)
        ids = block["id"].to_numpy()
        sides = [block[side].to_numpy() for side in BOX_COLUMNS]
        dates = block["datetime"].to_numpy()
        dated = (dates >= first) & (dates < last)
        for kind in KINDS:
            scores = queries(world, kind) @ vectors.T
            for name, further in filters():
                own = best.setdefault((kind, name), [(np.empty(0), np.empty(0))] * QUERIES)
                for number, more in enumerate(further):
                    inside = admitted(sides, dated, more)
                    own[number] = better(own[number], scores[number][inside], ids[inside])
    return {key: [set(ids) for _, ids in found] for key, found in best.items()}


def admitted(sides, dated, more):
    """Places of the chips of a block that a filter admits."""
    inside = np.ones(len(dated), dtype=bool)
    if "bbox" in more:
        west, south, east, north = sides
        w, s, e, n = more["bbox"]
        inside = (west <= e) & (east >= w) & (south <= n) & (north >= s)
    if "date" in more:
        inside = inside & dated
    return np.flatnonzero(inside)


def better(so_far, scores, ids):
    """The best of what there is and of a block."""
    if len(scores) > K:
        few = np.argpartition(-scores, K)[:K]
        scores, ids = scores[few], ids[few]
    scores, ids = np.append(so_far[0], scores), np.append(so_far[1], ids)
    order = np.argsort(-scores)[:K]
    return scores[order], ids[order]


# -- processes ------------------------------------------------------------------------------------


def resident(line="VmRSS"):
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    return int(status[line].split()[0]) / 1024


class Peak(threading.Thread):
    """Peak of resident memory that is the process's own, without pages of files: MB."""

    def __init__(self):
        super().__init__(daemon=True)
        self.own = 0.0

    def run(self):
        while True:
            self.own = max(self.own, resident("RssAnon"))
            time.sleep(0.05)


def once(args):
    """One step: what it found, with the seconds, CPU seconds and memory that it took."""
    peak = Peak()
    peak.start()
    world = World()
    start = time.perf_counter()
    found = STEPS[args.step](args, world)
    used = resource.getrusage(resource.RUSAGE_SELF)
    of_others = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(part.ru_utime + part.ru_stime for part in (used, of_others))
    figures = {
        "size": args.size,
        "step": args.step,
        "seconds": round(time.perf_counter() - start, 1),
        "cpu_s": round(cpu, 1),
        "peak_mb": round(resident("VmHWM")),
        "peak_own_mb": round(peak.own),
        "load": round(os.getloadavg()[0], 1),
        **found,
    }
    with (args.output / "figures.jsonl").open("a", encoding="utf-8") as file:
        file.write(json.dumps(figures, ensure_ascii=False) + "\n")


def run(args, done, size, step):
    if (size, step) in done:
        return
    command = [sys.executable, __file__, "--output", args.output, "--step", step, "--size", size]
    subprocess.run([str(part) for part in command], check=True)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs="+", default=SIZES, metavar="BLOCKS")
    parser.add_argument("--step", choices=STEPS, help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    args = parser.parse_args()
    args.output.mkdir(parents=True, exist_ok=True)
    if args.step:
        once(args)
        return
    figures = args.output / "figures.jsonl"
    lines = figures.read_text().splitlines() if figures.is_file() else []
    done = {(line["size"], line["step"]) for line in map(json.loads, lines)}
    written = 0
    for size in args.sizes:
        for block in range(written + 1, size + 1):
            run(args, done, block, "write")
        written = size
        for step in list(STEPS)[1:]:
            run(args, done, size, step)


if __name__ == "__main__":
    main()
