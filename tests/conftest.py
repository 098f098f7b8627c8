"""Fixtures shared by all tests."""

from pathlib import Path

import numpy as np
import pytest

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Width 32, two blocks, 32 px: big enough for every code path.
TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2},
}
COLORS = {"red": (200, 40, 40), "green": (40, 180, 60), "blue": (40, 60, 200), "white": (230, 230, 230)}


@pytest.fixture(scope="session")
def shared_dir() -> Path:
    """The shared folder beside the checkout (golden data, real images)."""
    if not SHARED.is_dir():
        pytest.skip("the shared folder is not beside this checkout")
    return SHARED


@pytest.fixture
def tiny_config() -> dict:
    """An open_clip config of width 32 with two blocks."""
    return {**TINY, "vision_cfg": dict(TINY["vision_cfg"]), "text_cfg": dict(TINY["text_cfg"])}


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """A data set of coloured squares in the original's JSON: 24 train, 8 val, 8 test images, two captions each."""
    import json

    from PIL import Image

    root = tmp_path_factory.mktemp("tiny")
    (root / "images").mkdir()
    rng = np.random.default_rng(0)
    for split, count in (("train", 24), ("val", 8), ("test", 8)):
        rows = []
        for i in range(count):
            (name, color), label = list(COLORS.items())[i % 4], i % 4
            pixels = np.clip(np.array(color) + rng.integers(-25, 25, (40, 40, 3)), 0, 255).astype(np.uint8)
            file = f"{split}_{i}.png"
            Image.fromarray(pixels).save(root / "images" / file)
            texts = [f"A {name} roof, number {i}.", f"{name} field {split} {i}"]
            shared = {"image": file, "label_name": name, "label": label}
            if split == "train":
                rows += [{"caption": text, "image_id": i, **shared} for text in texts]
            else:
                rows.append({"caption": texts, **shared})
        (root / f"{split}.json").write_text(json.dumps(rows))
    (root / "data.yaml").write_text(
        "name: tiny\nformat: harma\nimages: images\ntrain: train.json\nval: val.json\ntest: test.json\n"
    )
    return root
