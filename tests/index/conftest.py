"""A small index over made rasters."""

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.data.synthetic import LOOKS, draw_scene, make_scene
from harma.index.build import build, default_settings
from harma.model import HarMA
from harma.scenes.raster import Reading
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling

OPTIONS = {"tiling": Tiling(size=32), "reading": Reading(), "max_nodata": 0.5}


@pytest.fixture(scope="session")
def model(tmp_path_factory):
    """A tiny model, and where it can be loaded from."""
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

    def write(folder: Path, count: int, *, size: int = 96, first: int = 0) -> list[Path]:
        folder.mkdir(parents=True, exist_ok=True)
        paths = []
        for i in range(first, first + count):
            picture = draw_scene(make_scene(np.random.default_rng(i)), LOOKS["summer"], size)
            path = folder / f"scene{i}_{2010 + i % 10}0601.tif"
            with rasterio.open(
                path, "w", driver="GTiff", width=size, height=size, count=3, dtype="uint8", crs="EPSG:32631",
                transform=Affine(2, 0, 500_000 + i * 200, 0, -2, 5_000_000),
            ) as dataset:  # fmt: skip
                dataset.write(np.moveaxis(picture, -1, 0))
            paths.append(path)
        return paths

    return write


@pytest.fixture
def build_index(model, tmp_path):
    """Build or update an index of what is named."""

    def make(*named, directory=None, **options):
        loaded, name = model
        settings = default_settings(loaded, name, None, **{**OPTIONS, **options})
        return build(directory or tmp_path / "index", find_sources(named), loaded, settings, num_workers=0)

    return make
