"""A build from JPEGs of 256 px against the bare model fed from memory, on a GPU or a CPU.

    python benchmarks/index/pictures.py --model ViT-L-14 --device cuda --precision bf16

Pictures are drawn and the model's weights are random. Both are measured in turn, in one process;
the ratio of each pair is shown, with the CPU time that the machine spent in the build.
"""

import argparse
import tempfile
import time
from multiprocessing import Pool
from pathlib import Path

import numpy as np
import psutil
from throughput import SIDE, drawn_model

# What is heavy is imported where it is used, as in the command line: workers import this file again
# when they start.


def draw(number, folder):
    """A JPEG of some 50 kB."""
    from PIL import Image

    rng = np.random.default_rng(number)
    coarse = rng.integers(0, 256, (32, 32, 3), dtype=np.uint8)
    smooth = Image.fromarray(coarse).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    values = np.asarray(smooth).astype(int) + rng.integers(-14, 14, (SIDE, SIDE, 3))
    picture = Image.fromarray(values.clip(0, 255).astype(np.uint8))
    picture.save(Path(folder) / f"{number}.jpg", quality=90)


def bare_rate(model, args):
    """Images a second, with pixels that lie where the model is."""
    import torch

    pixels = torch.randn(args.batch_size, 3, *model.preprocess.size, device=args.device)
    batches = args.pictures // args.batch_size
    with torch.inference_mode():
        model.encode_image(pixels)
        start = time.perf_counter()
        for _ in range(batches):
            last = model.encode_image(pixels)
        # A look at the numbers waits for all of them.
        last.cpu()
    return batches * args.batch_size / (time.perf_counter() - start)


def busy_seconds():
    """CPU seconds of the whole machine: those who read are no children of this process."""
    times = psutil.cpu_times()
    return times.user + times.system


def built_rate(model, settings, folder, directory, args):
    from harma.index.build import build
    from harma.scenes.sources import find_sources

    before = busy_seconds()
    outcome = build(
        directory,
        find_sources([folder]),
        model,
        settings,
        batch_size=args.batch_size,
        num_workers=args.num_workers,
    )
    assert outcome.num_added == args.pictures
    return args.pictures / outcome.seconds, busy_seconds() - before


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="ViT-B-32", help="an open_clip name, or a config")
    parser.add_argument("--pictures", type=int, default=768)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", default="float32")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--num-workers", type=int, default=1)
    parser.add_argument("--repeats", type=int, default=3)
    args = parser.parse_args()

    model, settings = drawn_model(args.model)
    model = model.to(args.device)
    model.precision = args.precision
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        pictures = Path(folder) / "pictures"
        pictures.mkdir()
        with Pool() as pool:
            pool.starmap(draw, [(number, pictures) for number in range(args.pictures)])
        for repeat in range(args.repeats):
            index = Path(folder) / f"index{repeat}"
            whole, cpu = built_rate(model, settings, pictures, index, args)
            alone = bare_rate(model, args)
            shares.append(whole / alone)
            print(
                f"{args.model}: build {whole:.1f} images/s, bare model {alone:.1f}:"
                f" {100 * whole / alone:.1f} %, {1000 * cpu / args.pictures:.2f} CPU ms a picture",
                flush=True,
            )
    print(f"median {100 * np.median(shares):.1f} %")


if __name__ == "__main__":
    main()
