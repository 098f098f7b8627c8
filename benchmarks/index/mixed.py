"""Searches of threads and processes while another process adds, removes and optimizes.

    python benchmarks/index/mixed.py DIR [--minutes 60] [--threads 4] [--readers 2] [--pause 1]

An index of drawn scenes and of a small model. One process writes: it adds a scene, takes others
out, and optimizes now and then. Threads of one process share an index, which one of them
refreshes; further processes open it for each search, or hold one. Of searches one in five is
compared with brute force over all chips of the version that was searched. A line a minute says how
many were made, wrong or failed, and how much memory, files and disk are taken. Ends with status 1
if anything was wrong.
"""

import argparse
import json
import multiprocessing
import os
import random
import shutil
import sys
import threading
import time
from collections import Counter
from pathlib import Path

import numpy as np

from harma.index.ask import Page, Vector, Where
from harma.index.index import Index

EMBED_DIM = 16
CONFIG = {
    "embed_dim": EMBED_DIM,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2},
}
# Pixels of a scene and of a chip: 64 chips a scene.
SCENE, CHIP = 256, 32
CHECKED = 0.2
K = 10
# Scores are of float16.
TOLERANCE = 2e-3
OPTIMIZED_EVERY = 20


def write_scene(folder, number):
    """A scene of random fields, 500 m apart from the others, of its own date."""
    import rasterio
    from affine import Affine

    rng = np.random.default_rng(number)
    pixels = np.kron(rng.integers(30, 220, (3, 32, 32)), np.ones((1, 8, 8)))
    path = folder / f"scene{number:05d}_{2000 + number % 25}0601.tif"
    profile = {"driver": "GTiff", "width": SCENE, "height": SCENE, "count": 3, "dtype": "uint8"}
    transform = Affine(2, 0, 400_000 + number % 400 * 500, 0, -2, 5_000_000)
    with rasterio.open(path, "w", crs="EPSG:32631", transform=transform, **profile) as dataset:
        dataset.write(pixels.astype(np.uint8))
    return path


def write_on(place, scenes, stop, written, pause, pays):
    """Add, remove and optimize until it is enough."""
    import torch

    torch.set_num_threads(1)
    from harma.index import ann

    ann.PAYS = pays
    rng = random.Random(0)
    number = 10_000
    there = sorted(map(str, scenes.iterdir()))
    for turn in range(1, 1_000_000):
        if stop.is_set():
            return
        deed = rng.random()
        if turn % OPTIMIZED_EVERY == 0:
            Index.optimize(place, with_texts=False)
            written[2] += 1
        elif deed < 0.55 or len(there) < 20:
            number += 1
            path = write_scene(scenes, number)
            Index.add(place, [path], num_workers=0)
            there.append(str(path))
            written[0] += 1
        else:
            gone = there.pop(rng.randrange(len(there)))
            Index.remove(place, [gone])
            Path(gone).unlink()
            written[1] += 1
        stop.wait(pause)


def asked(rng):
    """A vector, and a condition for some."""
    vector = rng.standard_normal(EMBED_DIM).astype(np.float32)
    where = Where()
    kind = rng.integers(4)
    if kind == 1:
        year = int(rng.integers(2000, 2020))
        where = Where(date=(f"{year}-01-01", f"{year + 4}-12-31"))
    elif kind == 2:
        west = 1.5 + 2 * rng.random()
        where = Where(bbox=(west, 44.0, west + 0.6, 46.0))
    return vector / np.linalg.norm(vector), where


def brute_force(index, vector, where):
    """The best scores of all chips of a version that a condition admits."""
    from harma.index.filters import filter_of
    from harma.index.schema import embeddings_of

    condition = filter_of(where)
    table = index.store.rows(["id", "embedding", "geometry"], condition.where)
    if condition.area is not None and len(table):
        kept = condition.matches(table["geometry"].to_pylist())
        table = table.filter(np.asarray(kept))
    if not len(table):
        return np.empty(0)
    scores = embeddings_of(table) @ vector
    return np.sort(scores)[::-1][:K]


def search_once(index, rng, counts):
    """A search, compared with brute force now and then."""
    vector, where = asked(rng)
    is_checked = rng.random() < CHECKED
    # All that follows is of one version.
    held = index.held() if is_checked else index
    page = Page(k=K, overlap=None, exact=is_checked)
    hits = list(held.search(like=[Vector(vector.tolist())], **said(where, page)))
    counts["searches"] += 1
    scores = np.array([hit.score for hit in hits])
    if len({hit.id for hit in hits}) < len(hits) or (np.diff(scores) > 1e-6).any():
        counts["wrong"] += 1
        print(f"twice, or out of order: {[hit.id for hit in hits]}", flush=True)
    if is_checked:
        counts["checked"] += 1
        best = brute_force(held, vector, where)
        if len(best) != len(scores) or (np.abs(best - scores) > TOLERANCE).any():
            counts["wrong"] += 1
            print(f"wrong: {where}: {scores} for {best}", flush=True)


