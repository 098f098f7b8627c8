"""Pictures in folders that are named after classes, and running a verb on them."""

from pathlib import Path

import numpy as np
from PIL import Image

from harma.cli import main


def write_pictures(folder: Path) -> list[Path]:
    """Two folders of two pictures, named after classes."""
    rng = np.random.default_rng(0)
    for name in ("river", "storage_tanks"):
        (folder / name).mkdir(parents=True)
        for i in range(2):
            picture = Image.fromarray(rng.integers(0, 255, (40, 40, 3), dtype=np.uint8))
            picture.save(folder / name / f"{i}.png")
    return sorted(folder.rglob("*.png"))


def run(*argv, status=0):
    assert main([*argv, "--num-workers", "0"]) == status
