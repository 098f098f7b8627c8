"""Fixtures shared by all tests."""

from pathlib import Path

import numpy as np
import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

SHARED = Path(__file__).resolve().parents[2] / "shared"

# Width 32, two blocks, 32 px: big enough for every code path.
TINY = {
    "embed_dim": 16,
    "vision_cfg": {"image_size": 32, "patch_size": 16, "width": 32, "layers": 2, "head_width": 8},
    "text_cfg": {"context_length": 77, "vocab_size": 49408, "width": 32, "heads": 4, "layers": 2},
}
COLORS = {
    "red": (200, 40, 40),
    "green": (40, 180, 60),
    "blue": (40, 60, 200),
    "white": (230, 230, 230),
}


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
def vocabulary(tmp_path_factory) -> Path:
    """A vocab.txt that has every word of `tiny_data`, and single letters and digits."""
    words = [
        *COLORS,
        "a",
        "roof",
        "field",
        "number",
        "train",
        "val",
        "test",
        *(f"##{i}" for i in range(10)),
    ]
    tokens = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *words, *map(str, range(10)), "##s"]
    path = tmp_path_factory.mktemp("vocabulary") / "vocab.txt"
    path.write_text("\n".join(dict.fromkeys(tokens)) + "\n")
    return path


@pytest.fixture
def tiny_dual(vocabulary) -> dict:
    """A description of a Swin with shifted windows and a BERT.

    Widths are 16 and 32; each stage and tower has two blocks.
    """
    return {
        "image": {
            "timm": "swin_tiny_patch4_window7_224",
            "weights": None,
            "img_size": 32,
            "embed_dim": 16,
            "depths": [2, 1],
            "num_heads": [2, 2],
            "window_size": 4,
        },
        "text": {
            "transformers": {
                "vocab_size": 40,
                "hidden_size": 32,
                "num_hidden_layers": 2,
                "num_attention_heads": 2,
                "intermediate_size": 48,
                "max_position_embeddings": 40,
            },
            "tokenizer": str(vocabulary),
            "context_length": 16,
        },
        "embed_dim": 16,
    }


@pytest.fixture(scope="session")
def tiny_data(tmp_path_factory) -> Path:
    """A data set of coloured squares in the original's JSON.

    It has 24 train, 8 val and 8 test images, with two captions each.
    """
    import json

    from PIL import Image

    root = tmp_path_factory.mktemp("tiny")
    (root / "images").mkdir()
    rng = np.random.default_rng(0)
    names = list(COLORS)
    for split, count in (("train", 24), ("val", 8), ("test", 8)):
        rows = []
        for i in range(count):
            label = i % len(names)
            name = names[label]
            noisy = np.array(COLORS[name]) + rng.integers(-25, 25, (40, 40, 3))
            pixels = np.clip(noisy, 0, 255).astype(np.uint8)
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
        "name: tiny\nformat: harma\nimages: images\n"
        "train: train.json\nval: val.json\ntest: test.json\n"
    )
    return root


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A tiny model, and where it can be loaded from."""
    import torch

    from harma.backbones import load_backbone
    from harma.model.model import HarMA

    torch.manual_seed(0)
    directory = tmp_path_factory.mktemp("model")
    backbone = load_backbone(TINY)
    backbone.save(directory / "m")
    return HarMA(load_backbone(f"local-dir:{directory / 'm'}")).eval(), str(directory / "m")


@pytest.fixture
def write_scenes():
    """Write synthetic scenes as GeoTIFFs side by side, with the date in the name."""
    import rasterio
    from affine import Affine

    from harma.data.synthetic import LOOKS, draw_scene, make_scene

    def write(folder: Path, count: int, *, size: int = 96, first: int = 0) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for i in range(first, first + count):
            picture = draw_scene(make_scene(np.random.default_rng(i)), LOOKS["summer"], size)
            path = folder / f"scene{i}_{2010 + i % 10}0601.tif"
            with rasterio.open(
                path,
                "w",
                driver="GTiff",
                width=size,
                height=size,
                count=3,
                dtype="uint8",
                crs="EPSG:32631",
                transform=Affine(2, 0, 500_000 + i * 200, 0, -2, 5_000_000),
            ) as dataset:
                dataset.write(np.moveaxis(picture, -1, 0))
            paths.append(path)
        return paths

    return write


@pytest.fixture
def build_index(model, tmp_path):
    """Build or update an index of what is named."""
    from harma.index.build import build, default_settings
    from harma.scenes.reading import Reading
    from harma.scenes.sources import find_scenes
    from harma.scenes.windows import Tiling

    usual = {"tiling": Tiling(size=32), "reading": Reading(), "max_nodata": 0.5}

    def make(*named, directory=None, engine=None, **options):
        loaded, name = model
        settings = default_settings(loaded, name, None, **{**usual, **options})
        return build(
            directory or tmp_path / "index",
            find_scenes(named),
            loaded,
            settings,
            num_workers=0,
            engine=engine,
        )

    return make


@pytest.fixture
def serve():
    """Serve a folder on loopback as a web server does, ranges of bytes too; queries are ignored."""
    from tests.servers import FolderServer

    servers = []

    def start(folder: Path, **options) -> str:
        server = FolderServer(folder, **options)
        servers.append(server)
        return server.base

    yield start
    for server in servers:
        server.close()
