"""Archives that change between builds: no place twice, no scene lost, what is taken out is said."""

import json
import shutil

import numpy as np
import pytest
from tests.index.made import all_rows

from harma.index.store import Store
from harma.index.verify import verify

LANDSAT = "LC08_L2SP_044034_20210508_20210517_02_T1_SR_"


@pytest.fixture
def write(tmp_path):
    """A grey scene of 64 × 64 pixels in a folder."""
    import rasterio
    from affine import Affine

    def write(name, value, *, kind="uint16"):
        path = tmp_path / "scenes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        values = np.random.default_rng(value).integers(7_500, 18_000, (64, 64)).astype(kind)
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            width=64,
            height=64,
            count=1,
            dtype=kind,
            crs="EPSG:32631",
            transform=Affine(30, 0, 500_000, 0, -30, 5_000_000),
        ) as dataset:
            dataset.write(values, 1)
        return path

    return write


def names(directory):
    """Names of the files of sources that have chips, and of all sources."""
    store = Store(directory)
    rows = {row["source"] for row in all_rows(store)}
    assert verify(store) == []
    return sorted(name.rpartition("/")[2] for name in rows)


def test_the_last_band_of_a_product_arrives(tmp_path, build_index, write):
    for number in (4, 3):
        write(f"{LANDSAT}B{number}.TIF", number)
    build_index(tmp_path / "scenes")
    write(f"{LANDSAT}B2.TIF", 2)
    outcome = build_index(tmp_path / "scenes")
    assert names(tmp_path / "index") == [f"{LANDSAT}B4.TIF"]
    assert [name.rpartition("/")[2] for name in outcome.superseded] == [f"{LANDSAT}B3.TIF"]
    again = build_index(tmp_path / "scenes")
    assert (again.superseded, again.num_kept, again.num_added) == ([], 1, 0)


def test_tiles_get_a_mosaic(tmp_path, build_index, write):
    from rasterio.shutil import copy

    tile = write("tile.tif", 1)
    build_index(tmp_path / "scenes")
    copy(tile, tmp_path / "scenes" / "mosaic.vrt", driver="VRT")
    outcome = build_index(tmp_path / "scenes")
    assert names(tmp_path / "index") == ["mosaic.vrt"]
    assert outcome.superseded == [str(tile)]


def test_a_copy_takes_the_place_of_its_original(tmp_path, build_index, write):
    original = write("a.tif", 1)
    write("other.tif", 2)
    shutil.copy(original, tmp_path / "scenes" / "copy.tif")
    build_index(tmp_path / "scenes")
    assert names(tmp_path / "index") == ["a.tif", "copy.tif", "other.tif"]
    original.unlink()
    outcome = build_index(tmp_path / "scenes")
    assert names(tmp_path / "index") == ["copy.tif", "other.tif"]
    assert outcome.superseded == [str(original)]


def test_what_is_gone_without_a_copy_stays(tmp_path, build_index, write):
    gone = write("a.tif", 1)
    write("b.tif", 2)
    build_index(tmp_path / "scenes")
    gone.unlink()
    assert build_index(tmp_path / "scenes").superseded == []
    sources = {row["source"] for row in all_rows(Store(tmp_path / "index"))}
    assert sources == {str(tmp_path / "scenes" / name) for name in ("a.tif", "b.tif")}


def item(tmp_path, write):
    """A STAC item of three single bands."""
    assets = {}
    for number, color in enumerate(("red", "green", "blue")):
        path = write(f"{color[0]}.tif", number)
        band = {"name": color, "common_name": color}
        assets[color] = {"href": str(path), "roles": ["data"], "eo:bands": [band]}
    content = {
        "type": "Feature",
        "stac_version": "1.0.0",
        "id": "one",
        "geometry": None,
        "properties": {"datetime": "2020-01-02T03:04:05Z", "eo:cloud_cover": 7},
        "links": [],
        "assets": assets,
    }
    path = tmp_path / "item.json"
    path.write_text(json.dumps(content))
    return path


@pytest.mark.parametrize("first", ["item", "folder"])
def test_an_item_and_the_folder_of_its_files_in_any_order(tmp_path, build_index, write, first):
    named = [item(tmp_path, write), tmp_path / "scenes"]
    if first == "folder":
        named.reverse()
    outcome = build_index(*named)
    rows = all_rows(Store(tmp_path / "index"))
    assert {row["source"] for row in rows} == {str(tmp_path / "scenes" / "r.tif")}
    assert all(row["datetime"].year == 2020 and row["eo_cloud_cover"] == 7 for row in rows)
    assert outcome.left_out.keys() == {str(tmp_path / "scenes" / f"{x}.tif") for x in "gb"}


def test_the_folder_of_an_items_files_is_named_later(tmp_path, build_index, write):
    build_index(item(tmp_path, write))
    before = all_rows(Store(tmp_path / "index"))
    write("other.tif", 9)
    outcome = build_index(tmp_path / "scenes")
    assert (outcome.num_new, outcome.num_replaced, outcome.superseded) == (1, 0, [])
    rows = {row["id"]: row for row in all_rows(Store(tmp_path / "index"))}
    assert all(rows[row["id"]]["datetime"] == row["datetime"] for row in before)
    assert names(tmp_path / "index") == ["other.tif", "r.tif"]


def test_a_list_says_more_than_the_folder_named_before_it(tmp_path, build_index, write):
    path = write("a.tif", 1)
    listed = tmp_path / "list.csv"
    listed.write_text(f"path,datetime,city\n{path},2019-05-06,Ghent\n")
    build_index(tmp_path / "scenes", listed)
    rows = all_rows(Store(tmp_path / "index"))
    assert rows
    assert all((row["datetime"].year, row["city"]) == (2019, "Ghent") for row in rows)
