"""Catalogues in an index: what a build makes of items, whole."""

import json
from datetime import UTC, datetime

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from tests.index.made import all_rows
from tests.servers import FolderServer

import harma
from harma.index.store import Store

WHEN = datetime(2021, 6, 3, 10, 30, tzinfo=UTC)


def write_band(path, value, *, count=1, kind="uint8", column=0):
    values = np.broadcast_to(np.asarray(value, dtype=kind).reshape(-1, 1, 1), (count, 32, 32))
    path.parent.mkdir(parents=True, exist_ok=True)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        width=32,
        height=32,
        count=count,
        dtype=kind,
        crs="EPSG:32631",
        transform=Affine(10, 0, 500_000 + 320 * column, 0, -10, 5_000_000),
    ) as dataset:
        dataset.write(values)


def item(name, assets, **properties):
    made = pystac.Item(name, None, None, WHEN, properties)
    for key, (href, said) in assets.items():
        values = {"href": href, "type": pystac.MediaType.COG, "roles": ["data"], **said}
        made.add_asset(key, pystac.Asset.from_dict(values))
    return made


def save(path, items):
    path.write_text(json.dumps(pystac.ItemCollection(items).to_dict()))
    return path


def rows_of(directory):
    return all_rows(Store(directory))


@pytest.fixture
def archive_of_items(tmp_path):
    """Five items: a picture, bands in one file, bands in three, one without its file, a plain."""
    folder = tmp_path / "data"
    write_band(folder / "visual.tif", [10, 20, 30], count=3)
    write_band(folder / "bgrn.tif", [30, 20, 10, 90], count=4, column=1)
    for color, value in (("red", 10), ("green", 20), ("blue", 30), ("nir", 90)):
        write_band(folder / f"three/{color}.tif", value, column=2)
    write_band(folder / "only.tif", [10, 20, 30], count=3, column=3)

    def bands(*colors):
        return {"eo:bands": [{"name": color, "common_name": color} for color in colors]}

    return folder, [
        item("a", {"visual": ("visual.tif", {"roles": ["visual"]})}, **{"eo:cloud_cover": 5}),
        item("b", {"analytic": ("bgrn.tif", bands("blue", "green", "red", "nir"))}, gsd=10),
        item(
            "c",
            {
                color: (f"three/{color}.tif", bands(color))
                for color in ("blue", "green", "nir", "red")
            },
            **{"eo:cloud_cover": 55.5, "platform": "Sentinel-2A"},
        ),
        item("d", {"visual": ("gone.tif", {})}),
        item("e", {"image": ("only.tif", {})}, **{"view:off_nadir": 3.5, "is_good": True}),
    ]


COLORS = np.array([10, 20, 30])


@pytest.mark.parametrize("where", ["local", "http"])
def test_every_item_is_one_scene_with_its_bands_date_and_columns(
    where, archive_of_items, tmp_path, build_index, serve, picture_of
):
    folder, items = archive_of_items
    catalogue = str(save(folder / "items.json", items))
    base = str(folder)
    if where == "http":
        base = serve(folder)
        catalogue = f"{base}/items.json"
    outcome = build_index(catalogue)
    assert list(outcome.problems) == [f"{base}/gone.tif"]
    rows = {row["stac_id"]: row for row in rows_of(tmp_path / "index")}
    assert sorted(rows) == ["a", "b", "c", "e"]
    assert rows["c"]["source"] == f"{base}/three/red.tif"
    for row in rows.values():
        assert row["datetime"] == WHEN
        assert np.abs(picture_of(row).mean(axis=(0, 1)) - COLORS).max() < 4
    assert [rows[name]["eo_cloud_cover"] for name in "abce"] == [5, None, 55.5, None]
    assert rows["b"]["property_gsd"] == 10
    assert rows["b"]["gsd"] == pytest.approx(10, rel=1e-3)
    assert rows["e"]["is_good"] is True
    again = build_index(catalogue)
    assert (again.num_kept, again.num_added) == (4, 0)


@pytest.fixture
def picture_of():
    import io

    from PIL import Image

    def read(row):
        return np.asarray(Image.open(io.BytesIO(row["thumbnail"])).convert("RGB")).astype(float)

    return read


def test_properties_are_conditions_of_a_search(archive_of_items, tmp_path, build_index, model):
    folder, items = archive_of_items
    build_index(str(save(folder / "items.json", items)))
    index = harma.Index.open(tmp_path / "index", model=model[0])
    for where, count in (
        ("eo_cloud_cover < 10", 1),
        ("eo_cloud_cover IS NULL", 2),
        ("platform = 'Sentinel-2A' AND eo_cloud_cover > 50", 1),
        ("is_good", 1),
        ("stac_id IN ('a', 'b')", 2),
    ):
        assert len(index.search("x", where=where, overlap=None)) == count
    listed = index.info()["properties"]
    assert "eo_cloud_cover (number)" in listed
    assert "is_good (yes or no)" in listed
    assert "platform (text)" in listed


def test_a_signature_opens_and_is_kept_nowhere(archive_of_items, tmp_path, build_index):
    folder, items = archive_of_items
    signature = "0"

    def answer(_):
        values = pystac.ItemCollection(items).to_dict()
        for feature in values["features"]:
            for asset in feature["assets"].values():
                asset["href"] += f"?sv=1&sig=secret{signature}"
        return 200, json.dumps(values)

    server = FolderServer(
        folder,
        admits=lambda said: said.get("sig") == f"secret{signature}",
        answers={"/items.json": answer},
    )
    try:
        first = build_index(f"{server.base}/items.json?token=secret")
        assert first.num_added == 4
        signature = "1"
        second = build_index(f"{server.base}/items.json?token=secret")
        assert (second.num_kept, second.num_added) == (4, 0)
    finally:
        server.close()
    rows = rows_of(tmp_path / "index")
    assert len(rows) == 4
    harma.Index.open(tmp_path / "index").export(tmp_path / "out.parquet")
    import pyarrow.parquet as pq

    exported = pq.read_table(tmp_path / "out.parquet").to_pylist()
    problems = (tmp_path / "index/problems.json").read_text()
    kept = [vars(record) for record in Store(tmp_path / "index").sources().values()]
    for text in (str(rows), str(exported), problems, str(kept)):
        assert "secret" not in text
    assert "gone.tif" in problems
    stacked = [record["opened_as"] for record in kept if record["opened_as"]]
    assert len(stacked) == 1
    assert "three/green.tif</SourceFilename>" in stacked[0]


def test_an_export_has_the_properties_and_an_import_brings_them_back(
    archive_of_items, tmp_path, build_index
):
    folder, items = archive_of_items
    build_index(str(save(folder / "items.json", items)))
    exported = tmp_path / "out.parquet"
    harma.Index.open(tmp_path / "index").export(exported)
    import geopandas

    from harma.exchange.importing import import_geoparquet

    frame = geopandas.read_parquet(exported).set_index("stac_id")
    assert frame.loc["a", "eo_cloud_cover"] == 5
    assert frame.loc["c", "platform"] == "Sentinel-2A"
    import_geoparquet(tmp_path / "other", exported)
    rows = [{row["id"]: row for row in rows_of(tmp_path / name)} for name in ("index", "other")]
    assert rows[0].keys() == rows[1].keys()
    for chip, row in rows[0].items():
        for name in ("eo_cloud_cover", "property_gsd", "is_good", "platform", "stac_id"):
            assert rows[1][chip][name] == row[name]
