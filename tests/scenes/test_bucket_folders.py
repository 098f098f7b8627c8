"""Buckets as folders: a prefix gives the scenes that the same files in a folder give."""

import io
import json
import tarfile
import zipfile
from datetime import UTC, datetime

import numpy as np
import pystac
import pytest
import rasterio
from affine import Affine
from tests.bucket_process import far_bucket, server_process  # noqa: F401
from tests.scenes.products.test_sentinel2 import GRANULE, L2A, TILE

from harma.errors import ConfigError, DataError, MissingFileError, StorageError
from harma.scenes.edge import gdal_settings
from harma.scenes.put_together import put_together
from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

BANDS = f"{GRANULE}/IMG_DATA/R10m/{TILE}"
OF_ALL = [
    ("a.tif", "b.tif", "deep/down/c.tif", "readme.txt", "dem.hgt", "more.zip"),
    (".hidden/a.tif", "@eaDir/b.tif", "b.tif", "Thumbs.db"),
    ("field.tif", "field_mask.tif", "field.tfw"),
    (
        *(f"{BANDS}_{band}_10m.tif" for band in ("B02", "B03", "B04", "WVP")),
        f"{GRANULE}/QI_DATA/MSK_CLDPRB_20m.tif",
        f"{L2A}/{L2A[:-5]}-ql.jpg",
    ),
    ("x_red.tif", "x_green.tif", "x_blue.tif", "y_red.tif"),
    ("values.bil", "values.hdr", "lonely.bil"),
]


@pytest.fixture
def put(far_bucket, tmp_path):  # noqa: F811
    """Put bytes at keys; without bytes, files of the test's folder."""

    def write(*names, content=None):
        for name in names:
            body = (tmp_path / name).read_bytes() if content is None else content
            far_bucket.write(name, body)

    return write


def middle_of(source):
    """Values in the middle of a source's bands, as GDAL reads it from the bucket."""
    with gdal_settings("EMPTY_DIR"), rasterio.open(source.opened_as) as dataset:
        row = dataset.height // 2
        column = dataset.width // 2
        return list(map(int, dataset.read()[:, row, column]))


def names_of(found, start):
    return [source.name.removeprefix(start).lstrip("/") for source in found.sources]


@pytest.mark.parametrize("names", OF_ALL)
def test_a_prefix_gives_what_a_folder_gives(names, write_raster, put, far_bucket, tmp_path):  # noqa: F811
    for name in names:
        path = tmp_path / name
        if name.endswith(".tif"):
            write_raster(name, 1)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"1\n0\n0\n-1\n0\n0\n")
    put(*names)
    far_bucket.server.log()
    local = find_scenes([tmp_path])
    far = find_scenes([f"{far_bucket.address}/"])
    assert [method for method, *_ in far_bucket.server.log()] == ["GET"]
    start = far_bucket.address
    assert names_of(far, start) == names_of(local, str(tmp_path))
    assert far.left_out == {
        path.replace(str(tmp_path), start): why for path, why in local.left_out.items()
    }
    assert far.problems == local.problems == {}
    for one, other in zip(far.sources, local.sources, strict=True):
        assert (one.taken, one.sensor) == (other.taken, other.sensor)
        assert one.files == tuple(path.replace(str(tmp_path), start) for path in other.files)
        assert one.stamp is not None


def test_bands_are_put_together_when_they_are_looked_at(write_raster, put, far_bucket):  # noqa: F811
    names = [f"{BANDS}_{band}_10m.tif" for band in ("B02", "B03", "B04")]
    for value, name in enumerate(names):
        write_raster(name, 10 + value)
    put(*names)
    (source,) = find_scenes([f"{far_bucket.address}/{L2A}"]).sources
    assert middle_of(put_together(source)) == [12, 11, 10]
    assert source.stamp.size == sum(len(far_bucket.read(name)) for name in names)


