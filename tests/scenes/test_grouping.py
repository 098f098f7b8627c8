"""Files to scenes: VRTs with their parts, containers, formats, sidecars, archives."""

import json
import shutil
import sqlite3
import tarfile
import zipfile

import numpy as np
import pytest
import rasterio
import rasterio.shutil

from harma.errors import DataError, MissingFileError
from harma.scenes.raster import open_scene
from harma.scenes.sources import find_scenes

VRT = """<VRTDataset rasterXSize="20" rasterYSize="20"><VRTRasterBand dataType="UInt16" band="1">
<SimpleSource><SourceFilename relativeToVRT="{}">{}</SourceFilename><SourceBand>1</SourceBand>
</SimpleSource></VRTRasterBand></VRTDataset>"""


def names(*named):
    return [source.name.rpartition("/")[2] for source in find_scenes(named).sources]


# -- VRTs ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", ["relative", "absolute", "nested", "deep", "gdal"])
def test_a_vrt_is_the_scene_and_its_parts_are_none(form, write_raster, tmp_path):
    part = write_raster("tiles/a.tif", 7)
    if form == "relative":
        (tmp_path / "m.vrt").write_text(VRT.format(1, "tiles/a.tif"))
    elif form == "absolute":
        (tmp_path / "m.vrt").write_text(VRT.format(0, part))
    elif form == "nested":
        (tmp_path / "tiles/inner.vrt").write_text(VRT.format(1, "a.tif"))
        (tmp_path / "m.vrt").write_text(VRT.format(1, "tiles/inner.vrt"))
    elif form == "deep":
        (tmp_path / "vrts").mkdir()
        (tmp_path / "vrts" / "m.vrt").write_text(VRT.format(1, "../tiles/a.tif"))
    else:
        rasterio.shutil.copy(part, tmp_path / "m.vrt", driver="VRT")
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert source.name.endswith("m.vrt")
    assert str(part) in source.files
    assert found.left_out[str(part)] == "a part of a VRT that is a scene"
    assert names(part) == ["a.tif"], "alone it is a scene"
    assert names(part, source.name) == ["m.vrt"]


@pytest.mark.parametrize(
    "text",
    [
        VRT.format(1, "gone.tif"),
        VRT.format(0, "/vsicurl/http://example.org/a.tif"),
        VRT.format(0, "https://example.org/a.tif"),
        "no XML",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><VRTDataset>&a;</VRTDataset>",
        "",
    ],
)
def test_a_vrt_that_claims_nothing_here(text, write_raster, tmp_path):
    write_raster("a.tif", 7)
    (tmp_path / "m.vrt").write_text(text)
    assert names(tmp_path) == ["a.tif", "m.vrt"]


def test_vrts_that_name_each_other_end(write_raster, tmp_path):
    (tmp_path / "a.vrt").write_text(VRT.format(1, "b.vrt"))
    (tmp_path / "b.vrt").write_text(VRT.format(1, "a.vrt"))
    (tmp_path / "self.vrt").write_text(VRT.format(1, "self.vrt"))
    write_raster("c.tif", 1)
    assert "c.tif" in names(tmp_path)


def test_a_vrt_of_a_product_stands_for_it(write_raster, tmp_path):
    product = "LC08_L2SP_044034_20140318_20200911_02_T1"
    for band in range(1, 8):
        write_raster(f"{product}_SR_B{band}.TIF", band)
    bands = "".join(
        f'<VRTRasterBand dataType="UInt16" band="{number}"><SimpleSource><SourceFilename'
        f' relativeToVRT="1">{product}_SR_B{band}.TIF</SourceFilename></SimpleSource>'
        "</VRTRasterBand>"
        for number, band in enumerate((4, 3, 2, 5), 1)
    )
    text = f'<VRTDataset rasterXSize="20" rasterYSize="20">{bands}</VRTDataset>'
    (tmp_path / "stack.vrt").write_text(text)
    assert names(tmp_path) == ["stack.vrt"]


