"""A build that is killed at random moments ends as an undisturbed one, and is searched meanwhile.

    python benchmarks/index/killed.py SOURCE… --model MODEL --output DIR [--size 128] [--kills 20]

builds an index undisturbed, then another that is killed with SIGKILL at 20 random moments and given
again each time, while another process searches it. Ends with status 1 if a row differs or a search
failed.
"""

import argparse
import multiprocessing
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import fields
from pathlib import Path

import numpy as np

from harma.index.index import Index
from harma.index.records import ChipRecord
from harma.index.store import Store
from harma.index.verify import verify

EMBEDDING = 3e-3  # float16, and batches of other sizes


def command(args, directory):
    options = ["--model", args.model, "--size", str(args.size), "--num-workers", "1"]
    return [
        sys.executable,
        "-m",
        "harma",
        "index",
        "build",
        str(directory),
        *args.sources,
        *options,
    ]


def rows_of(directory):
    table = Store(directory).rows([field.name for field in fields(ChipRecord)] + ["embedding"])
    rows = sorted(table.drop(["embedding", "row_id"]).to_pylist(), key=lambda row: row["id"])
    order = np.argsort(table["id"].to_pylist())
    return rows, np.array(table["embedding"].to_pylist(), dtype=np.float32)[order]


def search_on(directory, stop, counts):
    """Search again and again: searches made, failed, and how many chips the last one saw."""
    rng = np.random.default_rng(0)
    while not stop.is_set():
        try:
            if (directory / "index.json").is_file():
                index = Index.open(directory)
                vector = rng.standard_normal(index.store.settings.embed_dim).astype(np.float32)
                hits = index.search(like=[vector], k=10, overlap=None)
                counts[0] += 1
                counts[2] = len(index)
                if len(hits) < min(10, len(index)) or len({hit.id for hit in hits}) < len(hits):
                    counts[1] += 1
        except Exception as error:
            counts[1] += 1
            print(f"search failed: {error!r}", flush=True)
        time.sleep(0.2)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("sources", nargs="+")
    parser.add_argument("--model", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--size", type=int, default=128)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    args = parser.parse_args()
    whole, killed = args.output / "whole", args.output / "killed"
    for directory in (whole, killed):
        shutil.rmtree(directory, ignore_errors=True)
    start = time.monotonic()
    subprocess.run(command(args, whole), check=False)
    needed = time.monotonic() - start
    expected, embeddings = rows_of(whole)
    print(f"undisturbed: {len(expected):,} chips in {needed:.0f} s")
    spawn = multiprocessing.get_context("spawn")
    stop, counts = spawn.Event(), spawn.Array("i", 3)
    searcher = spawn.Process(target=search_on, args=(killed, stop, counts))
    searcher.start()
    rng = random.Random(args.seed)
    done = disturb(args, killed, rng, needed)
    result = subprocess.run(command(args, killed), check=False)
    stop.set()
    searcher.join()
    found, got = rows_of(killed)
    problems = verify(Store(killed))
    same = found == expected and np.abs(got - embeddings).max() < EMBEDDING
    print(
        f"killed {done} times: {len(found):,} chips, the same rows: {same}; last build's status"
        f" {result.returncode}; verify: {problems or 'no problem'}; {counts[0]} searches meanwhile,"
        f" {counts[1]} failed"
    )
    sys.exit(0 if same and not problems and counts[0] and not counts[1] else 1)


def disturb(args, directory, rng, needed):
    """Kill builds at random moments of what is left to do."""
    for number in range(args.kills):
        process = subprocess.Popen(
            command(args, directory), stdout=subprocess.DEVNULL, start_new_session=True
        )
        # Starting takes some seconds each time; later kills come sooner, so that there is always
        # work left to disturb.
        moment = rng.uniform(0.5, max(8.0, needed * 0.35))
        try:
            process.wait(moment)
            print(f"build {number + 1} ended before it could be killed")
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            there = len(Index.open(directory)) if (directory / "index.json").is_file() else 0
            print(f"killed after {moment:.1f} s: {there:,} chips there", flush=True)
    return args.kills


if __name__ == "__main__":
    main()
