"""Time and memory of `harma data audit` among many pictures, before and after, and that they agree.

Made pictures: the spectrum of natural ones, thirty kinds that look a little alike (so that, as
among real images, about one pair in ten thousand is looked at in detail), blends of two pictures
from one to the other, across the threshold, and copies: mirrored, turned, cropped, darker, noisy.
"Before" is every product of every part of a picture in every turn with every other picture.

Run: python benchmarks/audit_speed.py 10000 30000 --before
     python benchmarks/audit_speed.py 100000
     python benchmarks/audit_speed.py --folder DIR --before      # real images
     python benchmarks/audit_speed.py --read 2000                # time of reading JPEGs
"""

import argparse
import tempfile
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

from harma.curation.audit import copies as copies_module
from harma.curation.audit.candidates import BOXES, LEAST, PER_PAIR, Candidates, find_candidates
from harma.curation.audit.copies import find_copies
from harma.curation.audit.descriptors import WHOLE_IMAGE, descriptors, frequencies
from harma.curation.audit.looks import LOOK_SIDE, Looks, look_at
from harma.curation.audit.turns import TURNS, turned_box
from harma.ground.device import usable_cores

KINDS, ALIKE = 30, 0.62  # ALIKE: how strong what a kind has in common is, against what is its own
BATCH = 5_000
SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