# -- formats ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "driver"),
    [
        ("n.ntf", "NITF"),
        ("n.nitf", "NITF"),
        ("g.gpkg", "GPKG"),
        ("j.jp2", "JP2OpenJPEG"),
        ("i.img", "HFA"),
        ("e.dat", "ENVI"),
        ("e.bil", "EHdr"),
        ("z.zarr", "Zarr"),
        ("one.nc", "netCDF"),
    ],
)
def test_formats_that_a_folder_is_searched_for(name, driver, write_raster, tmp_path):
    plain = write_raster("plain/a.tif", 7, dtype="uint8")
    (tmp_path / "there").mkdir()
    rasterio.shutil.copy(plain, tmp_path / "there" / name, driver=driver)
    (source,) = find_scenes([tmp_path / "there"]).sources
    assert source.name.endswith(name)
    with open_scene(source.opened_as, survey=True) as scene:
        assert scene.facts.width >= 20


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("a.sid", "cannot read"),
        ("a.ECW", "cannot read"),
        ("dem.asc", "elevation"),
        ("n45.dt2", "elevation"),
        ("gfs.grib2", "weather"),
        ("drone.DNG", "cannot read"),
        ("mars.cub", "name the file"),
        ("more.zip", "an archive"),
        ("more.tar", "an archive"),
    ],
)
def test_what_is_like_imagery_is_told(name, why, write_raster, tmp_path):
    write_raster("a.tif", 7)
    (tmp_path / name).write_bytes(b"x")
    found = find_scenes([tmp_path])
    assert len(found.sources) == 1
    assert why in found.left_out[str(tmp_path / name)]


def test_texts_lists_and_sidecars_are_not_told(write_raster, tmp_path):
    write_raster("a.tif", 7)
    for name in ("a.tfw", "a.tif.aux.xml", "a.tif.ovr", "readme.txt", "x.json", "x.shp", "b.dat"):
        (tmp_path / name).write_bytes(b"x")
    found = find_scenes([tmp_path])
    assert (len(found.sources), found.left_out, found.problems) == (1, {}, {})


def test_a_star_takes_what_a_folder_is_searched_for(write_raster, tmp_path):
    write_raster("a.tif", 7)
    write_raster("b.xyz", 7)
    for name in ("a.tfw", "a.tif.aux.xml", "readme.txt"):
        (tmp_path / name).write_bytes(b"x")
    assert names(f"{tmp_path}/*") == ["a.tif"]
    assert names(f"{tmp_path}/*.xyz") == ["b.xyz"], "what is named by its suffix is read"


def test_databases_without_rasters_are_told(write_raster, tmp_path):
    write_raster("a.tif", 7)
    for name in ("v.gpkg", "v.mbtiles"):
        with sqlite3.connect(tmp_path / name) as database:
            database.execute("CREATE TABLE metadata (name TEXT, value TEXT)")
    (tmp_path / "text.gpkg").write_bytes(b"no database")
    found = find_scenes([tmp_path])
    assert len(found.sources) == 1
    assert len(found.left_out) == 3
    for why in found.left_out.values():
        assert why.startswith("it holds no raster")


def test_hdf4_is_told_by_its_first_bytes(write_raster, tmp_path):
    write_raster("a.tif", 7)
    (tmp_path / "MOD09.hdf").write_bytes(b"\x0e\x03\x13\x01" + bytes(100))
    found = find_scenes([tmp_path])
    assert "HDF4" in found.left_out[str(tmp_path / "MOD09.hdf")]


def test_a_damaged_container_is_a_source_that_fails(tmp_path):
    (tmp_path / "c.nc").write_bytes(b"CDF\x01 and no more")
    (source,) = find_scenes([tmp_path]).sources
    with pytest.raises(DataError, match="cannot be read"), open_scene(source.opened_as):
        pass


def test_a_folder_with_nothing_but_what_is_left_out(tmp_path):
    (tmp_path / "a.sid").write_bytes(b"x")
    with pytest.raises(MissingFileError, match=r"but what is left out, such as .*a\.sid: a format"):
        find_scenes([tmp_path])


