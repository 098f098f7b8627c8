"""Memory that grows with an archive: verifying, information, export, what is known of its sources.

    python benchmarks/index/growth.py --output DIR [--sizes 200000 800000]

Makes indexes of two sizes, short vectors and five chips a source, and measures in a process of its
own, for each, the peak of resident memory above that of a process that has opened the index. Beside
them the plain way, in the same run: every id in a counter, every source as a row; and what reading
alone takes. "more" is what the larger index takes more than the smaller one.
"""

import argparse
import shutil
import subprocess
import sys
import time
from collections import Counter
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import geopandas
import numpy as np
import pyarrow as pa
import shapely

from harma.index import compaction, geoparquet
from harma.index.contract import ROW_ID
from harma.index.counts import chip_totals
from harma.index.known_sources import KnownSources
from harma.index.merge_indexes import merge_indexes
from harma.index.records import ChipRecord, SourceRecord
from harma.index.schema import BOX_COLUMNS, embeddings_of
from harma.index.settings import Settings
from harma.index.split import Sharding, split_index
from harma.index.store import Store
from harma.index.verify import NORM_TOLERANCE, verify
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

SIZES = (200_000, 800_000)
CHIPS_OF_A_SOURCE, DIM, BLOCK = 5, 16, 20_000
FOLDER = "/archive/of/scenes/2024/tiles"


