"""Each row of the formats on the page "What HarMA reads", with files that GDAL and Pillow write."""

import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.shutil
from affine import Affine
from PIL import Image
from tests.docs.reads_page import rows_of

from harma.backbones import load_backbone
from harma.errors import HarmaError
from harma.index.build import build, default_settings
from harma.index.store import Store
from harma.model.model import HarMA
from harma.scenes.reach import FOLLOW
from harma.scenes.reading import Reading
from harma.scenes.sources import find_sources
from harma.scenes.windows import Tiling

# Suffix → what GDAL calls the format, where it writes it as a copy.
DRIVERS = {
    ".tif": "GTiff",
    ".vrt": "VRT",
    ".jp2": "JP2OpenJPEG",
    ".img": "HFA",
    ".ntf": "NITF",
    ".gpkg": "GPKG",
    ".mbtiles": "MBTiles",
    ".dat": "ENVI",
    ".asc": "AAIGrid",
    ".nc": "netCDF",
}
ONE_BAND = (".asc", ".nc")
FORMATS = rows_of("Formats")


def write(path, rng):
    """A picture in the format of the path's suffix."""
    values = rng.integers(1, 255, (3, 64, 64), dtype=np.uint8)
    if path.suffix in ONE_BAND:
        values = values[:1]
    original = path.parent.parent / "originals" / "original.tif"
    original.parent.mkdir(exist_ok=True)
    place = Affine(10, 0, 500_000, 0, -10, 5_000_000)
    with rasterio.open(
        original,
        "w",
        driver="GTiff",
        width=64,
        height=64,
        count=len(values),
        dtype="uint8",
        crs="EPSG:32631",
        transform=place,
    ) as dataset:
        dataset.write(values)
    if path.suffix == ".zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.write(original, "scene.tif")
    elif path.suffix in DRIVERS:
        rasterio.shutil.copy(str(original), str(path), driver=DRIVERS[path.suffix])
    else:
        Image.fromarray(np.moveaxis(values, 0, -1)).save(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    config = {
        "embed_dim": 8,
        "vision_cfg": {
            "image_size": 32,
            "patch_size": 16,
            "width": 16,
            "layers": 1,
            "head_width": 8,
        },
        "text_cfg": {
            "context_length": 8,
            "vocab_size": 49408,
            "width": 8,
            "heads": 1,
            "layers": 1,
        },
    }
    return HarMA(load_backbone(config, pretrained=False)).eval()


def outcome_of(model, named, directory):
    """What became of sources: how many are in, and what is said."""
    settings = default_settings(
        model, "tiny", None, tiling=Tiling(size=None), reading=Reading(), max_nodata=1.0
    )
    try:
        outcome = build(directory, find_sources([str(named)]), model, settings, num_workers=0)
    except HarmaError as error:
        return 0, str(error)
    return Store(directory).count(), "\n".join([*outcome.problems, *outcome.problems.values()])


def case(row):
    suffix = row["suffix"].strip("`")
    return pytest.param(suffix, row["in a folder"], row["if named"], id=suffix)


@pytest.mark.parametrize(("suffix", "in_folder", "if_named"), [case(row) for row in FORMATS])
def test_a_format_is_read_as_the_page_says(
    tmp_path, model, suffix, in_folder, if_named, monkeypatch
):
    if suffix == ".vrt":
        # What it names lies in another folder here.
        monkeypatch.setenv(FOLLOW, "1")
    folder = tmp_path / "disk"
    folder.mkdir()
    path = folder / f"scene{suffix}"
    write(path, np.random.default_rng(0))
    for number, (named, claim) in enumerate([(folder, in_folder), (path, if_named)]):
        count, said = outcome_of(model, named, tmp_path / f"index{number}")
        if claim == "read":
            assert count == 1, (named, said)
            assert not said
        else:
            assert claim == "named", claim
            assert count == 0
            assert path.name in said
