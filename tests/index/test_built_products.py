"""An archive of products, containers and archives: built, searched, shown, reembedded, verified."""

import json
import os
import shutil
import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.shutil
import torch
from affine import Affine
from tests.conftest import TINY

from harma.backbones import load_backbone
from harma.index.index import Index
from harma.index.pictures import pictures_of
from harma.index.reembed import reembed
from harma.index.source_files import source_of
from harma.index.verify import verify
from harma.model.model import HarMA
from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes
from harma.scenes.windows import Tiling

LANDSAT = "LC08_L2SP_044034_20140318_20200911_02_T1"
TILE = "T17TPH_20240222T160251"
SAFE = "S2A_MSIL2A_20240222T160251_N0510_R097_T17TPH_20240222T220752.SAFE/GRANULE/L2A_T17TPH"


def write_band(path, seed, *, count=1, dtype="uint16"):
    path.parent.mkdir(parents=True, exist_ok=True)
    values = np.random.default_rng(seed).integers(1, 250, (count, 64, 64)).astype(dtype)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=64,
        height=64,
        count=count,
        dtype=dtype,
        crs="EPSG:32617",
        transform=Affine(30, 0, 600_000 + 5000 * seed, 0, -30, 4_500_000),
    ) as dataset:
        dataset.write(values)
    return path


@pytest.fixture
def archive(tmp_path):
    """A folder of everything; each scene's own name."""
    folder = tmp_path / "archive"
    for band in range(1, 8):
        write_band(folder / "landsat" / f"{LANDSAT}_SR_B{band}.TIF", 1)
    write_band(folder / "landsat" / f"{LANDSAT}_QA_PIXEL.TIF", 1)
    write_band(folder / SAFE / f"IMG_DATA/R10m/{TILE}_TCI_10m.tif", 2, count=3, dtype="uint8")
    write_band(folder / SAFE / f"IMG_DATA/R10m/{TILE}_B04_10m.tif", 2)
    write_band(folder / "tiles" / "a.tif", 3, count=3, dtype="uint8")
    rasterio.shutil.copy(folder / "tiles" / "a.tif", folder / "tiles" / "m.vrt", driver="VRT")
    plain = write_band(tmp_path / "plain.tif", 4, count=2, dtype="uint8")
    rasterio.shutil.copy(plain, folder / "c.nc", driver="netCDF")
    with zipfile.ZipFile(folder / "more.zip", "w") as opened:
        opened.write(plain, "deep/in.tif")
    plain.unlink()
    return folder


@pytest.fixture
def named(archive):
    return [archive, f"NETCDF:{archive}/c.nc:Band2", archive / "more.zip"]


@pytest.fixture
def index(build_index, named, model, tmp_path):
    outcome = build_index(*named, tiling=Tiling(size=32))
    assert outcome.problems == {}
    assert outcome.num_new == 5
    return Index.open(tmp_path / "index", model=model[0])


def ends(index):
    return {source.rpartition("/")[2] for source in index.store.sources()}


SCENES = {
    f"{LANDSAT}_SR_B4.TIF",
    f"{TILE}_TCI_10m.tif",
    "m.vrt",
    "c.nc:Band2",
    "in.tif",
}


def test_every_scene_is_there_once(index, build_index, named):
    assert ends(index) == SCENES
    assert len(index.search("a road", k=100, overlap=None)) == 20
    again = build_index(*named, tiling=Tiling(size=32))
    assert (again.num_kept, again.num_added) == (5, 0)
    assert verify(index.store) == []


def test_hits_are_shown_as_they_were_indexed(index):
    hits = index.search("a road", k=20, overlap=None)
    assert len({hit.source for hit in hits}) == 5
    for hit, picture in zip(hits, pictures_of(index.store, hits), strict=True):
        assert picture.problem == ""
        source = source_of(index.store.sources()[hit.source])
        with open_scene(source.opened_as, index.store.settings.reading) as scene:
            assert np.array_equal(np.asarray(picture.image), scene.read(hit.window)[0])


