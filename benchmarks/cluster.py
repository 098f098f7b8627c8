"""Builds on a Ray cluster: the rows of the local build whatever dies, and what the engine costs.

    python benchmarks/cluster.py --model MODEL --output DIR [--chips 5000] [--only same worker …]

Draws rasters, builds an index of them locally, and then again and again over a cluster of two hosts
in network namespaces (as root, with iproute2), with the index in a bucket on loopback (moto) or,
with `--folder`, in a shared folder:

    same        nothing happens
    worker      three times a worker is killed
    node        a host is killed, its raylet and all
    link        a host is cut off
    driver      the builder is killed twice, and the command given again
    away        the storage answers 503 for ten seconds
    unreadable  a scene cannot be read
    kills       20 kills at random moments of worker, node and builder
    overhead    one worker against the local build: CPU seconds and wall time, in turns
    two         two workers against one, wall time, in turns

Ends with status 1 if a row is lost, twice or other than the local one.
"""

import argparse
import os
import random
import resource
import shutil
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from benchmarks.two_hosts import TwoHosts, kill

from harma.index.fragments import orphans
from harma.index.schema import chip_schema, embeddings_of
from harma.index.store import Store
from harma.index.verify import verify

SIDE, CHIP, STRIDE = 640, 64, 0.5
CHIPS_OF_A_SCENE = 19 * 19
EMBEDDING = 3e-3  # float16, and batches of other sizes
SMALL_SHARD = 64