def natural(rng, count):
    """Pictures (count, 64, 64) whose amplitudes fall with the frequency; deviation 1."""
    step = np.fft.fftfreq(LOOK_SIDE)
    fall = 1 / np.maximum(np.hypot(step[:, None], step[: LOOK_SIDE // 2 + 1]), 1 / LOOK_SIDE)
    noise = rng.standard_normal((count, LOOK_SIDE, LOOK_SIDE), dtype=np.float32)
    pictures = np.fft.irfft2(np.fft.rfft2(noise) * fall).astype(np.float32)
    return pictures / pictures.std(axis=(1, 2), keepdims=True)


def grey_of(pictures):
    return np.clip(128 + 40 * pictures, 0, 255).astype(np.uint8)


def cropped(grey, rng):
    top, left = rng.integers(0, 6, 2)
    bottom, right = LOOK_SIDE - rng.integers(0, 6, 2)
    part = Image.fromarray(grey[top:bottom, left:right])
    return np.asarray(part.resize((LOOK_SIDE, LOOK_SIDE), Image.Resampling.BICUBIC))


def changed(grey, number, rng):
    """A copy: of five kinds, one after the other."""
    noise = rng.normal(0, 8, grey.shape)
    return (
        lambda: grey[:, ::-1],
        lambda: np.rot90(grey),
        lambda: cropped(grey, rng),
        lambda: (0.7 * grey + 10).astype(np.uint8),
        lambda: np.clip(grey[::-1] + noise, 0, 255).astype(np.uint8),
    )[number % 5]()


def made(count):
    """(count, 64, 64): nine tenths on their own, the rest copies and blends of these."""
    rng = np.random.default_rng(0)
    grey = np.empty((count, LOOK_SIDE, LOOK_SIDE), np.uint8)
    kinds = natural(rng, KINDS)
    alone = count * 9 // 10
    for start in range(0, alone, BATCH):
        own = natural(rng, min(BATCH, alone - start))
        common = kinds[rng.integers(0, KINDS, len(own))]
        grey[start : start + len(own)] = grey_of((own + ALIKE * common) / np.hypot(1, ALIKE))
    for i in range(alone, count):
        first, second = rng.integers(0, alone, 2)
        if i % 2:
            grey[i] = changed(grey[first], i // 2, rng)
        else:
            share = rng.uniform(0.5, 1)
            grey[i] = share * grey[first] + (1 - share) * grey[second]
    return grey[rng.permutation(count)]


def every_product(grey, *, least=LEAST, num_workers=1, progress=None):
    """Candidates as they were found before: all products, nothing bounded."""
    keys = descriptors(frequencies(grey))
    signs = (-1.0) ** np.arange(8, dtype=np.float32)
    parts = []
    for start in range(0, len(grey), 512):
        for number, box in enumerate(BOXES):
            coefficients = frequencies(grey[start : start + 512], box)
            first_key = start if box == WHOLE_IMAGE else 0
            for turn, (transposed, down, across) in enumerate(TURNS):
                lying = coefficients.transpose(0, 2, 1) if transposed else coefficients
                lying = lying * (signs[:, None] if down else 1) * (signs if across else 1)
                query = descriptors(lying.astype(np.float32))
                for left in range(first_key, len(keys), 8192):
                    products = query @ keys[left : left + 8192].T
                    row, column = np.divmod(np.flatnonzero(products >= least), products.shape[1])
                    other = row + start != column + left
                    row, column = row[other], column[other]
                    same = np.full(len(row), turn), np.full(len(row), number)
                    parts.append((row + start, column + left, *same, products[row, column]))
    source, copy, turn, box, product = (np.concatenate(part) for part in zip(*parts, strict=True))
    low, high = np.minimum(source, copy), np.maximum(source, copy)
    order = np.lexsort((-product, high, low))
    new = np.r_[True, (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)][: len(order)]
    first = np.flatnonzero(new)
    rank = np.arange(len(order)) - np.repeat(first, np.diff(np.r_[first, len(order)]))
    best = order[rank < PER_PAIR]
    boxes = np.array([[turned_box(box, turn) for turn in TURNS] for box in BOXES])
    return Candidates(source[best], copy[best], turn[best], boxes[box[best], turn[best]])


def timed(function):
    wall, cpu = time.perf_counter(), time.process_time()
    value = function()
    return value, time.perf_counter() - wall, time.process_time() - cpu


@contextmanager
def memory_watched():
    """Yields a list that holds, at the end, the most gigabytes used beside those of the start."""
    pages = Path("/proc/self/statm")
    used = []
    done = threading.Event()

    def watch():
        while not done.wait(0.02):
            used.append(int(pages.read_text().split()[1]) * 4096 / 1e9)

    most = [int(pages.read_text().split()[1]) * 4096 / 1e9]
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield most
    finally:
        done.set()
        watcher.join()
        most.append(max(used, default=most[0]) - most[0])


def looks_of(grey):
    names = tuple(map(str, range(len(grey))))
    return Looks(grey, names, names, np.full((len(grey), 2), LOOK_SIDE))


def copies_by(find, grey, workers):
    """Copies, with the candidates and the times of finding these by a function, and of all."""
    kept = []

    def finding(*arguments, **options):
        kept.append(timed(lambda: find(*arguments, **options)))
        return kept[0][0]

    copies_module.find_candidates = finding
    copies, wall, cpu = timed(lambda: find_copies(looks_of(grey), num_workers=workers))
    candidates, wall_found, cpu_found = kept[0]
    return copies, candidates, (wall_found, cpu_found, wall, cpu)


def pairs_of(candidates):
    pairs = zip(candidates.source.tolist(), candidates.copy.tolist(), strict=True)
    return {tuple(sorted(pair)) for pair in pairs}


def compare(grey, workers, before):
    with memory_watched() as memory:
        copies, found, times = copies_by(find_candidates, grey, workers)
    print(
        f"{len(grey):,} images: candidates {times[0]:.1f} s wall, {times[1]:.1f} s CPU; all"
        f" {times[2]:.1f} s wall, {times[3]:.1f} s CPU; {len(found.source):,} looked at in detail,"
        f" {len(copies):,} pairs; {memory[1]:.2f} GB beside the pictures",
        flush=True,
    )
    if not before:
        return
    expected, plain, slow = copies_by(every_product, grey, workers)
    one = {(copy.first, copy.second) for copy in copies}
    other = {(copy.first, copy.second) for copy in expected}
    print(
        f"  before: candidates {slow[0]:.1f} s wall, {slow[1]:.1f} s CPU; all {slow[2]:.1f} s wall,"
        f" {slow[3]:.1f} s CPU. That is {slow[0] / times[0]:.1f} times in wall and"
        f" {slow[1] / times[1]:.1f} times in CPU for candidates. Candidates that differ:"
        f" {len(pairs_of(found) ^ pairs_of(plain))}; copies that differ: {len(one ^ other)}, in any"
        f" of their figures: {len(set(copies) ^ set(expected))}",
        flush=True,
    )


def reading(count, workers):
    with tempfile.TemporaryDirectory() as folder:
        paths = [Path(folder) / f"{i}.jpg" for i in range(count)]
        for path, grey in zip(paths, made(count), strict=True):
            Image.fromarray(grey).convert("RGB").resize((256, 256)).save(path, quality=90)
        _, wall, cpu = timed(lambda: look_at(paths, num_workers=workers))
    print(f"{count:,} JPEGs of 256 px: read in {wall:.1f} s wall, {cpu:.1f} s CPU")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("sizes", nargs="*", type=int)
    parser.add_argument("--before", action="store_true")
    parser.add_argument("--folder", type=Path)
    parser.add_argument("--read", type=int)
    parser.add_argument("--workers", type=int, default=usable_cores())
    args = parser.parse_args()
    for size in args.sizes:
        compare(made(size), args.workers, args.before)
    if args.folder:
        paths = sorted(p for p in args.folder.rglob("*") if p.suffix.lower() in SUFFIXES)
        compare(look_at(paths, num_workers=args.workers).grey, args.workers, args.before)
    if args.read:
        reading(args.read, args.workers)


if __name__ == "__main__":
    main()