def test_dates_are_the_products(index):
    hits = index.search("a road", k=100, overlap=None)
    found = {hit.source.rpartition("/")[2]: hit.datetime for hit in hits}
    assert str(found[f"{LANDSAT}_SR_B4.TIF"])[:10] == "2014-03-18"
    assert str(found[f"{TILE}_TCI_10m.tif"])[:19] == "2024-02-22 16:02:51"
    dated = index.search("a road", k=100, date=("2014-03-18", "2014-03-18"), overlap=None)
    assert {hit.source.rpartition("/")[2] for hit in dated} == {f"{LANDSAT}_SR_B4.TIF"}


@pytest.mark.parametrize(
    "changed",
    [
        f"landsat/{LANDSAT}_SR_B2.TIF",
        f"{SAFE}/IMG_DATA/R10m/{TILE}_TCI_10m.tif",
        "tiles/a.tif",
        "c.nc",
        "more.zip",
    ],
)
def test_a_changed_part_is_noticed(changed, index, build_index, named, archive, tmp_path):
    path = archive / changed
    if path.suffix == ".zip":
        fresh = write_band(tmp_path / "fresh.tif", 9, count=2, dtype="uint8")
        with zipfile.ZipFile(path, "w") as opened:
            opened.write(fresh, "deep/in.tif")
    elif path.suffix == ".nc":
        fresh = write_band(tmp_path / "fresh.tif", 9, count=2, dtype="uint8")
        path.unlink()
        rasterio.shutil.copy(fresh, path, driver="netCDF")
    else:
        with rasterio.open(path) as dataset:
            values = dataset.read() + 1
        with rasterio.open(path, "r+") as dataset:
            dataset.write(values)
    os.utime(path, ns=(10**15, 10**15))
    problems = verify(index.store)
    assert len(problems) == 1
    assert "has changed" in problems[0]
    hits = index.search("a road", k=20, overlap=None)
    shown = pictures_of(index.store, hits)
    assert sum("has changed" in picture.problem for picture in shown) == 4
    outcome = build_index(*named, tiling=Tiling(size=32))
    assert (outcome.num_replaced, outcome.num_kept) == (1, 4)


def test_reembedding_opens_what_was_indexed(index, tmp_path):
    before = {hit.id for hit in index.search("a road", k=100, overlap=None)}
    torch.manual_seed(5)
    load_backbone({**TINY, "embed_dim": 24}).save(tmp_path / "other")
    other = HarMA(load_backbone(f"local-dir:{tmp_path / 'other'}")).eval()
    outcome = reembed(tmp_path / "index", other, str(tmp_path / "other"), None, num_workers=0)
    assert outcome.problems == {}
    again = Index.open(tmp_path / "index", model=other)
    assert {hit.id for hit in again.search("a road", k=100, overlap=None)} == before
    assert verify(again.store) == []
    records = again.store.sources().values()
    stacks = [record for record in records if record.opened_as]
    assert len(stacks) == 2
    for record in stacks:
        assert record.date_from == "the product's name"


def test_a_moved_archive_is_known(index, build_index, archive, model, tmp_path):
    shutil.move(archive, tmp_path / "elsewhere")
    named = tmp_path / "elsewhere"
    others = [f"NETCDF:{named}/c.nc:Band2", named / "more.zip"]
    outcome = build_index(named, *others, tiling=Tiling(size=32))
    assert outcome.num_added == 0
    index = Index.open(tmp_path / "index", model=model[0])
    assert ends(index) == SCENES
    hits = index.search("a road", k=100, overlap=None)
    assert all(str(named) in hit.source for hit in hits)


def test_what_was_left_out_is_listed(index, archive, tmp_path):
    rows = json.loads((tmp_path / "index" / "left_out.json").read_text())
    listed = {row["source"].removeprefix(f"{archive}/") for row in rows}
    assert listed >= {"c.nc", "more.zip", "tiles/a.tif", f"landsat/{LANDSAT}_QA_PIXEL.TIF"}
    every = {str(path.relative_to(archive)) for path in archive.rglob("*") if path.is_file()}
    shown = {path for source in find_scenes([archive]).sources for path in source.files}
    shown = {path.removeprefix(f"{archive}/") for path in shown}
    assert every - listed - shown == {"tiles/m.vrt"}, "nothing is lost without a word"