def said(where, page):
    """The options of a search."""
    options = {"k": page.k, "overlap": page.overlap, "exact": page.exact}
    if where.date is not None:
        options["date"] = where.date
    if where.bbox is not None:
        options["bbox"] = where.bbox
    return options


def search_on(place, number, num_threads, stop, results):
    """Search until it is enough; of several threads of one process the first refreshes."""
    counts = Counter()
    lock = threading.Lock()
    shared = Index.open(place)

    def thread(own):
        rng = np.random.default_rng([number, own])
        mine = Counter()
        while not stop.is_set():
            try:
                index = shared
                if num_threads == 1 and rng.random() < 0.5:
                    index = Index.open(place)
                    mine["opened"] += 1
                elif own == 0:
                    shared.refresh_if_changed()
                    mine["refreshed"] += 1
                search_once(index, rng, mine)
            except Exception as error:
                mine["failed"] += 1
                print(f"failed: {type(error).__name__}: {str(error)[:300]}", flush=True)
            time.sleep(0.02)
            if rng.random() < 0.05:
                with lock:
                    counts.update(mine)
                    mine.clear()
        with lock:
            counts.update(mine)

    threads = [threading.Thread(target=thread, args=[own]) for own in range(num_threads)]
    for one in threads:
        one.start()
    while any(one.is_alive() for one in threads):
        with lock:
            results.put((number, os.getpid(), dict(counts)))
        stop.wait(5)
        time.sleep(0.1)
    results.put((number, os.getpid(), dict(counts)))


def taken(pid):
    """Megabytes and file descriptors of a process."""
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6, len(
            list(Path(f"/proc/{pid}/fd").iterdir())
        )
    except OSError:
        return 0.0, 0


def on_disk(place):
    """Megabytes and files of an index."""
    sizes = []
    for path in place.rglob("*"):
        try:
            if path.is_file():
                sizes.append(path.stat().st_size)
        except OSError:
            continue
    return sum(sizes) / 1e6, len(sizes)


def made(folder):
    """An index of sixty scenes."""
    import torch

    from harma.backbones import load_backbone

    torch.manual_seed(0)
    load_backbone(CONFIG).save(folder / "model")
    scenes = folder / "scenes"
    scenes.mkdir()
    for number in range(60):
        write_scene(scenes, number)
    Index.build(folder / "archive", [scenes], folder / "model", size=CHIP, num_workers=0)
    return folder / "archive", scenes


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("directory", type=Path)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--readers", type=int, default=2)
    parser.add_argument("--pause", type=float, default=1.0, help="seconds between two writes")
    parser.add_argument(
        "--pays", type=int, default=3000, help="chips from which there is an ANN index"
    )
    parser.add_argument("--output", type=Path, help="a line of JSON a minute goes here")
    args = parser.parse_args()
    shutil.rmtree(args.directory, ignore_errors=True)
    args.directory.mkdir(parents=True)
    place, scenes = made(args.directory)
    context = multiprocessing.get_context("spawn")
    stop, written, results = context.Event(), context.Array("i", 3), context.Queue()
    writer = context.Process(
        target=write_on, args=(place, scenes, stop, written, args.pause, args.pays)
    )
    readers = [context.Process(target=search_on, args=(place, 0, args.threads, stop, results))]
    for number in range(args.readers):
        readers.append(
            context.Process(target=search_on, args=(place, number + 1, 1, stop, results))
        )
    processes = [writer, *readers]
    for process in processes:
        process.start()
    status = watch(args, place, processes, written, results, stop)
    for process in processes:
        process.join()
    sys.exit(status)


def watch(args, place, processes, written, results, stop):
    """Say every minute how it goes; the exit status."""
    start = time.monotonic()
    of_readers = {}
    while True:
        time.sleep(min(60.0, args.minutes * 60 / 3))
        is_last = time.monotonic() - start > args.minutes * 60
        if is_last:
            stop.set()
            for process in processes:
                process.join(60)
        while not results.empty():
            number, _, counts = results.get()
            of_readers[number] = counts
        total = sum(map(Counter, of_readers.values()), Counter())
        memory, files = zip(*(taken(one.pid) for one in processes), strict=True)
        megabytes, num_files = on_disk(place)
        row = {
            "minute": round((time.monotonic() - start) / 60, 1),
            **{name: total[name] for name in ("searches", "checked", "wrong", "failed", "opened")},
            "added": written[0],
            "removed": written[1],
            "optimized": written[2],
            "memory_mb": [round(one) for one in memory],
            "descriptors": files,
            "index_mb": round(megabytes, 1),
            "index_files": num_files,
        }
        print(json.dumps(row), flush=True)
        if args.output is not None:
            with args.output.open("a") as lines:
                lines.write(json.dumps(row) + "\n")
        if is_last or not processes[0].is_alive():
            is_right = not total["wrong"] and not total["failed"] and processes[0].exitcode == 0
            return 0 if is_right and total["searches"] else 1


if __name__ == "__main__":
    main()
