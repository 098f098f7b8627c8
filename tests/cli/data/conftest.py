"""A small data set, for the actions of `harma data`."""

import json

import numpy as np
import pytest
from PIL import Image


@pytest.fixture
def data(tmp_path):
    """A description whose test image is a train image turned by 90°."""
    (tmp_path / "images").mkdir()
    for i in range(4):
        pixels = np.random.default_rng(i).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((40, 40), Image.Resampling.BICUBIC).save(
            tmp_path / "images" / f"{i}.png"
        )
    turned = Image.open(tmp_path / "images" / "0.png").transpose(Image.Transpose.ROTATE_90)
    turned.save(tmp_path / "images" / "t.png")
    rows = [
        {
            "image": f"{i}.png",
            "caption": "Two storage tanks.",
            "image_id": i,
            "label_name": "ab"[i % 2],
        }
        for i in range(4)
    ]
    (tmp_path / "train.json").write_text(json.dumps(rows))
    (tmp_path / "test.json").write_text(
        json.dumps([{"image": "t.png", "caption": ["a storage tank"]}])
    )
    (tmp_path / "data.yaml").write_text("name: mine\ntrain: train.json\ntest: test.json\n")
    return str(tmp_path / "data.yaml")
