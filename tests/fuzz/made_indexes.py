"""Small indexes to be damaged: of scenes by a real build, and of vectors with an ANN index."""

import json
import random
from pathlib import Path

import numpy as np
import rasterio
from affine import Affine
from tests.fuzz.judging import command
from tests.fuzz.made_models import made_once, models
from tests.index.made import make_store

# Chips of the index of vectors: as many as an ANN index can be made of.
NUM_VECTORS = 600


def built() -> Path:
    """An index of two scenes with 18 chips, and the scenes."""
    return made_once("built", _build)


def _build(folder: Path) -> None:
    (folder / "scenes").mkdir()
    values = np.random.default_rng(0)
    for number in range(2):
        profile = {
            "driver": "GTiff",
            "width": 96,
            "height": 96,
            "count": 3,
            "dtype": "uint8",
            "crs": "EPSG:32632",
            "transform": Affine(10, 0, 500_000 + number * 960, 0, -10, 5_000_000),
        }
        file = folder / "scenes" / f"scene{number}_2020010{number + 1}.tif"
        with rasterio.open(file, "w", **profile) as scene:
            scene.write(values.integers(0, 255, (3, 96, 96), dtype=np.uint8))
    done = command(
        [
            "index",
            "build",
            str(folder / "index"),
            str(folder / "scenes"),
            "--size",
            "32",
            "--model",
            str(models() / "plain"),
            "--num-workers",
            "0",
        ]
    )
    assert done.status == 0, done.err


def vectors() -> Path:
    """An index of made vectors, with an ANN index and its `search.json`."""
    return made_once("vectors", _make_vectors)


def _make_vectors(folder: Path) -> None:
    store = make_store(folder / "index", NUM_VECTORS, dim=16, clusters=5)
    store.create_ann("IVF_FLAT", 8, 4)
    tuning = {
        "kind": "IVF_FLAT",
        "num_bits": 8,
        "num_probes": 2,
        "refine": 1,
        "num_chips": NUM_VECTORS,
        "recall": {"text": 0.995, "image": 1.0},
        "milliseconds": 1.5,
        "wanted_recall": 0.99,
        "num_partitions": 4,
        "num_measured": 0,
    }
    store.write_tuning(json.dumps(tuning))


def a_vector(chance: random.Random, length: int = 16) -> list[float]:
    """Numbers to look for."""
    return [chance.uniform(-1, 1) for _ in range(length)]
