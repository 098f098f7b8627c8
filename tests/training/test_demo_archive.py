"""The demo's archive: drawn GeoTIFFs with a place and a date, and an index of them."""

import numpy as np
import pytest
import rasterio

from harma import Index
from harma.data.synthetic.landscape import LEAST_CELLS
from harma.training import demo_archive
from harma.training.demo_archive import CHIP_SIZE, DemoPlace, can_make_archive, make_archive

SMALL = DemoPlace("coast", True, 0, 445_500, 6_239_000, cells=LEAST_CELLS)


@pytest.fixture
def made(tmp_path, tiny_config):
    from harma.backbones import load_backbone

    directory = tmp_path
    load_backbone(tiny_config).save(directory / "model")
    return directory, make_archive(directory, directory / "model", "drought", (SMALL,))


def test_scenes_lie_on_the_earth_in_two_years(made):
    directory, _ = made
    files = sorted((directory / "geotiffs").iterdir())
    assert [file.name for file in files] == ["coast_20200612.tif", "coast_20240618.tif"]
    with rasterio.open(files[0]) as early, rasterio.open(files[1]) as late:
        assert early.crs.to_epsg() == 32632
        assert early.transform == late.transform
        assert early.res == (1.5, 1.5)
        # Houses and panels cover little ground.
        changed = np.abs(early.read().astype(int) - late.read()).max(axis=0) > 90
    assert 0.002 < changed.mean() < 0.2


def test_the_index_finds_what_changed_and_where(made):
    _, archive = made
    index = Index.open(archive)
    a_row = 2 * LEAST_CELLS - 1
    assert len(index) == 2 * a_row**2
    hits = index.search("a house", before="2021", after="2023", k=3)
    assert len(hits) == 3
    assert hits[0].window.width == CHIP_SIZE
    assert hits[0].geometry.centroid.coords[0] == pytest.approx((8.12, 56.29), abs=0.02)
    assert hits[0].then.date_text == "2020-06-12"


def test_what_is_there_is_not_made_again(made):
    directory, archive = made
    files = [*(directory / "geotiffs").iterdir(), archive / "index.json"]
    before = [file.stat().st_mtime_ns for file in files]
    assert make_archive(directory, directory / "model", "drought", (SMALL,)) == archive
    assert [file.stat().st_mtime_ns for file in files] == before
    files[0].unlink()
    make_archive(directory, directory / "model", "drought", (SMALL,))
    assert files[0].is_file()


def test_it_says_whether_all_is_installed(monkeypatch):
    assert can_make_archive()
    monkeypatch.setattr(demo_archive, "NEEDED", ("lancedb", "no_such_package"))
    assert not can_make_archive()
