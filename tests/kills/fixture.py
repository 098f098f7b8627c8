"""What the commands work on: two tiny models, scenes, a data set, an archive, runs, a download."""

import hashlib
import json
import shutil
import signal
import zipfile
from pathlib import Path

import numpy as np
import yaml
from tests.conftest import COLORS, TINY

DOWNLOAD = "made.zip"


def make_all(folder):
    """Make all of it in a new folder; in a forked process."""
    folder.mkdir(parents=True)
    _make_models(folder)
    _write_scenes(folder / "scenes", range(6))
    _write_scenes(folder / "more", range(6, 9))
    shutil.copytree(folder / "scenes", folder / "moved")
    _write_data(folder / "data")
    (folder / "recipe.yaml").write_text(yaml.safe_dump(_recipe(folder)))
    (folder / "lora.yaml").write_text(yaml.safe_dump({**_recipe(folder), **_lora()}))
    (folder / "plan.yaml").write_text(yaml.safe_dump(_plan(folder)))
    _write_download(folder / "served")


def make_by_commands(folder):
    """What commands make of it; in a forked process."""
    from harma.cli import main

    build = ["--model", folder / "model", "--size", 32, "--num-workers", 0]
    for words in (
        ["index", "build", folder / "archive", folder / "scenes", *build],
        ["index", "build", folder / "other", folder / "more", *build],
        ["index", "build", folder / "scattered", folder / "scenes", *build],
        ["index", "add", folder / "scattered", folder / "more", "--num-workers", 0],
        ["index", "remove", folder / "scattered", "*scene2*"],
        ["index", "export", folder / "archive", folder / "export.parquet"],
        ["index", "export", folder / "other", folder / "older.parquet"],
    ):
        assert main(list(map(str, words))) == 0, words
    # Older results, in whose place new ones are written.
    (folder / "exported").mkdir()
    shutil.copy(folder / "older.parquet", folder / "exported" / "out.parquet")


def make_runs(folder):
    """The runs that some commands take; in a forked process."""
    from harma.cli import main

    for recipe, run in (("recipe.yaml", "run"), ("lora.yaml", "lora_run")):
        words = ["train", str(folder / recipe), "--output", str(folder / run)]
        assert main(words) == 0, words


def _make_models(folder):
    import torch

    from harma.backbones import load_backbone

    for seed, name in enumerate(("model", "model2")):
        torch.manual_seed(seed)
        load_backbone(TINY).save(folder / name)


def _write_scenes(folder, numbers):
    import rasterio
    from affine import Affine

    folder.mkdir()
    for number in numbers:
        rng = np.random.default_rng(number)
        low = rng.integers(30, 220, (3, 12, 12))
        pixels = np.kron(low, np.ones((1, 8, 8))) + rng.integers(-9, 9, (3, 96, 96))
        with rasterio.open(
            folder / f"scene{number}_{2010 + number}0601.tif",
            "w",
            driver="GTiff",
            width=96,
            height=96,
            count=3,
            dtype="uint8",
            crs="EPSG:32631",
            transform=Affine(2, 0, 500_000 + number * 200, 0, -2, 5_000_000),
        ) as dataset:
            dataset.write(np.clip(pixels, 0, 255).astype(np.uint8))


def _write_data(root):
    from PIL import Image

    (root / "images").mkdir(parents=True)
    rng = np.random.default_rng(0)
    for split, count in (("train", 24), ("val", 8), ("test", 8)):
        rows = []
        for number in range(count):
            label = number % len(COLORS)
            name = list(COLORS)[label]
            noisy = np.array(COLORS[name]) + rng.integers(-25, 25, (40, 40, 3))
            file = f"{split}_{number}.png"
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(root / "images" / file)
            texts = [f"A {name} roof, number {number}.", f"{name} field {split} {number}"]
            shared = {"image": file, "label_name": name, "label": label}
            if split == "train":
                rows += [{"caption": text, "image_id": number, **shared} for text in texts]
            else:
                rows.append({"caption": texts, **shared})
        (root / f"{split}.json").write_text(json.dumps(rows))
    (root / "data.yaml").write_text(
        "name: tiny\nformat: harma\nimages: images\n"
        "train: train.json\nval: val.json\ntest: test.json\n"
    )


def _recipe(folder):
    return {
        "method": "harma",
        "backbone": f"local-dir:{folder / 'model'}",
        "adapter": {"bottleneck_dim": 16, "num_heads": 8},
        "data": {
            "name": str(folder / "data" / "data.yaml"),
            "batch_size": 8,
            "num_workers": 0,
            "cache": "none",
        },
        "loss": {"terms": {"contrastive": 1.0, "weighted_triplet": 0.1}},
        "optim": {"lr": 1e-2},
        "train": {"epochs": 3, "accelerator": "cpu", "log_every": 1, "report": False},
    }


def _lora():
    return {"method": "lora", "adapter": {}, "options": {"rank": 2}}


def _plan(folder):
    recipe = _recipe(folder)
    recipe["train"] = {**recipe["train"], "epochs": 2}
    # Narrow heads are slow at 77 positions, and nothing depends on them here.
    recipe["adapter"] = {**recipe["adapter"], "num_heads": 2}
    methods = {"harma": None, "wide": {"adapter": {"bottleneck_dim": 32}}}
    return {"recipe": recipe, "methods": methods, "seeds": [1], "jobs": 1}


def _write_download(folder):
    folder.mkdir()
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(folder / DOWNLOAD, "w") as archive:
        for number in range(6):
            archive.writestr(f"images/{number}.bin", rng.bytes(20_000))


def serve(folder, address):
    """Serve the download until the process ends; its address is written to a file."""
    from tests.servers import FolderServer

    server = FolderServer(folder / "served")
    address.write_text(f"{server.base}/{DOWNLOAD}")
    signal.pause()


def know_download(url):
    """Let `harma data download made` know that address."""
    from harma.curation import download

    content = (Path(url_folder()) / DOWNLOAD).read_bytes()
    item = download.Download(
        "made",
        "Made",
        "free",
        "http://home",
        "here",
        "a folder",
        url=url,
        bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
    )
    download.known_downloads = lambda: {"made": item}


def url_folder():
    """Where the download lies."""
    import os

    return os.environ["HARMA_KILLTEST_SERVED"]
