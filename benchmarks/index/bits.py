"""What reading wrongly costs: recall of the demo's scenes, stored in 16 bits, through an index.

    harma demo --output DEMO
    python benchmarks/index/bits.py --demo DEMO --output DIR [--by-scene]

The test pictures of the demo's first look are stored as 8-bit GeoTIFFs and as uint16 ones, each
picture a file: values times a scale, reflectance with an offset, and blue, green, red and near
infrared under PlanetScope's names. Each set is indexed, a chip per picture, and every caption is
searched exactly: the scores make the matrix that recall is counted in. `--by-scene` reads with a
stretch per file and band, as HarMA did before there was one range for an archive.
"""

import argparse
import json
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from PIL import Image

from harma.data.captions import clean_caption
from harma.index.build import build, default_settings
from harma.index.index import Index
from harma.metrics import retrieval_metrics
from harma.model.saved import load
from harma.scenes.reading import Reading
from harma.scenes.sources import find_sources
from harma.scenes.stretch_rule import parse_stretch
from harma.scenes.windows import Tiling

LOOK = "summer"


def in_16_bits(scale, offset=0):
    """How values of 8 bits are stored in 16."""
    return lambda bands: np.round(bands.astype(float) * scale + offset).astype(np.uint16)


def planet(bands):
    """Blue, green, red, near infrared; values as surface reflectance times 10,000, up to 0.3."""
    red, green, blue = np.round(bands.astype(float) * 3000 / 255).astype(np.uint16)
    return np.stack([blue, green, red, (red // 2 + green)])


# Name of a set → what becomes of bands of 8 bits (3, H, W), and the names of its files.
STORED = {
    "8 bit": (lambda bands: bands, "scene{:03}.tif"),
    "uint16 x 257": (in_16_bits(257), "scene{:03}.tif"),
    "uint16 x 16": (in_16_bits(16), "scene{:03}.tif"),
    "uint16 x 12.3": (in_16_bits(12.3), "scene{:03}.tif"),
    "uint16 x 11.76 + 100": (in_16_bits(11.76, 100), "scene{:03}.tif"),
    "PlanetScope AnalyticMS": (planet, "20210601_{:06}_1040_3B_AnalyticMS.tif"),
    "PlanetScope AnalyticMS_SR": (planet, "20210601_{:06}_1040_3B_AnalyticMS_SR.tif"),
}


def store(folder, pictures, change, name):
    """Write pictures as GeoTIFFs side by side: their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for number, picture in enumerate(pictures):
        bands = change(np.moveaxis(picture, -1, 0))
        path = folder / name.format(number)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=bands.shape[2],
            height=bands.shape[1],
            count=len(bands),
            dtype=bands.dtype,
            crs="EPSG:32631",
            transform=Affine(3, 0, 500_000 + 1000 * number, 0, -3, 5_000_000),
        ) as dataset:
            dataset.write(bands)
        paths.append(path)
    return paths


def recall(directory, paths, captions, owners, model, reading):
    """Metrics of all captions through an index of the files, and how the first file was read."""
    settings = default_settings(
        model, "demo", None, tiling=Tiling(size=None), reading=reading, max_nodata=1.0
    )
    outcome = build(directory, find_sources(paths), model, settings, num_workers=0)
    assert not outcome.problems, outcome.problems
    index = Index.open(directory, model=model)
    rows = index.store.rows(["source", "embedding"])
    place = {str(path.absolute()): number for number, path in enumerate(paths)}
    embeddings = np.zeros((len(paths), model.embed_dim), dtype=np.float32)
    for source, vector in zip(
        rows["source"].to_pylist(), rows["embedding"].to_pylist(), strict=True
    ):
        embeddings[place[source]] = vector
    texts = model.embed_texts(captions)
    metrics = retrieval_metrics(embeddings @ texts.T, owners)
    first = index.store.sources()[str(paths[0].absolute())]
    return metrics, {"bands": first.bands, "reason": first.bands_reason, "stretch": first.stretch}


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--demo", type=Path, required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--by-scene", action="store_true")
    args = parser.parse_args()
    reading = Reading()
    if args.by_scene:
        reading = Reading(stretch=parse_stretch("scene:2,98"))
    data = args.demo / "scenes" / LOOK
    rows = json.loads((data / "test.json").read_text(encoding="utf-8"))
    pictures = [
        np.asarray(Image.open(data / "images" / row["image"]).convert("RGB")) for row in rows
    ]
    captions = [clean_caption(text) for row in rows for text in row["caption"]]
    owners = np.repeat(np.arange(len(rows)), [len(row["caption"]) for row in rows])
    model = load(args.demo / "clip")
    results = {}
    for name, (change, file_name) in STORED.items():
        folder = args.output / name.replace(" ", "_")
        paths = store(folder / "scenes", pictures, change, file_name)
        metrics, read = recall(folder / "index", paths, captions, owners, model, reading)
        results[name] = {"t2i_R@5": metrics["t2i_R@5"], "mR": metrics["mR"], **read}
        print(
            f"{name}: t2i R@5 {metrics['t2i_R@5']:.1f}, mR {metrics['mR']:.1f}, {read}", flush=True
        )
    text = json.dumps(results, indent=2)
    (args.output / "bits.json").write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
