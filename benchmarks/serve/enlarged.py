"""An index of very many chips: real embeddings and noise, with places and dates."""

import itertools
import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import shapely
from benchmarks.serve.asking import texts, timed, told
from benchmarks.serve.searching import posted
from benchmarks.serve.server import Server

from harma.index.ann_tuning import make_ann
from harma.index.records import ChipRecord, SourceRecord
from harma.index.settings import Settings
from harma.index.store import Store
from harma.model.fingerprint import model_id
from harma.model.saved import load
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

BLOCK = 20_000
CHIPS_OF_SCENE = 500
# As in benchmarks/index/vectors.py: copies have a cosine of about 0.9 with what they are of.
NOISE = 0.45
# Scenes lie in Europe and are of ten years.
WEST, SOUTH, SIDE = -10.0, 40.0, 20.0
FIRST, DAYS = datetime(2015, 1, 1, 10, tzinfo=UTC), 3650
# A chip's side, degrees; half of it is its step.
CHIP_SIDE = 0.01
COLUMNS = 25


def make(args):
    """Make an index of `--chips` chips of a model, unless it is there."""
    if (args.output / "index.json").is_file():
        return
    data = np.load(args.vectors)
    model = load(args.model)
    settings = Settings(
        str(args.model), None, model_id(model), model.embed_dim, Tiling(), Reading(), 0.5
    )
    store = Store.create(args.output, settings)
    start = time.perf_counter()
    for first in range(0, args.chips, BLOCK):
        write(store, data["chips"], first, min(BLOCK, args.chips - first))
    names = sorted({source_of(chip) for chip in range(0, args.chips, CHIPS_OF_SCENE)})
    store.put_sources([record(name) for name in names])
    print(f"{args.chips:,} chips written in {time.perf_counter() - start:.0f} s", flush=True)
    start = time.perf_counter()
    ann = make_ann(store, np.random.default_rng(2).permutation(data["captions"])[:200])
    print(f"ANN index in {time.perf_counter() - start:.0f} s: {ann}", flush=True)


def write(store, vectors, first, count):
    """Add chips, of scenes that are grids with an overlap of half a chip."""
    rng = np.random.default_rng(first)
    dim = vectors.shape[1]
    embeddings = vectors[rng.integers(0, len(vectors), count)]
    noise = rng.standard_normal((count, dim), dtype=np.float32)
    embeddings = embeddings + NOISE / np.sqrt(dim) * noise
    embeddings /= np.linalg.norm(embeddings, axis=1, keepdims=True)
    chips = [chip(number, rng.bytes(2000)) for number in range(first, first + count)]
    store.add_chips(chips, embeddings)


def chip(number, thumbnail):
    """A chip of the scene that it is of by its number."""
    scene, place = divmod(number, CHIPS_OF_SCENE)
    row, column = divmod(place, COLUMNS)
    rng = np.random.default_rng(scene)
    west = WEST + SIDE * rng.random() + column * CHIP_SIDE / 2
    south = SOUTH + SIDE * rng.random() + row * CHIP_SIDE / 2
    outline = shapely.box(west, south, west + CHIP_SIDE, south + CHIP_SIDE)
    return ChipRecord(
        id=f"{number:024d}",
        geometry=shapely.to_wkb(outline),
        xmin=west,
        ymin=south,
        xmax=west + CHIP_SIDE,
        ymax=south + CHIP_SIDE,
        datetime=FIRST + timedelta(days=int(rng.integers(DAYS))),
        datetime_end=None,
        source=source_of(number),
        content="c",
        column=128 * column,
        row=128 * row,
        width=256,
        height=256,
        crs="EPSG:4326",
        gsd=1.0,
        nodata=0.0,
        thumbnail=thumbnail,
    )


def source_of(number):
    """The scene of a chip, by its number."""
    return str(Path("/scenes") / f"{number // CHIPS_OF_SCENE:05d}.tif")


def record(name):
    """What an index keeps of a scene."""
    return SourceRecord(name, 1, 1, "c", CHIPS_OF_SCENE, width=3328, height=2688, bands="1,2,3")


# -- a server of it -------------------------------------------------------------------------------

# What else a search may say, beside its text.
ALSO = {
    "no filter": {},
    "box of 5°": {"bbox": [0, 45, 5, 50]},
    "box of 1°": {"bbox": [0, 45, 1, 46]},
    "two years": {"date": ["2018", "2019"]},
    "box of 5°, two years": {"bbox": [0, 45, 5, 50], "date": ["2018", "2019"]},
}


def measure(args):
    """Ready in how many seconds, searches, and memory beside the model."""
    make(args)
    alone = model_alone(args)
    with Server(args.output) as server:
        print(
            f"{args.chips:,} chips: ready after {server.seconds_to_ready:.1f} s, of which Python"
            f" and the model alone take {alone['seconds']:.1f} s"
        )
        asked = texts(7)
        with server.client() as client:
            for label, values in ALSO.items():
                part = list(itertools.islice(asked, args.queries))
                before = server.cpu_seconds()
                times = timed(lambda text: posted(client, text, **values), part)  # noqa: B023
                told(label, times, cpu=server.cpu_seconds() - before)
        print(
            f"{server.resident_mb()} MB, {server.resident_mb('VmHWM')} MB at most; Python with the"
            f" model alone has {alone['mb']} MB"
        )


def model_alone(args):
    """Seconds and memory of a process that loads the model, and embeds a text."""
    code = (
        "import sys, time; start = time.perf_counter()\n"
        "from harma.model.saved import load\n"
        "load(sys.argv[1]).embed_texts(['warm up'])\n"
        "from benchmarks.serve.server import resident_mb; import os, json\n"
        "print(json.dumps({'seconds': time.perf_counter() - start, 'mb': resident_mb('self')}))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(args.model)], capture_output=True, text=True, check=True
    )
    return json.loads(done.stdout)
