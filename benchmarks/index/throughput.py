"""Images per second of an index build against the bare model fed from memory (ViT-B/32, float32).

    python benchmarks/index/throughput.py [--chips 768] [--repeats 3]

A GeoTIFF is drawn; building reads it, cuts it, resizes and embeds its chips and writes the table.
The bare model embeds as many images that lie in memory. Both are measured in turn, in one process,
and the ratio of each pair is shown.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine

# What is heavy is imported where it is used, as in the command line: workers import this file again
# when they start.

SIDE, ACROSS = 256, 16


def draw(path, chips):
    """A tiled, compressed GeoTIFF of so many chips."""
    rng = np.random.default_rng(0)
    height, width = SIDE * (chips // ACROSS), SIDE * ACROSS
    smooth = rng.integers(0, 256, (3, height // 16, width // 16), dtype=np.uint8)
    values = np.repeat(np.repeat(smooth, 16, axis=1), 16, axis=2) ^ rng.integers(
        0, 16, (3, height, width), np.uint8
    )
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=width,
        height=height,
        count=3,
        dtype="uint8",
        crs="EPSG:32631",
        tiled=True,
        transform=Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000),
        compress="deflate",
    ) as dataset:
        dataset.write(values)


def drawn_model(name="ViT-B-32"):
    """A model with random weights, and the settings of an index of chips."""
    from harma.backbones import load_backbone
    from harma.index.build import default_settings
    from harma.model.model import HarMA
    from harma.scenes.reading import Reading
    from harma.scenes.windows import Tiling

    model = HarMA(load_backbone(name, pretrained=False)).eval()
    settings = default_settings(
        model, name, None, tiling=Tiling(size=SIDE), reading=Reading(), max_nodata=0.5
    )
    return model, settings


def bare(model, chips, batch_size):
    import torch

    pixels = torch.randn(batch_size, 3, 224, 224)
    start = time.perf_counter()
    with torch.inference_mode():
        for _ in range(chips // batch_size):
            model.encode_image(pixels)
    return chips / (time.perf_counter() - start)


def built(model, settings, source, directory, args):
    from harma.index.build import build
    from harma.scenes.sources import find_sources

    outcome = build(
        directory,
        find_sources([source]),
        model,
        settings,
        batch_size=args.batch_size,
        num_workers=1,
    )
    assert outcome.num_added == args.chips
    return outcome.num_added / outcome.seconds


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--chips", type=int, default=768)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--batch-size", type=int, default=64)
    args = parser.parse_args()
    model, settings = drawn_model()
    shares = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "scene.tif"
        draw(source, args.chips)
        bare(model, args.batch_size, args.batch_size)
        for repeat in range(args.repeats):
            whole = built(model, settings, source, Path(folder) / f"index{repeat}", args)
            alone = bare(model, args.chips, args.batch_size)
            shares.append(whole / alone)
            print(
                f"build {whole:.1f} images/s, bare model {alone:.1f} images/s:"
                f" {100 * whole / alone:.1f} %",
                flush=True,
            )
    print(f"median {100 * np.median(shares):.1f} %")


if __name__ == "__main__":
    main()
