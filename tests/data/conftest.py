"""A small data set on disk, and what tests change in it."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from harma.data.description import DataDescription

HARMA = DataDescription(name="small", train=("train.json",), val=("val.json",), test=("test.json",))


class DataRoot:
    """A folder of annotations and images."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def image(self, name: str, seed: int = 0, size: tuple[int, int] = (10, 8)) -> Path:
        """Write a picture of (width, height) to the image folder."""
        path = self.path / "images" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        Image.fromarray(pixels).save(path)
        return path

    def json(self, name: str, content: Any) -> Path:
        """Write JSON."""
        return self.text(name, json.dumps(content))

    def text(self, name: str, content: str) -> Path:
        """Write text as it is."""
        path = self.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8"))
        return path


@pytest.fixture
def root(tmp_path: Path) -> DataRoot:
    """An empty data root."""
    return DataRoot(tmp_path)


@pytest.fixture
def small(root: DataRoot) -> DataRoot:
    """Train (2 images, 3 captions), val (1, 2) and test (1, 1), with all images.

    In the original's JSON.
    """
    for seed, name in enumerate(("a.png", "b.png", "c.png", "d.png")):
        root.image(name, seed)
    root.json(
        "train.json",
        [
            caption_row("a.png", 7, "A river."),
            caption_row("b.png", 3, "Two houses"),
            caption_row("a.png", 7, "A wide river"),
        ],
    )
    root.json("val.json", [{"image": "c.png", "caption": ["a bridge", "A bridge!"]}])
    root.json("test.json", [{"image": "d.png", "caption": ["a dock"]}])
    return root


def caption_row(image: str, image_id: int, caption: str, **more: Any) -> dict[str, Any]:
    """A row per caption."""
    return {"caption": caption, "image": image, "image_id": image_id, **more}


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """Makes a row per caption from image, image_id and caption."""
    return caption_row


@pytest.fixture
def harma() -> DataDescription:
    """The description of `small`."""
    return HARMA