def test_a_zarr_of_colours_is_put_together(tmp_path, write_raster):
    store = tmp_path / "s.zarr"
    for value, name in ((30, "blue"), (20, "green"), (10, "red"), (40, "nir")):
        plain = write_raster("plain.tif", value, dtype="uint8")
        rasterio.shutil.copy(plain, tmp_path / f"{name}.zarr", driver="Zarr", ARRAY_NAME=name)
        store.mkdir(exist_ok=True)
        for path in (tmp_path / f"{name}.zarr").iterdir():
            if path.is_dir():
                shutil.copytree(path, store / path.name, dirs_exist_ok=True)
            else:
                shutil.copy(path, store)
        plain.unlink()
        shutil.rmtree(tmp_path / f"{name}.zarr")
    for metadata in store.glob(".zmetadata"):
        metadata.unlink()
    found = find_scenes([tmp_path])
    (source,) = found.sources
    assert source.name == str(store)
    with rasterio.open(source.opened_as) as dataset:
        assert dataset.read()[:, 5, 5].tolist() == [10, 20, 30]


@pytest.mark.parametrize(
    "mask",
    ["a_mask.tif", "a_QA.tif", "a_udm2.tif", "a-cloud_mask.png", "a_fmask.tif", "a_b_mask.tif"],
)
def test_a_mask_beside_its_picture_is_told(mask, write_raster, tmp_path):
    write_raster("a.tif", 7)
    write_raster("a_b.tif", 7)
    driver = "PNG" if mask.endswith("png") else "GTiff"
    path = write_raster(mask, 1, dtype="uint8", driver=driver)
    found = find_scenes([tmp_path])
    assert len(found.sources) == 2
    assert found.left_out == {str(path): "a mask of the picture beside it, by its name"}
    assert names(path) == [mask], "it is read where it is named"


@pytest.mark.parametrize("mask", ["mask.tif", "b_mask.tif", "unmask.tif", "masks/a_mask.tif"])
def test_what_only_sounds_like_a_mask_stays(mask, write_raster, tmp_path):
    write_raster("a.tif", 7)
    write_raster("bc.tif", 7)
    write_raster(mask, 1)
    assert len(names(tmp_path)) == 3


# -- sidecars and archives -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "a.tfw",
        "a.tifw",
        "a.wld",
        "a.TFW",
        "a.tif.aux.xml",
        "a.aux.xml",
        "a.tif.msk",
        "a.IMD",
        "a.RPB",
    ],
)
def test_sidecars_are_files_of_their_raster(name, write_raster, tmp_path):
    path = write_raster("a.tif", 7)
    (tmp_path / name).write_bytes(b"x")
    (tmp_path / "b.tfw").write_bytes(b"x")
    for named in (path, tmp_path):
        (source,) = find_scenes([named]).sources
        assert source.files == (str(tmp_path / name),)


@pytest.fixture
def archive(write_raster, tmp_path):
    """A zip of a plain picture, a Sentinel-2 tile and what a Mac adds."""
    write_raster("in/plain.tif", 7)
    for band, value in {"B02": 2, "B03": 3, "B04": 4, "TCI": 9}.items():
        write_raster(f"in/X.SAFE/GRANULE/G/IMG_DATA/T17TPH_20240222T160251_{band}.tif", value)
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as opened:
        for file in sorted((tmp_path / "in").rglob("*.tif")):
            if "TCI" not in file.name:
                opened.write(file, file.relative_to(tmp_path / "in"))
        opened.writestr("__MACOSX/._plain.tif", b"x")
        opened.writestr("readme.txt", b"x")
    shutil.rmtree(tmp_path / "in")
    return path


