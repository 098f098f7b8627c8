"""Parts of a build, made by hand: sources, tasks, blocks, and a model that sees the mean colour."""

import numpy as np
import rasterio
import torch
from affine import Affine
from tests.index.made import chip

from harma.backbones import Preprocess
from harma.index.batches import ChipBlock
from harma.index.look import Surveyed
from harma.index.plan import PlannedSource
from harma.index.reading import Task
from harma.index.settings import Settings
from harma.scenes.reading import Reading
from harma.scenes.scene import SceneFacts
from harma.scenes.source import Source
from harma.scenes.windows import Tiling

FACTS = SceneFacts("scene.tif", 40, 10, "EPSG:32631", 2.0, None, (3, 2, 1), "named", "0-9")


def settings(**values):
    """Settings of chips of 10 pixels, but for what is said."""
    usual = {
        "model": "none",
        "backbone": None,
        "model_id": "made",
        "embed_dim": 3,
        "tiling": Tiling(size=10),
        "reading": Reading(),
        "max_nodata": 0.5,
    }
    return Settings(**{**usual, **values})


def surveyed(name="a.tif", count=4, *, content="c", **values):
    """A source of `count` chips of 10 pixels, as it was looked at."""
    windows = Tiling(size=10).windows(10 * count, 10, None) if count else None
    return Surveyed(Source(name, name), 7, 8, content, FACTS, windows, **values)


def planned(name="a.tif", count=4, *, content="c", record=None, **values):
    """A source that is to be read."""
    return PlannedSource(surveyed(name, count, content=content, record=record), **values)


def block(name="a.tif", numbers=(0, 1), *, content="c", count=4, skipped=0, problem=""):
    """What was done for windows of a source; the last `skipped` of them are nodata."""
    task = Task(Source(name, name), content, tuple(numbers), count)
    if problem:
        return ChipBlock(task, [], np.empty((0, 3), np.float32), 0, None, problem)
    numbers = numbers[: len(numbers) - skipped]
    chips = [
        chip(id=f"{name} {content} {number}", source=name, content=content, column=10 * number)
        for number in numbers
    ]
    embeddings = np.tile(np.float32([0.6, 0.8, 0]), (len(chips), 1))
    return ChipBlock(task, chips, embeddings, skipped, FACTS)


class MeanColor:
    """Embeds a picture as its mean colour, and notes the sizes of its batches."""

    preprocess = Preprocess((10, 10), (0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
    embed_dim = 3
    device = torch.device("cpu")

    def __init__(self):
        self.batches = []

    def encode_image(self, pixels):
        self.batches.append(len(pixels))
        return pixels.mean(dim=(2, 3))


def write_stripes(path, colors, *, side=10, nodata=None):
    """A GeoTIFF of squares in a row, each of one grey value."""
    values = np.repeat(np.array(colors, dtype=np.uint8), side)
    values = np.broadcast_to(values, (3, side, len(values)))
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=values.shape[2],
        height=side,
        count=3,
        dtype="uint8",
        nodata=nodata,
        crs="EPSG:32631",
        transform=Affine(2, 0, 500_000, 0, -2, 5_000_000),
    ) as dataset:
        dataset.write(values)
    return path
