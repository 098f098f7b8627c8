"""Search over many vectors: latency, recall, growth, memory, and what adding costs.

    python benchmarks/index/vectors.py embed --model MODEL --images DIR --captions JSON --output NPZ
    python benchmarks/index/vectors.py measure --vectors NPZ --output DIR

`embed` embeds real images and their captions (the original's JSON) and holds a tenth of the images
and their captions out as queries. `measure` enlarges the rest by noise to 100,000, 300,000 and
1,000,000 chips with places (`--sizes`), builds an index of each, and measures queries that were
held out. Every figure that is compared is measured in this one run. An index that is there is used
again.
"""

import argparse
import json
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import shapely

from harma.index import ann as anns
from harma.index.ann_tuning import QUERIES as TUNING_QUERIES
from harma.index.ann_tuning import make_ann
from harma.index.compaction import keep_quick
from harma.index.index import Index
from harma.index.records import ChipRecord
from harma.index.schema import BOX_COLUMNS, embeddings_of
from harma.index.settings import Settings
from harma.index.store import Store
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

SIZES = (100_000, 300_000, 1_000_000)
BLOCK, QUERIES, K = 20_000, 200, 10
# Of the noise that enlarges the data, for a unit vector: copies have a cosine of about 0.9 with
# what they are of.
NOISE = 0.45