def test_an_archive_that_is_named_is_searched(archive, tmp_path, values_of, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for named in ("x.zip", "*.zip", "zip://x.zip"):
        product, plain = find_scenes([named]).sources
        assert values_of(plain)[0] == [7]
        assert values_of(product)[0] == [4, 3, 2]
        assert plain.name == f"/vsizip/{archive}/plain.tif"
        assert plain.files == product.files == (str(archive),)


def test_a_tar_as_landsat_comes_in(write_raster, tmp_path, values_of):
    product = "LC08_L2SP_044034_20140318_20200911_02_T1"
    path = tmp_path / f"{product}.tar"
    with tarfile.open(path, "w") as opened:
        for band in range(1, 8):
            file = write_raster(f"in/{product}_SR_B{band}.TIF", band)
            opened.add(file, f"./{file.name}" if band % 2 else file.name)
    shutil.rmtree(tmp_path / "in")
    (source,) = find_scenes([path]).sources
    assert values_of(source)[0] == [4, 3, 2, 5]
    assert source.files == (str(path),)


def test_a_file_of_an_archive(archive, tmp_path):
    for named in (f"zip://{archive}!/plain.tif", f"/vsizip/{archive}/plain.tif"):
        (source,) = find_scenes([named]).sources
        assert source.opened_as == f"/vsizip/{archive}/plain.tif"
        assert source.files == (str(archive),)
    with pytest.raises(MissingFileError, match="there is no archive gone.zip"):
        find_scenes(["zip://gone.zip!/a.tif"])


def test_archives_that_cannot_be_used(tmp_path):
    (tmp_path / "broken.zip").write_bytes(b"PK and no more")
    with pytest.raises(DataError, match=r"broken\.zip: the archive cannot be read"):
        find_scenes([tmp_path / "broken.zip"])
    with zipfile.ZipFile(tmp_path / "texts.zip", "w") as opened:
        opened.writestr("a.txt", "x")
    with pytest.raises(MissingFileError, match="holds no images or rasters"):
        find_scenes([tmp_path / "texts.zip"])


# -- all together ----------------------------------------------------------------------------------


def test_a_build_tells_what_it_left_out_and_what_it_could_not_read(
    write_raster, tmp_path, model, capsys
):
    from harma.cli import main

    folder = tmp_path / "archive"
    for number in range(3):
        write_raster(f"archive/2021060{number + 1}_103015_1040_3B_AnalyticMS.tif", 5, 6, 7, 8)
        write_raster(f"archive/2021060{number + 1}_103015_1040_3B_udm2.tif", 1)
    (folder / "gone.tif").symlink_to("/nowhere/x.tif")
    (folder / "more.zip").write_bytes(b"x")
    words = ["index", "build", str(tmp_path / "index"), str(folder), "--model", model[1]]
    assert main([*words, "--whole", "--num-workers", "0"]) == 1
    shown = capsys.readouterr().out
    assert "4 files left out as no scenes (all in " in shown
    assert "  3: a mask or a preview of a Planet product, such as " in shown
    assert "gone.tif: a link to /nowhere/x.tif, which is not there" in shown
    left_out = json.loads((tmp_path / "index" / "left_out.json").read_text())
    assert len(left_out) == 4
    assert left_out[0].keys() == {"source", "reason"}
    problems = json.loads((tmp_path / "index" / "problems.json").read_text())
    assert [row["source"] for row in problems] == [str(folder / "gone.tif")]
    (folder / "gone.tif").unlink()
    assert main([*words, "--whole", "--num-workers", "0"]) == 0, "left out is no problem"
    assert "0 new, 0 changed, 3 as they were" in capsys.readouterr().out


@pytest.mark.parametrize("changed", ["part", "sidecar", "vrt"])
def test_a_changed_part_is_noticed(changed, write_raster, tmp_path, build_index):
    part = write_raster("tiles/a.tif", 7)
    vrt = tmp_path / "tiles" / "m.vrt"
    vrt.write_text(VRT.format(1, "a.tif"))
    (tmp_path / "tiles" / "m.wld").write_text("1\n0\n0\n-1\n0\n0\n")
    assert build_index(tmp_path / "tiles").num_new == 1
    assert build_index(tmp_path / "tiles").num_kept == 1
    if changed == "part":
        with rasterio.open(part, "r+") as dataset:
            dataset.write(np.full((1, 20, 20), 9, dtype="uint16"))
    elif changed == "sidecar":
        (tmp_path / "tiles" / "m.wld").write_text("2\n0\n0\n-2\n0\n0\n")
    else:
        vrt.write_text(VRT.format(1, "a.tif") + "\n")
    outcome = build_index(tmp_path / "tiles")
    assert (outcome.num_replaced, outcome.num_kept) == (1, 0)
