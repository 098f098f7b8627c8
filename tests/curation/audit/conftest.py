"""Scenes, copies of them, and a small data set with copies across its splits."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harma.curation.audit.audit import AuditedSet
from harma.data.description import DataDescription
from harma.data.synthetic import LOOKS, draw_scene, make_scene

DESCRIPTION = DataDescription(
    name="one", train=("train.json",), val=("val.json",), test=("test.json",)
)
NUM_SCENES = 24


@pytest.fixture(scope="session")
def scenes() -> list[Image.Image]:
    """Pictures of which none is a copy of another."""
    return [
        Image.fromarray(draw_scene(make_scene(np.random.default_rng(i)), LOOKS["summer"], 128))
        for i in range(NUM_SCENES)
    ]


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    """A picture after it was a JPEG."""
    buffer = io.BytesIO()
    image.save(buffer, "JPEG", quality=quality)
    return Image.open(io.BytesIO(buffer.getvalue()))


def written(images: list[Image.Image], folder: Path) -> list[Path]:
    """Files of pictures."""
    paths = []
    for number, image in enumerate(images):
        paths.append(folder / f"{number}.png")
        image.save(paths[-1])
    return paths


def write_picture(path: Path, seed: int) -> None:
    """A smooth picture; the same seed gives the same file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def source(tmp_path: Path) -> AuditedSet:
    """Train a, b, c; val d; test e. e is b, d is a; c is its own.

    "a field" is of a and b, and of e too.
    """
    root = tmp_path / "one"
    for name, seed in (("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 1)):
        write_picture(root / "images" / f"{name}.png", seed)
    train = [("a", "A field."), ("a", "a road"), ("b", "a field"), ("c", "a lake")]
    rows = [
        {"image": f"{image}.png", "caption": caption, "image_id": ord(image)}
        for image, caption in train
    ]
    (root / "train.json").write_text(json.dumps(rows))
    (root / "val.json").write_text(json.dumps([{"image": "d.png", "caption": ["a hill"]}]))
    (root / "test.json").write_text(
        json.dumps([{"image": "e.png", "caption": ["A field", "a house"]}])
    )
    return AuditedSet(DESCRIPTION, root)
