"""What thumbnails cost an index: room, scans, joining files, memory; with them and without.

    python benchmarks/index/thumbnails.py --output DIR [--chips 200000]

Made vectors of 512, thumbnails of random bytes as large as those of real scenes (1.4 kB) and of
noisy ones (4.6 kB). Each figure is of a process of its own: CPU seconds, and the peak of resident
memory above that of a process that has opened the index. "join" is what `harma index optimize` does
to a table of 64 files, without its ANN index.
"""

import argparse
import shutil
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from benchmarks.index.growth import chip

from harma.index.settings import Settings
from harma.index.store import Store
from harma.scenes.reading import Reading
from harma.scenes.windows import Tiling

DIM, FILES = 512, 64
SIZES = (0, 1400, 4600)


def make(directory, count, size):
    settings = Settings("none", None, "benchmark", DIM, Tiling(), Reading(), 0.5)
    store = Store.create(directory, settings)
    rng = np.random.default_rng(0)
    for numbers in np.array_split(np.arange(count), FILES):
        vectors = rng.standard_normal((len(numbers), DIM)).astype(np.float32)
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        chips = []
        for number in numbers.tolist():
            record = vars(chip(number)) | {"thumbnail": rng.bytes(size) or None}
            chips.append(type(chip(number))(**record))
        store.add_chips(chips, vectors)


def opened(store):
    assert store.count()


def scan(store):
    """As a search that compares every chip."""
    for block in store.blocks(["embedding"]):
        block.num_rows  # noqa: B018


def places(store):
    for block in store.blocks(["xmin", "ymin", "xmax", "ymax", "datetime", "source"]):
        block.num_rows  # noqa: B018


def join(store):
    store.compact()


DEEDS = {"opened": opened, "scan": scan, "places": places, "join": join}


def once(directory, deed):
    store = Store(directory)
    start = time.process_time()
    DEEDS[deed](store)
    seconds = time.process_time() - start
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text().splitlines())
    print(1024 * int(status["VmHWM"].split()[0]), seconds, flush=True)


def measured(directory, deed):
    command = [sys.executable, __file__, "--output", directory, "--deed", deed]
    answer = subprocess.run(command, capture_output=True, text=True, check=True)
    peak, seconds = answer.stdout.split()
    return int(peak), float(seconds)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--chips", type=int, default=200_000)
    parser.add_argument("--deed", choices=DEEDS, help=argparse.SUPPRESS)
    args = parser.parse_args()
    if args.deed:
        once(args.output, args.deed)
        return
    for size in SIZES:
        directory = args.output / str(size)
        shutil.rmtree(directory, ignore_errors=True)
        make(directory, args.chips, size)
        # The first reads from the disk, what follows from memory.
        measured(directory, "scan")
        room = Store(directory).num_bytes() / args.chips
        before, _ = measured(directory, "opened")
        told = []
        for deed in list(DEEDS)[1:]:
            peak, seconds = measured(directory, deed)
            told.append(f"{deed} {seconds:.2f} CPU s, {(peak - before) / 1e6:.0f} MB")
        print(
            f"thumbnails of {size:,} bytes: {room:,.0f} bytes a chip; {'; '.join(told)}", flush=True
        )
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
