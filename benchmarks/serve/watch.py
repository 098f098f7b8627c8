"""Watches on an index of very many chips: seconds, memory and room on disk of each run.

    python -m benchmarks.serve.watch INDEX [--text "a harbour"] [--standing likely]

The index is one of `benchmarks.serve.enlarged`; it is copied, as scenes are added.
"""

import argparse
import resource
import shutil
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from benchmarks.serve.enlarged import CHIPS_OF_SCENE, chip, record

from harma.index.index import Index
from harma.index.schema import embeddings_of
from harma.index.store import Store
from harma.searches.book import SearchBook
from harma.searches.database import DATABASE_FILE
from harma.searches.records import Watch
from harma.searches.watches import WatchBook
from harma.searches.watching import run_watch


def main():
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("index", type=Path)
    parser.add_argument("--text", default="a harbour")
    parser.add_argument("--standing", default="likely")
    parser.add_argument("--scenes", type=int, default=1, help="that are added")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=args.index.parent) as folder:
        directory = Path(folder) / "index"
        shutil.copytree(args.index, directory)
        measure(directory, args)


def measure(directory, args):
    """Runs of one watch: the first, one of nothing new, one of new scenes, and again."""
    index = Index.open(directory)
    index.search("warm up", k=1)
    print(f"{len(index):,} chips, {memory():,.0f} MB when the model and the index are open")
    with SearchBook.open(directory) as searches:
        search = searches.create("watched", {"text": args.text}).id
        WatchBook(searches.database).put(Watch(search, args.standing))
        told("first run", directory, index, searches, search)
        told("nothing new", directory, index, searches, search)
        add(Store(directory), args.scenes)
        told(f"{args.scenes} new scenes", directory, index, searches, search)
        told("nothing new", directory, index, searches, search)


def told(what, directory, index, searches, search):
    """One run."""
    start = time.perf_counter()
    run = run_watch(index, searches, search)
    seconds = time.perf_counter() - start
    room = sum(file.stat().st_size for file in directory.glob(f"{DATABASE_FILE}*")) / 1e6
    print(
        f"{what:<14} {seconds:6.1f} s  {memory():6,.0f} MB  database {room:5.1f} MB "
        f" {len(run.events):,} events of {run.num_scenes:,} scenes  {run.problem}",
        flush=True,
    )


def add(store, count):
    """Add scenes whose chips are like others of the index."""
    first = store.count()
    offsets = list(range(CHIPS_OF_SCENE))
    embeddings = embeddings_of(store.at(offsets, ["embedding"]))
    for scene in range(count):
        name = f"/scenes/new{scene}.tif"
        numbers = range(first + scene * CHIPS_OF_SCENE, first + (scene + 1) * CHIPS_OF_SCENE)
        chips = [replace(chip(number, b"jpeg"), source=name) for number in numbers]
        store.add_chips(chips, embeddings)
        store.put_sources([record(name)])


def memory():
    """The most memory that this process has had, MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