def test_a_sidecar_that_was_listed_is_read_and_no_other_is_asked_for(put, far_bucket):  # noqa: F811
    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(np.zeros((8, 8, 3), dtype=np.uint8)).save(file, "PNG")
    put("a.png", "plain.png", content=file.getvalue())
    put("a.pgw", content=b"2\n0\n0\n-2\n500000\n5000000\n")
    placed, plain = find_scenes([far_bucket.address]).sources
    far_bucket.server.log()
    from harma.scenes.reading import Reading

    reading = Reading(crs="EPSG:32631")
    with open_scene(placed.opened_as, reading, survey=True, files=placed.files) as scene:
        assert scene.facts.crs == "EPSG:32631"
        assert scene.facts.gsd == pytest.approx(2, rel=0.01)
    asked = {path.rpartition("/")[2] for _, path, *_ in far_bucket.server.log()}
    assert asked == {"a.png", "a.pgw"}
    with open_scene(plain.opened_as, survey=True, files=plain.files) as scene:
        assert scene.place is None
    assert {path.rpartition("/")[2] for _, path, *_ in far_bucket.server.log()} == {"plain.png"}


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*.tif", ["a.tif", "b[1].tif"]),
        ("**/*.tif", ["a.tif", "b[1].tif", "deep/c.tif", "deep/er/d.tif"]),
        ("deep/**/*.tif", ["deep/c.tif", "deep/er/d.tif"]),
        ("deep/*", ["deep/c.tif"]),
        ("?.tif", ["a.tif"]),
        ("[!a]*.tif", ["b[1].tif"]),
        ("b[1].tif", ["b[1].tif"]),
        ("b[[]1].tif", ["b[1].tif"]),
        ("d*p/c.tif", ["deep/c.tif"]),
    ],
)
def test_globs(pattern, expected, put, far_bucket):  # noqa: F811
    put("a.tif", "b[1].tif", "deep/c.tif", "deep/er/d.tif", "deep/e.txt", content=b"x")
    found = find_scenes([f"{far_bucket.address}/{pattern}"])
    assert names_of(found, far_bucket.address) == expected


def test_what_lies_below_a_prefix_is_not_listed_again(put, far_bucket):  # noqa: F811
    put("p/a.tif", "p/deep/b.tif", content=b"x")
    far_bucket.server.log()
    at = far_bucket.address
    found = find_scenes([f"{at}/p/", f"{at}/p/deep/", f"{at}/p/*.tif", f"{at}/p/a.tif"])
    assert names_of(found, at) == ["p/a.tif", "p/deep/b.tif"]
    assert len(far_bucket.server.log()) == 1


def test_a_listing_of_several_pages_is_asked_for_once(put, far_bucket):  # noqa: F811
    for number in range(1100):
        far_bucket.write(f"p/{number:04}.tif", b"x")
    far_bucket.server.log()
    assert len(find_scenes([f"{far_bucket.address}/p/"]).sources) == 1100
    asked = far_bucket.server.log()
    assert len(asked) == 2
    assert "continuation-token" in asked[1][2]


def test_archives(write_raster, put, far_bucket, tmp_path):  # noqa: F811
    path = write_raster("a.tif", 7, dtype="uint8")
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.write(path, "in/a.tif")
        archive.writestr("__MACOSX/._a.tif", b"x")
    with tarfile.open(tmp_path / "all.tar", "w") as archive:
        archive.add(path, "./b.tif")
    put("all.zip", "all.tar")
    at = far_bucket.address
    zipped, tarred = find_scenes([f"{at}/all.zip", f"{at}/all.tar"]).sources
    assert zipped.name == f"/vsizip//vsis3/{far_bucket.name}/all.zip/in/a.tif"
    assert tarred.name == f"/vsitar//vsis3/{far_bucket.name}/all.tar/b.tif"
    assert middle_of(zipped) == middle_of(tarred) == [7]
    assert zipped.stamp.size == (tmp_path / "all.zip").stat().st_size
    put("none.zip", content=b"no archive")
    with pytest.raises(DataError, match="the archive cannot be read"):
        find_scenes([f"{at}/none.zip"])


def test_lists_in_a_bucket(write_raster, put, far_bucket):  # noqa: F811
    write_raster("in/a.tif", 7)
    put("in/a.tif")
    put("in/list.csv", content=b"path,datetime,city\na.tif,2020-05-01,Brno\n")
    at = far_bucket.address
    (source,) = find_scenes([f"{at}/in/list.csv"]).sources
    assert (source.name, source.opened_as) == (
        f"{at}/in/a.tif",
        f"/vsis3/{far_bucket.name}/in/a.tif",
    )
    assert (source.taken.start.year, source.properties) == (2020, (("city", "Brno"),))
    assert source.found_in == f"{at}/in/list.csv"
    put("list.txt", content=f"in/\n{at}/in/a.tif\n".encode())
    assert names_of(find_scenes([f"{at}/list.txt"]), at) == ["in/a.tif"]


@pytest.mark.parametrize("name", ["/etc/hosts.tif", "~/a.tif", "../a.tif", "NETCDF:/a.nc:b"])
def test_a_list_in_a_bucket_names_nothing_of_this_machine(name, put, far_bucket):  # noqa: F811
    put("in/list.txt", content=name.encode())
    with pytest.raises(DataError, match="a list in a bucket names addresses"):
        find_scenes([f"{far_bucket.address}/in/list.txt"])


