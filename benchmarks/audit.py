"""Recall of `harma data audit` on planted copies of real images, and pairs that nobody planted.

Run: python benchmarks/audit.py FOLDER [--count 500] [--thresholds 0.7 0.82 0.9]
"""

import argparse
import io
import tempfile
import time
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from harma.curation.audit.copies import THRESHOLD, find_copies
from harma.curation.audit.looks import look_at
from harma.scenes.picture import read_image

SUFFIXES = (".jpg", ".jpeg", ".png", ".tif", ".tiff")


def jpeg(image, quality):
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=int(quality))
    return Image.open(io.BytesIO(buffer.getvalue())).convert("RGB")


def resized(image, factor):
    return image.resize(
        [max(8, round(side * factor)) for side in image.size], Image.Resampling.BICUBIC
    )


def cropped(image, rng, most):
    (width, height), (left, top, right, bottom) = image.size, rng.uniform(0, most, 4)
    return image.crop(
        [round(v) for v in (left * width, top * height, (1 - right) * width, (1 - bottom) * height)]
    )


def kinds(rng):
    return {
        "re-encoded, JPEG 30 to 95": lambda image: jpeg(image, rng.integers(30, 96)),
        "re-encoded, JPEG 30": lambda image: jpeg(image, 30),
        "resized, 0.5 to 2": lambda image: resized(image, rng.uniform(0.5, 2)),
        "cropped, up to 5 % a side": lambda image: cropped(image, rng, 0.05),
        "cropped, up to 8 % a side": lambda image: cropped(image, rng, 0.08),
        "mirrored left to right": ImageOps.mirror,
        "mirrored upside down": ImageOps.flip,
        "turned by 90°": lambda image: image.transpose(Image.Transpose.ROTATE_90),
        "turned by 270°": lambda image: image.transpose(Image.Transpose.ROTATE_270),
        "mirrored, cropped 5 %, resized, JPEG 40 to 90": lambda image: jpeg(
            resized(cropped(ImageOps.mirror(image), rng, 0.05), rng.uniform(0.5, 2)),
            rng.integers(40, 91),
        ),
    }


def measure(folder, count, thresholds):
    rng = np.random.default_rng(0)
    originals = sorted(path for path in folder.rglob("*") if path.suffix.lower() in SUFFIXES)
    chosen = rng.choice(len(originals), min(count, len(originals)), replace=False)
    with tempfile.TemporaryDirectory() as directory:
        paths, source, planted = list(originals), list(range(len(originals))), {}
        for kind, plant in kinds(rng).items():
            planted[kind] = range(len(paths), len(paths) + len(chosen))
            for i in chosen:
                path = Path(directory) / f"{len(paths)}.png"
                plant(read_image(originals[i])).save(path, compress_level=1)
                paths.append(path)
                source.append(i)
        start = time.perf_counter()
        looks = look_at(paths, num_workers=2)
        read = time.perf_counter() - start
    start = time.perf_counter()
    copies = find_copies(looks, threshold=min(thresholds))
    print(
        f"{len(paths):,} images: read in {read:.0f} s, compared in"
        f" {time.perf_counter() - start:.0f} s"
    )
    for threshold in thresholds:
        found = {(copy.first, copy.second) for copy in copies if copy.agreement >= threshold}
        # Of equal pixels only the first is compared further: their original stands for them.
        same = {copy.second: copy.first for copy in copies if copy.kind != "near"}
        print(f"agreement from {threshold}")
        for kind, numbers in planted.items():
            pairs = [
                tuple(sorted((same.get(source[i], source[i]), same.get(i, i)))) for i in numbers
            ]
            hits = sum(first == second or (first, second) in found for first, second in pairs)
            print(f"  {kind:<48} recall {hits / len(pairs):.3f}")
        among = [pair for pair in found if pair[1] < len(originals)]
        wrong = [
            pair
            for pair in found
            if source[pair[0]] != source[pair[1]] and pair[1] >= len(originals)
        ]
        print(
            f"  pairs that nobody planted: {len(among):,} among originals, {len(wrong):,} with a"
            " planted image"
        )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=500)
    parser.add_argument("--thresholds", type=float, nargs="+", default=[0.7, THRESHOLD, 0.9])
    args = parser.parse_args()
    measure(args.folder, args.count, args.thresholds)


if __name__ == "__main__":
    main()