def embed(args):
    """Embed images and captions, and hold some out."""
    from harma.model.saved import load

    model = load(args.model)
    rows = json.loads(args.captions.read_text())
    captions = {}
    for row in rows:
        texts = row["caption"] if isinstance(row["caption"], list) else [row["caption"]]
        captions.setdefault(row["image"], []).extend(texts)
    names = sorted(captions)
    rng = np.random.default_rng(0)
    held_out = set(rng.choice(len(names), len(names) // 10, replace=False).tolist())
    kept = [name for i, name in enumerate(names) if i not in held_out]
    queries = [names[i] for i in sorted(held_out)]
    texts = sorted({text for name in queries for text in captions[name]})
    args.output.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        args.output,
        chips=model.embed_images(
            [args.images / name for name in kept], num_workers=1, progress=True
        ),
        captions=model.embed_texts(
            sorted({text for name in kept for text in captions[name]}), progress=True
        ),
        image_queries=model.embed_images([args.images / name for name in queries], progress=True),
        text_queries=model.embed_texts(texts),
    )


def build(directory, chips, captions, count):
    """An index of chips enlarged by noise, tuned on captions that are no queries.

    Returns the seconds of writing and of making the ANN index, and what was made.
    """
    settings = Settings("none", None, "benchmark", chips.shape[1], Tiling(), Reading(), 0.5)
    store = Store.create(directory, settings)
    start = time.perf_counter()
    for first in range(0, count, BLOCK):
        write(store, chips, first, min(BLOCK, count - first))
    written = time.perf_counter()
    ann = make_ann(store, captions)
    return written - start, time.perf_counter() - written, ann


def write(store, chips, first, count):
    """Add chips: real ones with noise, at random places; ids go on from `first`."""
    rng = np.random.default_rng(first)
    dim = chips.shape[1]
    vectors = chips[rng.integers(0, len(chips), count)] + NOISE / np.sqrt(
        dim
    ) * rng.standard_normal((count, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    west, south = rng.uniform(-10, 10, count), rng.uniform(40, 60, count)
    places = shapely.to_wkb(shapely.box(west, south, west + 0.01, south + 0.01))
    date = datetime(2020, 1, 1, tzinfo=UTC)
    rows = [
        ChipRecord(
            id=f"{first + i:024d}",
            geometry=places[i],
            xmin=west[i],
            ymin=south[i],
            xmax=west[i] + 0.01,
            ymax=south[i] + 0.01,
            datetime=date,
            datetime_end=None,
            source=source_of(first + i),
            content="c",
            column=0,
            row=0,
            width=256,
            height=256,
            crs="EPSG:4326",
            gsd=1.0,
            nodata=0.0,
            thumbnail=rng.bytes(2000),
        )
        for i in range(count)
    ]
    store.add_chips(rows, vectors)


def source_of(chip):
    """The scene of a chip, by its number."""
    return f"/scenes/{chip // 500}.tif"


def queried(index, vectors, boxes, *, exact=False):
    """Ids and milliseconds of each query."""
    found, times = [], []
    for vector, box in zip(vectors, boxes, strict=True):
        start = time.perf_counter()
        hits = index.search(like=[vector], k=K, bbox=box, exact=exact, overlap=None)
        times.append(1000 * (time.perf_counter() - start))
        found.append({hit.id for hit in hits})
    return found, times


def random_boxes(count, side):
    """Boxes of `side` degrees in the area of the chips."""
    rng = np.random.default_rng(3)
    west, south = rng.uniform(-10, 10 - side, count), rng.uniform(40, 60 - side, count)
    return [(w, s, w + side, s + side) for w, s in zip(west, south, strict=True)]


def truths(index, vectors, sides):
    """Ids of the best of each query and each box, from one pass over all chips."""
    columns = ["id", "embedding", "xmin", "ymin", "xmax", "ymax"]
    best = {side: [([], np.empty(0, dtype=np.float32)) for _ in vectors] for side in sides}
    for batch in index.store.blocks(columns):
        scores, ids = embeddings_of(batch) @ vectors.T, np.array(batch["id"].to_pylist())
        west, south, east, north = (batch[side].to_numpy() for side in BOX_COLUMNS)
        for side in sides:
            boxes = [None] * len(vectors) if side is None else random_boxes(len(vectors), side)
            for number, box in enumerate(boxes):
                inside = slice(None)
                if box is not None:
                    inside = (
                        (west <= box[2]) & (east >= box[0]) & (south <= box[3]) & (north >= box[1])
                    )
                own, kept = best[side][number]
                own, kept = np.append(own, ids[inside]), np.append(kept, scores[inside, number])
                order = np.argsort(-kept)[:K]
                best[side][number] = own[order], kept[order]
    return {side: [set(ids.tolist()) for ids, _ in found] for side, found in best.items()}


def look(index, queries, label, *, sides=(None,)):
    """Recall and latency by kind of query and filter."""
    medians = {}
    for kind, vectors in queries.items():
        truth = truths(index, vectors, sides)
        for side in sides:
            boxes = [None] * len(vectors) if side is None else random_boxes(len(vectors), side)
            queried(index, vectors[:10], boxes[:10])
            found, times = queried(index, vectors, boxes)
            _, slow = queried(index, vectors[:5], boxes[:5], exact=True)
            recall = np.mean(
                [len(t & f) / max(1, len(t)) for t, f in zip(truth[side], found, strict=True)]
            )
            what = "no filter" if side is None else f"box of {side}°"
            medians[kind, side] = np.median(times)
            print(
                f"{label} {kind:<5} {what:<12} recall@{K} {recall:.4f}   median"
                f" {np.median(times):5.1f} ms   95 % {np.percentile(times, 95):5.1f} ms   exact"
                f" {np.median(slow):6.1f} ms",
                flush=True,
            )
    return medians


def measure(args):
    data = np.load(args.vectors)
    chips = data["chips"]
    rng = np.random.default_rng(2)
    captions = rng.permutation(data["captions"])[:TUNING_QUERIES]
    queries = {
        kind: data[f"{kind}_queries"][rng.permutation(len(data[f"{kind}_queries"]))[:QUERIES]]
        for kind in ("text", "image")
    }
    print(
        f"{len(chips):,} real chips, dimension {chips.shape[1]}; {QUERIES} held-out queries of each"
        " kind"
    )
    medians, built = {}, {}
    small, middle, large = args.sizes
    for count in args.sizes:
        directory = args.output / str(count)
        if not (directory / "index.json").is_file():
            built[count] = build(directory, chips, captions, count)
            print(
                f"{count:,}: written in {built[count][0]:.1f} s, ANN in {built[count][1]:.1f} s:"
                f" {built[count][2]}",
                flush=True,
            )
        sides = (None, 1, 5) if count == middle else (None,)
        medians[count] = look(Index.open(directory), queries, f"{count:>9,}", sides=sides)
    for kind in queries:
        ratio = medians[large][kind, None] / medians[small][kind, None]
        print(f"{kind}: a query of {large:,} takes {ratio:.2f} times one of {small:,}")
    if middle in built:
        adding(args.output / str(middle), chips, middle, built[middle])
    memory = subprocess.run(
        [
            sys.executable,
            __file__,
            "memory",
            "--vectors",
            args.vectors,
            "--output",
            args.output / str(large),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    print(memory.stdout.strip())


def adding(directory, chips, count, built):
    """What 1 % more costs, embedding apart."""
    store = Store(directory)
    start = time.perf_counter()
    write(store, chips, count, count // 100)
    keep_quick(store, None)
    seconds = time.perf_counter() - start
    share = 100 * seconds / (built[0] + built[1])
    print(
        f"adding 1 % to {count:,}: {seconds:.2f} s, {share:.2f} % of building"
        f" ({built[0] + built[1]:.1f} s)"
    )
    # The index is as it was: sizes are whole numbers of scenes.
    last = count + count // 100
    store.drop_chips([source_of(chip) for chip in range(count, last, 500)])


def memory(args):
    """Resident memory of a process that only searches."""
    index = Index.open(args.output)
    data = np.load(args.vectors)
    for vector in np.concatenate([data["text_queries"][:100], data["image_queries"][:100]]):
        index.search(like=[vector], k=K)
        index.search(like=[vector], k=K, bbox=(0, 45, 5, 50))
    # Not ru_maxrss: a child inherits its parent's.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    peak = int(status["VmHWM"].split()[0]) / 1024
    print(
        f"{len(index):,} chips, 400 queries: {peak:.0f} MB resident at most; torch loaded:"
        f" {'torch' in sys.modules}"
    )


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    actions = parser.add_subparsers(required=True)
    for name, do in (("embed", embed), ("measure", measure), ("memory", memory)):
        action = actions.add_parser(name)
        action.set_defaults(do=do)
        action.add_argument("--output", type=Path, required=True)
        if name == "embed":
            action.add_argument("--model", required=True)
            action.add_argument("--images", type=Path, required=True)
            action.add_argument("--captions", type=Path, required=True)
        else:
            action.add_argument("--vectors", type=Path, required=True)
            action.add_argument("--sizes", type=int, nargs=3, default=SIZES, metavar="CHIPS")
    args = parser.parse_args()
    args.do(args)


if __name__ == "__main__":
    assert SIZES[0] >= anns.PAYS
    main()
