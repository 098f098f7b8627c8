"""Search of an index in a bucket against the same in a folder: times, requests, bytes a query.

    python -m benchmarks.index.bucket --output DIR --chips 65536 --delay 0 30

The server is on loopback, in the process that counts; a client of its own opens the index,
searches once (cold) and goes on (warm), by vectors that it has not asked for, and then by those
again. `--delay` makes each answer wait, as a network does. The index is made once (of the vectors
of `large.py`; with an ANN index from 50,000 chips on), kept in DIR, and served from there.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.index import large

# Chips of a page, and of the area that a filter names.
K = 10
FILTER = {"bbox": (0.0, 0.0, 40.0, 40.0)}
SEED = 1005


def client(place, num_queries):
    """Search, and say a line after each phase; go on when a line comes."""
    from harma.index.ask import Vector
    from harma.index.index import Index

    first, *others = large.World().images(SEED, num_queries + 1).tolist()
    start = time.perf_counter()
    index = Index.open(place)
    told("open", [time.perf_counter() - start])

    def asked(phase, vectors, where):
        seconds = []
        for vector in vectors:
            start = time.perf_counter()
            assert len(index.search(like=[Vector(vector)], k=K, **where)) == K
            seconds.append(time.perf_counter() - start)
        told(phase, seconds)

    for phase, where in (("plain", {}), ("filtered", FILTER)):
        asked(f"first {phase}", [first], where)
        asked(phase, others, where)
        asked(f"{phase}, again", others, where)


def told(phase, seconds):
    print(json.dumps({"phase": phase, "seconds": seconds}), flush=True)
    sys.stdin.readline()


def measured(place, server, num_queries, environment):
    """Phase → median milliseconds, requests and kilobytes of a query."""
    module = [sys.executable, "-m", "benchmarks.index.bucket"]
    process = subprocess.Popen(
        [*module, "--output", "", "--client", str(place), "--queries", str(num_queries)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    rows = {}
    server.reset()
    for line in process.stdout:
        said = json.loads(line)
        seconds = said["seconds"]
        rows[said["phase"]] = {
            "ms": 1000 * statistics.median(seconds),
            "requests": server.num_requests / len(seconds),
            "kB": server.num_sent / len(seconds) / 1000,
        }
        server.reset()
        process.stdin.write("\n")
        process.stdin.flush()
    assert process.wait() == 0
    return rows


def make(directory, num_chips):
    from harma.index.ann import PAYS
    from harma.index.ann_tuning import make_ann
    from harma.index.settings import Settings
    from harma.index.store import Store
    from harma.scenes.reading import Reading
    from harma.scenes.windows import Tiling

    world = large.World()
    settings = Settings("none", None, "benchmark", large.DIM, Tiling(), Reading(), 0.5)
    store = Store.create(directory, settings)
    large.write(store, world, 0, num_chips)
    if num_chips >= PAYS:
        print(make_ann(store, world.texts(large.TUNING_SEED, 64)))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--chips", type=int, default=1 << 16)
    parser.add_argument("--queries", type=int, default=30)
    parser.add_argument("--delay", type=float, nargs="*", default=[0.0], help="milliseconds")
    parser.add_argument("--client", help="used by the benchmark itself")
    args = parser.parse_args()
    if args.client:
        client(args.client, args.queries)
        return
    from benchmarks.index.read_bucket import ReadBucket

    local = args.output / str(args.chips)
    if not (local / "index.json").is_file():
        make(local, args.chips)
    server = ReadBucket(args.output)
    places = [("folder", local, 0.0)]
    places += [(f"bucket +{ms:g} ms", f"s3://benchmark/{args.chips}", ms) for ms in args.delay]
    for name, place, delay in places:
        server.delay = delay / 1000
        rows = measured(place, server, args.queries, server.environment())
        for phase, row in rows.items():
            print(
                f"{name:<14} {phase:<15} {row['ms']:8.1f} ms {row['requests']:7.1f} requests"
                f" {row['kB']:9.1f} kB",
                flush=True,
            )
    server.close()


if __name__ == "__main__":
    main()
