"""Images a second that a core reads for a model of 224 pixels: JPEG and GeoTIFF, in CPU seconds.

    python benchmarks/reading.py [--size 2048] [--repeats 3] [--images DIR]

Pictures and rasters are drawn, or made of a folder's. What is counted is all that a build does with
an image but the model and the writing: looking at the source, reading, cutting, the thumbnail,
resizing, and mean and std. The least of several rounds in turn is shown, since other work on the
machine can only add; beside it how many cores feed an H100 that embeds 16,775 images a second, and
what share of an engine's speed is left to a build where reading and engine share all cores.

`--embeddings MODEL` says what decoding large JPEGs at a smaller scale does to embeddings.
"""

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import rasterio
import torch
from affine import Affine
from PIL import Image

from harma.backbones import Preprocess
from harma.index.known_sources import KnownSources
from harma.index.plan import PlannedSource
from harma.index.reading import SceneCache, chips_at_once, least_side, read
from harma.index.settings import Settings
from harma.index.survey import survey
from harma.model.embedding import embed_pixels, eval_resize_of
from harma.model.pixels import BatchPixels
from harma.scenes.picture import read_scaled
from harma.scenes.reading import Reading
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling

PREPROCESS = Preprocess((224, 224))
# Images a second: of an H100 (docs/results.md), and of a core with float32, bf16, int8 (ViT-B/32).
H100 = 16_775
ENGINES = {"float32": 60, "bf16": 120, "int8": 210}
SMALL = 256


def drawn(size):
    """A picture of blocks and noise, which compress about as aerial images do."""
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 256, (size // 16, size // 16, 3), dtype=np.uint8)
    return coarse.repeat(16, axis=0).repeat(16, axis=1) ^ rng.integers(
        0, 16, (size, size, 3), dtype=np.uint8
    )


def mosaic(folder, size):
    """A picture made of those of a folder."""
    side = size // SMALL
    files = sorted(folder.rglob("*.jpg"))
    chosen = [files[at] for at in np.linspace(0, len(files) - 1, side * side).astype(int)]
    tiles = [np.asarray(Image.open(file).convert("RGB").resize((SMALL, SMALL))) for file in chosen]
    rows = [np.concatenate(tiles[at : at + side], axis=1) for at in range(0, side * side, side)]
    return np.concatenate(rows)


def write_raster(path, values, **options):
    """A GeoTIFF of bands (3, H, W)."""
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[2],
        height=values.shape[1],
        count=3,
        dtype=values.dtype,
        crs="EPSG:32631",
        transform=Affine(0.5, 0, 500_000, 0, -0.5, 5_000_000),
        compress="deflate",
        **options,
    ) as dataset:
        dataset.write(values)
    return [path]


def write_cases(folder, picture):
    """What is read: name → files, how they are cut."""
    size = len(picture)
    small = []
    for number in range((size // SMALL) ** 2):
        row, column = divmod(number, size // SMALL)
        top, left = SMALL * row, SMALL * column
        small.append(folder / f"small{number}.jpg")
        part = picture[top : top + SMALL, left : left + SMALL]
        Image.fromarray(part).save(small[-1], quality=90)
    large = [folder / "large.jpg"]
    times = -(-4000 // size)
    Image.fromarray(np.tile(picture, (times, times, 1))[:4000, :4000]).save(large[0], quality=90)
    bands = np.moveaxis(picture, -1, 0)
    tiles = {"tiled": True, "blockxsize": 256, "blockysize": 256}
    strips = {"tiled": False, "blockysize": 16}
    values = bands.astype(np.uint16) * 12 + 100
    tiled = write_raster(folder / "tiled.tif", bands, **tiles)
    striped = write_raster(folder / "striped.tif", bands, **strips)
    deep = write_raster(folder / "16.tif", values, predictor=2, **tiles)
    whole, cut = Tiling(size=None), Tiling(size=SMALL)
    return {
        "JPEG, 256 px": (small, whole),
        "JPEG, 4000 px, as one": (large, whole),
        "JPEG, 4000 px, cut": (large, cut),
        "GeoTIFF in tiles": (tiled, cut),
        "GeoTIFF in tiles, chips overlap by half": (tiled, Tiling(size=SMALL, stride=0.5)),
        "GeoTIFF in strips, chips overlap by half": (striped, Tiling(size=SMALL, stride=0.5)),
        "GeoTIFF in tiles, 16 bit": (deep, cut),
    }


def milliseconds(files, tiling):
    """CPU milliseconds an image."""
    settings = Settings("none", None, "none", 1, tiling, Reading(), max_nodata=0.5)
    sources = find_sources([str(path) for path in files])
    resize = eval_resize_of(PREPROCESS)
    pixels_of = BatchPixels(PREPROCESS, torch.device("cpu"))
    scenes = SceneCache(least_side(settings, PREPROCESS))
    num_chips = 0
    start = time.process_time()
    for surveyed in survey(sources, KnownSources(None), tiling, settings.reading, num_workers=1):
        for task in PlannedSource(surveyed).tasks(chips_at_once(settings.tiles)):
            chips = read(task, settings, resize, scenes)
            assert not chips.problem, chips.problem
            pixels_of(chips.pixels)
            num_chips += len(chips.chips)
    scenes.close()
    return 1000 * (time.process_time() - start) / num_chips


def least_cosine(model, picture, folder):
    """Of embeddings of large JPEGs as they are decoded now, to those of all their pixels."""
    resize = eval_resize_of(model.preprocess)
    pixels_of = BatchPixels(model.preprocess, model.device)
    side = 2 * max(model.preprocess.size)
    for size in (2 * side, 4 * side):
        both = []
        for least in (None, side):
            resized = []
            for number in range(8):
                path = folder / f"{size}-{number}.jpg"
                turned = Image.fromarray(np.roll(picture, 100 * number, axis=1))
                turned.resize((size, size), Image.Resampling.BICUBIC).save(path, quality=90)
                rgb = np.array(read_scaled(path, least).rgb)
                resized.append(resize(torch.from_numpy(rgb).permute(2, 0, 1)))
            both.append(embed_pixels(model, pixels_of(torch.stack(resized))))
        print(f"{size} px at 1/{size // side}: least cosine {(both[0] * both[1]).sum(1).min():.5f}")


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--size", type=int, default=2048, help="side of rasters, pixels")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--images", type=Path, help="JPEGs of which all is made")
    parser.add_argument("--embeddings", metavar="MODEL")
    args = parser.parse_args()
    torch.set_num_threads(1)
    picture = mosaic(args.images, args.size) if args.images else drawn(args.size)
    with tempfile.TemporaryDirectory() as name:
        cases = write_cases(Path(name), picture)
        rounds = []
        for _ in range(args.repeats):
            rounds.append([milliseconds(*case) for case in cases.values()])
        shares = "".join(f"  {engine:>8}" for engine in ENGINES)
        print(f"{'':42}   ms  images/s  cores for an H100{shares}")
        for case, used in zip(cases, np.min(rounds, axis=0), strict=True):
            left = [1000 / rate / (1000 / rate + used) for rate in ENGINES.values()]
            said = "".join(f"  {100 * share:6.0f} %" for share in left)
            rate = 1000 / used
            print(f"{case:42} {used:5.2f} {rate:8.0f}  {H100 / rate:17.1f}{said}", flush=True)
        if args.embeddings:
            from harma.model.saved import load

            least_cosine(load(args.embeddings), picture, Path(name))


if __name__ == "__main__":
    main()