def test_catalogues_in_a_bucket(write_raster, put, far_bucket, tmp_path):  # noqa: F811
    import pyarrow as pa
    import pyarrow.parquet as pq

    write_raster("in/a.tif", 7, dtype="uint8")
    put("in/a.tif")
    item = pystac.Item("one", None, None, datetime(2020, 5, 1, tzinfo=UTC), {}).to_dict(
        include_self_link=False
    )
    item["assets"] = {"visual": {"href": "./a.tif", "type": "image/tiff", "roles": ["data"]}}
    put("in/item.json", content=json.dumps(item).encode())
    table = pa.table({"id": ["one"], "assets": [json.dumps(item["assets"])]})
    pq.write_table(table, tmp_path / "in/items.parquet")
    put("in/items.parquet")
    catalogue = {
        "type": "Catalog",
        "stac_version": "1.0.0",
        "id": "c",
        "links": [{"rel": "item", "href": "in/item.json"}],
    }
    put("catalog.json", content=json.dumps(catalogue).encode())
    at = far_bucket.address
    for name in ("in/item.json", "in/items.parquet", "catalog.json"):
        (source,) = find_scenes([f"{at}/{name}"]).sources
        assert source.name == f"{at}/in/a.tif"
        assert middle_of(source) == [7]
    with pytest.raises(MissingFileError, match="there is no object"):
        find_scenes([f"{at}/none.json"])
    item["assets"]["visual"]["href"] = "file:///etc/hosts"
    put("in/item.json", content=json.dumps(item).encode())
    (source,) = find_scenes([f"{at}/in/item.json"]).sources
    assert "a catalogue of the network may name https://, http://, s3://" in source.problem


def test_a_vrt_and_its_parts(write_raster, put, far_bucket, tmp_path):  # noqa: F811
    from rasterio.shutil import copy

    write_raster("in/a.tif", 7, dtype="uint8")
    copy(tmp_path / "in/a.tif", tmp_path / "in/all.vrt", driver="VRT")
    text = (tmp_path / "in/all.vrt").read_text()
    assert 'relativeToVRT="1">a.tif<' in text
    put("in/a.tif", "in/all.vrt")
    found = find_scenes([f"{far_bucket.address}/in/"])
    (source,) = found.sources
    assert (source.name, source.files) == (
        f"{far_bucket.address}/in/all.vrt",
        (f"{far_bucket.address}/in/a.tif",),
    )
    assert list(found.left_out.values()) == ["a part of a VRT that is a scene"]
    assert middle_of(source) == [7]


@pytest.mark.parametrize(
    ("item", "kind", "problem"),
    [
        ("s3://no-such-bucket/p/", MissingFileError, "there is no bucket no-such-bucket"),
        ("{}/none/", MissingFileError, "there is no object .*/none/, and none below it"),
        ("{}/none", MissingFileError, "there is no object .*/none, and none below it"),
        ("{}/x*.tif", MissingFileError, "no object matches"),
        ("{}/texts/", MissingFileError, "the folder .*/texts/ holds no images or rasters"),
        ("{}/none.csv", MissingFileError, "there is no object .*none.csv"),
        ("{}/none.zip", MissingFileError, "there is no object .*none.zip"),
        ("s3://", ConfigError, "names no bucket"),
    ],
)
def test_what_is_not_there(item, kind, problem, put, far_bucket):  # noqa: F811
    put("texts/readme.txt", content=b"x")
    with pytest.raises(kind, match=problem):
        find_scenes([item.format(far_bucket.address)])


def test_what_is_refused(put, far_bucket, monkeypatch):  # noqa: F811
    put("a.tif", content=b"x")
    far_bucket.server.answer(["403 Forbidden"])
    with pytest.raises(StorageError, match="does not allow it to these credentials"):
        find_scenes([f"{far_bucket.address}/"])
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    with pytest.raises(StorageError, match="there are no credentials for s3://"):
        find_scenes([f"{far_bucket.address}/"])


def test_a_store_that_is_busy_is_asked_again(put, far_bucket):  # noqa: F811
    put("a.tif", content=b"x")
    far_bucket.server.log()
    far_bucket.server.answer(["503 Slow Down", "503 Slow Down"])
    assert len(find_scenes([f"{far_bucket.address}/"]).sources) == 1
    assert len(far_bucket.server.log()) == 3


def test_gdal_asks_again_where_the_store_is_busy(write_raster, put, far_bucket):  # noqa: F811
    write_raster("a.tif", 7, transform=Affine(10, 0, 0, 0, -10, 0))
    put("a.tif")
    (source,) = find_scenes([f"{far_bucket.address}/a.tif"]).sources
    far_bucket.server.answer(["503 Slow Down", "429 Too Many Requests"])
    assert middle_of(source) == [7]


@pytest.mark.parametrize(("scheme", "of_gdal"), [("gs", "/vsigs/"), ("az", "/vsiaz/")])
def test_google_and_azure_are_named_as_s3_is(scheme, of_gdal, tmp_path):
    listed = tmp_path / "list.txt"
    listed.write_text(f"{scheme}://bucket/in/a.tif\n")
    (source,) = find_scenes([listed]).sources
    assert (source.name, source.opened_as) == (
        f"{scheme}://bucket/in/a.tif",
        f"{of_gdal}bucket/in/a.tif",
    )