def make(directory, count):
    """An index of `count` chips, and of their sources, which are addresses."""
    settings = Settings("none", None, "benchmark", DIM, Tiling(), Reading(), 0.5)
    store = Store.create(directory, settings)
    rng = np.random.default_rng(0)
    for first in range(0, count, BLOCK):
        numbers = range(first, min(first + BLOCK, count))
        vectors = rng.standard_normal((len(numbers), DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        store.add_chips([chip(number) for number in numbers], vectors)
        store.put_sources([source(number) for number in numbers if number % CHIPS_OF_A_SOURCE == 0])


def chip(number):
    west, south = number % 1000 / 10, number // 1000 % 1000 / 20
    return ChipRecord(
        id=f"{number:024x}",
        geometry=shapely.to_wkb(shapely.box(west, south, west + 0.01, south + 0.01)),
        xmin=west,
        ymin=south,
        xmax=west + 0.01,
        ymax=south + 0.01,
        datetime=datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=number),
        datetime_end=None,
        source=name_of(number),
        content=f"{number // CHIPS_OF_A_SOURCE:032x}",
        column=0,
        row=0,
        width=256,
        height=256,
        crs="",
        gsd=None,
        nodata=0.0,
        thumbnail=None,
    )


def source(number):
    content = f"{number // CHIPS_OF_A_SOURCE:032x}"
    return SourceRecord(
        name_of(number),
        -1,
        -1,
        content,
        num_chips=CHIPS_OF_A_SOURCE,
        width=512,
        height=512,
        bands="4,3,2",
        bands_reason="by the names of its bands",
        stretch="0,3000 (range of the sensor)",
        sensor="sentinel-2",
        date_from="name of the file",
    )


def name_of(number):
    return f"{FOLDER}/scene_{number // CHIPS_OF_A_SOURCE:09d}.tif"


def opened(store):
    """What there is before anything is read."""
    assert store.count()


def reading(store):
    """Read every column that is verified, and keep none of it."""
    for block in store.blocks(["id", "source", "embedding", "model"]):
        block.num_rows  # noqa: B018


def plain_verify(store):
    """Every id and source of a chip as a string."""
    ids, sources = Counter(), Counter()
    for block in store.blocks(["id", "source", "embedding", "model"]):
        assert np.abs(np.linalg.norm(embeddings_of(block), axis=1) - 1).max() < NORM_TOLERANCE
        ids.update(block["id"].to_pylist())
        sources.update(block["source"].to_pylist())
    assert max(ids.values()) == 1
    return plain_sources(store), ids, sources


def verified(store):
    problems = verify(store)
    assert not problems, problems[:3]


def plain_sources(store):
    """Every source as a row, and then as a record."""
    rows = []
    for block in store.source_blocks():
        # By Arrow, so that each row has texts of its own.
        rows += pa.Table.from_pylist([dict(vars(record)) for record in block]).to_pylist()
    return {row["source"]: SourceRecord(**without_nulls(row)) for row in rows}


def without_nulls(row):
    return {name: value for name, value in row.items() if value is not None}


def sources_kept(store):
    known = store.sources()
    assert known[name_of(0)].num_chips == CHIPS_OF_A_SOURCE
    return known


def sources_streamed(store):
    assert sum(len(block) for block in store.source_blocks()) == store.count() // CHIPS_OF_A_SOURCE


def plain_totals(store):
    """Boxes and dates of all chips at once."""
    return store.rows([*BOX_COLUMNS, "datetime"])


def totals(store):
    assert chip_totals(store).num_placed == store.count()


def plain_order(store):
    """A point of Python for every chip."""
    ids, centres = [], []
    for block in store.blocks(["geometry"]):
        ids.append(block[ROW_ID].to_numpy())
        bounds = shapely.bounds(shapely.from_wkb(block["geometry"].to_numpy()))
        centres.append((bounds[:, :2] + bounds[:, 2:]) / 2)
    points = geopandas.GeoSeries(shapely.points(np.concatenate(centres)))
    order = np.argsort(points.hilbert_distance(), kind="stable")
    return np.concatenate(ids)[order]


@contextmanager
def output_of(store, name):
    """A folder beside an index; without ANN indexes, whose memory is another matter."""
    compaction.pays = lambda _: False
    output = Path(store.home.folder).with_name(f"{store.home.name}-{name}")
    shutil.rmtree(output, ignore_errors=True)
    yield output
    shutil.rmtree(output)


def split(store):
    with output_of(store, "split") as output:
        shards = split_index(store.home, output, Sharding("region", 30))
        assert sum(shard.num_chips for shard in shards) == store.count()


def merged(store):
    """The index with itself: every source and id is in two."""
    copy = Path(store.home.folder).with_name(f"{store.home.name}-copy")
    if not copy.exists():
        shutil.copytree(store.home.folder, copy)
    with output_of(store, "merge") as output:
        assert merge_indexes([store.home, copy], output).made.num_chips == store.count()


DEEDS = {
    "opened": opened,
    "reading alone": reading,
    "verify, plain": plain_verify,
    "verify": verified,
    "info, plain": plain_totals,
    "info": totals,
    "order, plain": plain_order,
    "order of export": geoparquet._order,
    "sources, plain": plain_sources,
    "sources, kept": sources_kept,
    "sources, streamed": sources_streamed,
    "sources, of a build": KnownSources,
    "split": split,
    "merge": merged,
}


def once(directory, deed):
    """In a process of its own: do it, and tell the peak of resident memory and the CPU seconds."""
    store = Store(directory)
    start = time.process_time()
    kept = DEEDS[deed](store)
    seconds = time.process_time() - start
    # Not ru_maxrss: a child inherits its parent's.
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(1024 * int(status["VmHWM"].split()[0]), seconds, flush=True)
    del kept


def measured(directory, deed):
    answer = subprocess.run(
        [sys.executable, __file__, "--output", directory, "--deed", deed],
        capture_output=True,
        text=True,
        check=True,
    )
    peak, seconds = answer.stdout.split()
    return int(peak), float(seconds)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--sizes", type=int, nargs=2, default=SIZES, metavar="CHIPS")
    parser.add_argument("--deed", choices=DEEDS, help=argparse.SUPPRESS)
    parser.add_argument("--only", choices=DEEDS, nargs="+", default=list(DEEDS)[1:])
    args = parser.parse_args()
    if args.deed:
        once(args.output, args.deed)
        return
    for count in args.sizes:
        if not (args.output / str(count) / "index.json").is_file():
            make(args.output / str(count), count)
    small, large = args.sizes
    before = {count: measured(args.output / str(count), "opened")[0] for count in args.sizes}
    for deed in args.only:
        peaks, seconds = {}, 0.0
        for count in args.sizes:
            peak, seconds = measured(args.output / str(count), deed)
            peaks[count] = peak - before[count]
        things, unit = large - small, "chip"
        if deed.startswith("sources"):
            things, unit = things // CHIPS_OF_A_SOURCE, "source"
        grown = (peaks[large] - peaks[small]) / things
        print(
            f"{deed:<18} {peaks[small] / 1e6:6.0f} MB at {small:,}, {peaks[large] / 1e6:6.0f} MB at"
            f" {large:,}: {grown:6.0f} bytes a {unit} more; {seconds:.2f} CPU s",
            flush=True,
        )


if __name__ == "__main__":
    main()
