"""A folder as a reader of the pages has it, everything in it small and made here.

Data sets, weights and scenes that a person must fetch have stand-ins of the same layout: drawn
scenes under the names of RSITMD, RSICD and UCM-Captions, a CLIP of width 32, a checkpoint in the
released layout, GeoTIFFs of two years.
"""

from pathlib import Path

import geopandas
import numpy as np
import rasterio
import shapely
import torch
import yaml
from affine import Affine
from PIL import Image

from harma import HarMA
from harma.backbones import load_backbone
from harma.data.synthetic import LOOKS, draw_scene, make_scene, make_scenes
from harma.methods.harma.config import AdapterConfig
from harma.original.names import join_released, write_released

# The original's config of RSITMD with CLIP, with the keys that its files have (SPEC 4).
ORIGINAL = {
    "train_file": ["data/rsitmd/rsitmd_train.json"],
    "val_file": "data/rsitmd/rsitmd_val.json",
    "test_file": "data/rsitmd/rsitmd_test.json",
    "image_root": "data/rsitmd/images",
    "image_res": 224,
    "batch_size_train": 107,
    "batch_size_test": 64,
    "batch_size_test_text": 64,
    "embed_dim": 512,
    "temp1": 0.07,
    "temp2": 0.07,
    "model": "vit",
    "is_harma": True,
    "optimizer": {"opt": "adamW", "lr": 4e-4, "weight_decay": 0.04, "lr_mult": 2},
    "schedular": {"sched": "linear", "epochs": 50, "num_warmup_steps": 0.1},
}


def make_stand_in(folder: Path, tiny: dict) -> None:
    """Fill `folder`; `tiny` is an open_clip config."""
    _data_sets(folder)
    _pictures(folder)
    _models(folder, tiny)
    _scenes(folder / "scenes", years=(2009, 2020), places=2)
    _scenes(folder / "more", years=(2021,), places=1)
    _tiles(folder / "tiles.parquet")
    (folder / "benchmarks").symlink_to(Path(__file__).resolve().parents[2] / "benchmarks")


def _data_sets(folder: Path) -> None:
    for seed, name in enumerate(("rsitmd", "rsicd", "ucm", "mine")):
        root = folder / "data" / name
        # A whole batch of what benchmarks/ucm and benchmarks/dual.py train with.
        make_scenes(
            root, train=64 if name == "ucm" else 16, val=4, test=4, size=32, captions=2, seed=seed
        )
        for split in ("train", "val", "test"):
            new = folder / f"{split}.json" if name == "mine" else root / f"{name}_{split}.json"
            (root / f"{split}.json").rename(new)
        (folder / name.upper()).symlink_to(root)
    (folder / "data" / "mine" / "images").rename(folder / "images")
    (folder / "DIR").symlink_to(folder / "data" / "rsicd" / "images")
    (folder / "rsicd_train.json").symlink_to(folder / "data" / "rsicd" / "rsicd_train.json")


def _pictures(folder: Path) -> None:
    drawn = sorted((folder / "images").rglob("*.png"))
    (folder / "photos").mkdir()
    for source, name in zip(
        drawn,
        ("a.tif", "b.tif", "tile.png", "example.png", "photo.jpg", "photos/c.png"),
        strict=False,
    ):
        Image.open(source).save(folder / name)
    (folder / "captions.txt").write_text("a bridge over a river\na dense forest\n")
    (folder / "classes.txt").write_text("forest\nresidential\nriver\nharbour\n")


def _models(folder: Path, tiny: dict) -> None:
    torch.manual_seed(0)
    (folder / "tiny.yaml").write_text(yaml.safe_dump(tiny))
    load_backbone(tiny).save(folder / "runs" / "b")
    (folder / "RUN").symlink_to(folder / "runs" / "b")
    released = HarMA(load_backbone(tiny), adapters=AdapterConfig(variant="released"))
    state = join_released(released.backbone.weights(), released.adapter_state())
    write_released(folder / "rsitmd_geo.pth", state, {})
    (folder / "configs").mkdir()
    (folder / "configs" / "Retrieval_rsitmd_vit.yaml").write_text(yaml.safe_dump(ORIGINAL))


def _scenes(folder: Path, *, years: tuple[int, ...], places: int) -> None:
    """GeoTIFFs near 51.4° N 4.4° E, the same places in each year."""
    folder.mkdir()
    for year in years:
        for place in range(places):
            picture = draw_scene(
                make_scene(np.random.default_rng((year, place))), LOOKS["summer"], 256
            )
            with rasterio.open(
                folder / f"place{place}_{year}0601.tif",
                "w",
                driver="GTiff",
                width=256,
                height=256,
                count=3,
                dtype="uint8",
                crs="EPSG:32631",
                transform=Affine(2, 0, 600_000 + place * 600, 0, -2, 5_700_000),
            ) as dataset:
                dataset.write(np.moveaxis(picture, -1, 0))


def _tiles(path: Path) -> None:
    """Embeddings of another program."""
    rng = np.random.default_rng(0)
    geopandas.GeoDataFrame(
        {
            "tile": ["p", "q", "r"],
            "taken": ["2020-05-01", "2020-06-01", "2021-05-01"],
            "embedding": [rng.normal(size=16).astype(np.float32) for _ in range(3)],
        },
        geometry=[shapely.box(4.8 + i / 10, 52.3, 4.9 + i / 10, 52.4) for i in range(3)],
        crs="EPSG:4326",
    ).to_parquet(path)
