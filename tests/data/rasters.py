"""A data set of 16-bit images, a few of each split; the brightest are in test alone."""

import json

import numpy as np
import rasterio

LEVELS = {"train": (200, 500, 900), "val": (1500,), "test": (2500,)}


def write_rasters(folder):
    """Write images of a few levels, and their captions: the data set's description."""
    (folder / "images").mkdir()
    for split, levels in LEVELS.items():
        rows = []
        for level in levels:
            name = f"{split}{level}.tif"
            ramp = np.linspace(level, level + 400, 32 * 32).reshape(32, 32)
            values = np.stack([ramp, ramp.T, ramp[::-1]]).astype(np.uint16)
            with rasterio.open(
                folder / "images" / name,
                "w",
                driver="GTiff",
                width=32,
                height=32,
                count=3,
                dtype="uint16",
            ) as dataset:
                dataset.write(values)
            rows.append({"image": name, "caption": [f"level {level}"], "label": 0})
        if split == "train":
            rows = [
                {**row, "caption": row["caption"][0], "image_id": n} for n, row in enumerate(rows)
            ]
        (folder / f"{split}.json").write_text(json.dumps(rows))
    return describe(folder)


def describe(folder, more=""):
    path = folder / "data.yaml"
    path.write_text("format: harma\ntrain: train.json\nval: val.json\ntest: test.json\n" + more)
    return path
