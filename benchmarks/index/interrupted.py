"""Splits and merges that are killed again and again: what they make in the end, row by row.

    python benchmarks/index/interrupted.py --output DIR [--kills 10] [--seed 0]

An index of 20,000 made chips is split by region, and the shards are merged, by processes that are
killed (SIGKILL) at random moments after their first block of chips, `--kills` times each, with
blocks and commits of some hundred chips. All rows and records are then those of the index.
"""

import argparse
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.index.growth import make

from harma.index import copying
from harma.index.merge_indexes import merge_indexes
from harma.index.split import Sharding, split_index
from harma.index.store import Store

CHIPS = 20_000
# Of a process that has begun, seconds at most.
LIFE = 0.6


def told(what, done, _total):
    print(what, done, flush=True)


def work(root, deed):
    """In a process of its own, in small steps."""
    copying.READ_ROWS, copying.WAITING_ROWS, copying.FILES_BETWEEN = 200, 400, 20
    if deed == "split":
        split_index(root / "index", root / "split", Sharding("region", 20), progress=told)
    else:
        merge_indexes(sorted((root / "split").iterdir()), root / "merge", progress=told)


def started(root, deed):
    """A process that has begun to copy; how far an earlier one had come."""
    command = [sys.executable, __file__, "--output", root, "--deed", deed]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=os.environ)
    for line in process.stdout:
        if line.startswith("copying"):
            return process, int(line.split()[1])
    return process, None


def contents(stores):
    """All rows by id, as text, and all records of sources."""
    rows, records = {}, {}
    count = 0
    for store in stores:
        for block in store.blocks(copying.copied_columns(store)):
            for row in block.drop_columns(["row_id"]).to_pylist():
                rows[row["id"]] = str(sorted(row.items()))
                count += 1
        records |= store.sources()
    return rows, records, count


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--kills", type=int, default=10)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--deed", choices=("split", "merge"), help=argparse.SUPPRESS)
    args = parser.parse_args()
    root = args.output
    if args.deed:
        work(root, args.deed)
        return
    shutil.rmtree(root, ignore_errors=True)
    make(root / "index", CHIPS)
    rows, records, _ = contents([Store(root / "index")])
    random.seed(args.seed)
    for deed in ("split", "merge"):
        began = []
        for _ in range(args.kills):
            process, done = started(root, deed)
            time.sleep(random.uniform(0, LIFE))
            process.kill()
            process.communicate()
            began.append(done)
        process, done = started(root, deed)
        process.communicate()
        assert process.returncode == 0
        made = [root / deed]
        if deed == "split":
            made = sorted((root / deed).iterdir())
        found, found_records, count = contents([Store(place) for place in made])
        print(
            f"{deed}: {args.kills} kills, begun at {began}, ended from {done}: rows equal"
            f" {found == rows}, {count - len(rows)} too many; records equal"
            f" {found_records == records}",
            flush=True,
        )


if __name__ == "__main__":
    main()