def draw(folder, count):
    """Rasters of noise on coarse patches: they compress little, and no two chips are alike."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        path = folder / f"scene{number:03d}_{2010 + number % 10}0601.tif"
        if path.is_file():
            continue
        rng = np.random.default_rng(number)
        coarse = rng.integers(20, 220, (3, SIDE // 40, SIDE // 40)).repeat(40, 1).repeat(40, 2)
        values = np.clip(coarse + rng.integers(-20, 20, (3, SIDE, SIDE)), 0, 255)
        place = Affine(2, 0, 500_000 + number * 2_000, 0, -2, 5_000_000)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=SIDE,
            height=SIDE,
            count=3,
            dtype="uint8",
            crs="EPSG:32631",
            transform=place,
            compress="deflate",
        ) as dataset:
            dataset.write(values.astype(np.uint8))


def rows_of(place):
    """Ids in order, all other columns, and embeddings."""
    store = Store(place)
    every = [*chip_schema(store.settings.embed_dim).names, *store.property_types()]
    names = [name for name in every if name != "embedding"]
    table = store.rows([*names, "embedding"])
    order = np.argsort(table["id"].to_pylist())
    table = table.take(order)
    return table.select(names).to_pylist(), embeddings_of(table)


def compare(place, expected, *, but=""):
    """What differs from the local build, in words; "" if nothing does."""
    rows, embeddings = expected
    kept = [number for number, row in enumerate(rows) if not but or but not in row["source"]]
    found, others = rows_of(place)
    ids = [row["id"] for row in found]
    wanted = [rows[number]["id"] for number in kept]
    if ids != wanted:
        return (
            f"{len(set(wanted) - set(ids))} lost, {len(set(ids) - set(wanted))} strange,"
            f" {len(ids) - len(set(ids))} twice"
        )
    columns = sum(row != rows[number] for row, number in zip(found, kept, strict=True))
    apart = float(np.abs(others - embeddings[kept]).max())
    problems = [] if but else verify(Store(place))
    if columns or apart > EMBEDDING or problems:
        return f"{columns} rows of other columns, embeddings {apart:.1e} apart, {problems[:2]}"
    return ""


class Bench:
    """What all runs share."""

    def __init__(self, args, bucket):
        self.args = args
        self.bucket = bucket
        self.scenes = args.output / "scenes"
        self.has_failed = False
        self.rng = random.Random(args.seed)

    def place(self, name):
        """Where an index goes, emptied."""
        if self.bucket is not None:
            return f"{self.bucket.address}/{name}"
        folder = self.args.output / name
        shutil.rmtree(folder, ignore_errors=True)
        return folder

    def command(self, place, *options, small=None, scenes=None):
        """A build; the size of its shards is said to it apart, so that many things can happen."""
        small = self.args.shard if small is None else small
        model = ["--model", self.args.model, "--size", str(CHIP), "--stride", str(STRIDE)]
        script = [sys.executable, __file__, "--drive", str(small), "index", "build"]
        return [*script, str(place), str(scenes or self.scenes), *model, *map(str, options)]

    def start(self, hosts, place, *options, **said):
        options = ["--engine", "ray", "--address", hosts.address, *options]
        command = [*hosts.inside(0), *self.command(place, *options, **said)]
        log = (self.args.output / "builds.log").open("ab")
        return subprocess.Popen(command, stdout=log, stderr=log, env=hosts.environment)

    def tell(self, name, place, text, *, but=""):
        wrong = compare(place, self.expected, but=but)
        self.has_failed |= bool(wrong)
        print(f"{name}: {text}; {wrong or 'rows equal'}{self.left(place)}", flush=True)

    def left(self, place):
        if self.bucket is not None:
            return ""
        folder = next(Path(place).glob("tables/*/chips.lance"))
        names = [path.name for path in (folder / "data").iterdir()]
        return f"; {len(names)} files, {len(orphans(Store(place).chips_address(), names))} orphans"


def watched(process, moment=lambda: False, every=0.2):
    """Wait for a build, or until a moment; its status, or None."""
    while process.poll() is None and not moment():
        time.sleep(every)
    return process.poll()


def num_chips(place):
    try:
        return Store(place).count()
    except Exception:
        return 0


def same(bench, hosts):
    place = bench.place("same")
    start = time.monotonic()
    status = watched(bench.start(hosts, place))
    bench.tell("same", place, f"status {status}, {time.monotonic() - start:.0f} s")


def worker(bench, hosts):
    place = bench.place("worker")
    process = bench.start(hosts, place)
    killed = 0
    for share in (0.1, 0.35, 0.6):
        watched(process, lambda share=share: num_chips(place) > share * bench.count)
        killed += hosts.kill(killed % 2, "ray::ShardWorker")
    bench.tell("worker", place, f"{killed} killed, status {watched(process)}")


def node(bench, hosts):
    place = bench.place("node")
    process = bench.start(hosts, place)
    watched(process, lambda: num_chips(place) > 0.2 * bench.count)
    hosts.kill(1, "raylet")
    bench.tell("node", place, f"raylet killed, status {watched(process)}")
    hosts.start_node(1)


def link(bench, hosts):
    place = bench.place("link")
    process = bench.start(hosts, place)
    watched(process, lambda: num_chips(place) > 0.2 * bench.count)
    hosts.cut(1)
    start = time.monotonic()
    status = watched(process)
    bench.tell("link", place, f"cut for good, status {status} {time.monotonic() - start:.0f} s on")


def driver(bench, hosts):
    place = bench.place("driver")
    there = []
    for share in (0.2, 0.5):
        process = bench.start(hosts, place)
        watched(process, lambda share=share: num_chips(place) > share * bench.count)
        kill_builder(process)
        there.append(num_chips(place))
    status = watched(bench.start(hosts, place))
    bench.tell("driver", place, f"killed at {there} chips, status {status}")


def away(bench, hosts):
    if bench.bucket is None:
        return
    place = bench.place("away")
    process = bench.start(hosts, place)
    watched(process, lambda: num_chips(place) > 0.2 * bench.count)
    bench.bucket.server.down_until = time.monotonic() + 10
    bench.tell("away", place, f"503 for ten seconds, status {watched(process)}")


def unreadable(bench, hosts):
    place = bench.place("unreadable")
    scene = sorted(bench.scenes.iterdir())[1]
    whole = scene.read_bytes()
    # Its head tells of pixels that are not there.
    scene.write_bytes(whole[: len(whole) // 2])
    status = watched(bench.start(hosts, place))
    scene.write_bytes(whole)
    bench.tell("unreadable", place, f"status {status}", but=scene.name)


def kills(bench, hosts):
    """Kills at random moments, in as many builds as they take; each waits for further chips."""
    done = Counter()
    number = 0
    while done.total() < bench.args.kills:
        number += 1
        place = bench.place(f"kills{number}")
        before = Counter(done)
        status = build_with_kills(bench, hosts, place, done)
        there = dict(done - before)
        bench.tell("kills", place, f"build {number}: {there} killed, status {status}")
    print(f"kills: {done.total()} in {number} builds: {dict(done)}", flush=True)


def build_with_kills(bench, hosts, place, done):
    """One build, until it is done: its status."""
    process = bench.start(hosts, place)
    while done.total() < bench.args.kills:
        is_late, there = after(120), num_chips(place)
        watched(process, lambda late=is_late, n=there: late() or num_chips(place) > n)
        watched(process, after(bench.rng.uniform(0, 2)), every=0.05)
        if process.poll() is not None:
            break
        what = bench.rng.choice(["worker", "worker", "builder", "node"])
        if what == "builder":
            kill_builder(process)
            process = bench.start(hosts, place)
        elif what == "node":
            hosts.kill(1, "raylet")
            hosts.start_node(1)
        elif not hosts.kill(bench.rng.randrange(2), "ray::ShardWorker"):
            continue
        done[what] += 1
    return watched(process)


def after(seconds):
    until = time.monotonic() + seconds
    return lambda: time.monotonic() > until


def kill_builder(process):
    """`ip netns exec` becomes the command itself."""
    kill(process.pid)
    process.wait()


def local_build(bench, scenes, place):
    """Wall and CPU seconds of a local build, with its readers."""
    shutil.rmtree(place, ignore_errors=True)
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    start = time.monotonic()
    command = bench.command(place, "--num-workers", 0, scenes=scenes)
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    wall = time.monotonic() - start
    now = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, now.ru_utime + now.ru_stime - before.ru_utime - before.ru_stime


def cluster_build(bench, hosts, scenes, place, workers, every=0.1):
    """Wall and CPU seconds of a build on the cluster, with all of its processes."""
    shutil.rmtree(place, ignore_errors=True)
    before = hosts.cpu_seconds()
    start = time.monotonic()
    options = ["--workers", workers, "--num-workers", 0]
    process = bench.start(hosts, place, *options, small=0, scenes=scenes)
    # The builder is one of the processes of its host.
    status = watched(process, hosts.look, every=every)
    assert status == 0, status
    wall = time.monotonic() - start
    return wall, hosts.cpu_seconds() - before


def overhead(bench, hosts):
    """Two sizes, in turns: what a chip costs, and what the start costs beside it."""
    few, many = bench.args.output / "few", bench.args.output / "many"
    draw(few, 4)
    draw(many, 4 + bench.args.more)
    more = bench.args.more * CHIPS_OF_A_SCENE
    place = bench.args.output / "overhead"
    ratios = []
    for turn in range(bench.args.turns):
        here = [local_build(bench, scenes, place) for scenes in (few, many)]
        there = [cluster_build(bench, hosts, scenes, place, 1) for scenes in (few, many)]
        chips = [1000 * (large[1] - small[1]) / more for small, large in (here, there)]
        walls = [1000 * (large[0] - small[0]) / more for small, large in (here, there)]
        ratios.append(chips[1] / chips[0])
        print(
            f"overhead, turn {turn + 1}: CPU ms a chip {chips[0]:.2f} local, {chips[1]:.2f} with"
            f" one worker of Ray: {ratios[-1]:.2f}; wall {walls[0]:.2f}, {walls[1]:.2f}:"
            f" {walls[1] / walls[0]:.2f}; start: CPU {here[0][1]:.0f} s local,"
            f" {there[0][1]:.0f} s Ray; wall {here[0][0]:.0f}, {there[0][0]:.0f} s",
            flush=True,
        )
    print(f"overhead: median {np.median(ratios):.2f}", flush=True)


def two(bench, hosts):
    """Two workers against one, two sizes, in turns: wall time of a chip."""
    few, many = bench.args.output / "few", bench.args.output / "many"
    draw(few, 4)
    draw(many, 4 + bench.args.more)
    more = bench.args.more * CHIPS_OF_A_SCENE
    place = bench.args.output / "two"
    for turn in range(bench.args.turns):
        walls = []
        for workers in (1, 2):
            # Looking takes a fifth of a core, which two workers need.
            small, large = (
                cluster_build(bench, hosts, scenes, place, workers, every=0.5)
                for scenes in (few, many)
            )
            walls.append(1000 * (large[0] - small[0]) / more)
        print(
            f"two, turn {turn + 1}: wall ms a chip {walls[0]:.2f} one, {walls[1]:.2f} two:"
            f" {walls[0] / walls[1]:.2f} times; load {os.getloadavg()[0]:.1f}",
            flush=True,
        )


RUNS = {
    run.__name__: run
    for run in (same, worker, node, driver, away, unreadable, kills, overhead, two, link)
}


def drive(small, command):
    """The command line with shards of another size; 0 leaves it as it is."""
    from harma.cli import main as harma
    from harma.index.engines import shards

    if int(small):
        shards.FIRST_CHIPS = shards.MOST_CHIPS = int(small)
    sys.exit(harma(command))


def main():
    if sys.argv[1:2] == ["--drive"]:
        drive(sys.argv[2], sys.argv[3:])
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--chips", type=int, default=5000)
    parser.add_argument("--shard", type=int, default=SMALL_SHARD, help="chips of a shard")
    parser.add_argument("--more", type=int, default=16, help="scenes, of what the engine costs")
    parser.add_argument("--turns", type=int, default=2)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--folder", action="store_true", help="the index in a shared folder")
    parser.add_argument("--only", nargs="+", choices=RUNS, default=list(RUNS))
    args = parser.parse_args()
    args.output = args.output.resolve()
    with TwoHosts() as hosts:
        server = None if args.folder else Bucket(hosts)
        hosts.start()
        bench = Bench(args, server)
        draw(bench.scenes, -(-args.chips // CHIPS_OF_A_SCENE))
        place = args.output / "local"
        if not (place / "index.json").is_file():
            local_build(bench, bench.scenes, place)
        bench.expected = rows_of(place)
        bench.count = len(bench.expected[0])
        print(f"local: {bench.count:,} chips", flush=True)
        for name in args.only:
            RUNS[name](bench, hosts)
    sys.exit(1 if bench.has_failed else 0)


class Bucket:
    """A server of S3 on the bridge, and the environment that finds it."""

    def __init__(self, hosts):
        from tests.buckets import BucketServer

        self.server = BucketServer(hosts.gateway)
        environment = self.server.environment()
        os.environ.update(environment)
        hosts.environment.update(environment)
        self.server.make_bucket("archive")
        self.address = "s3://archive"


if __name__ == "__main__":
    main()
