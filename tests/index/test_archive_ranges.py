"""One range for an archive, from the first chip on and for ever."""

import json
from io import BytesIO

import numpy as np
import pytest
import rasterio
from affine import Affine
from PIL import Image
from rasterio.shutil import copy
from tests.index.made import all_rows

from harma.errors import MissingFileError
from harma.index import archive_ranges
from harma.index.archive_ranges import ArchiveRanges
from harma.index.index import Index
from harma.index.settings import read_settings
from harma.index.store import Store
from harma.scenes.reading import Reading
from harma.scenes.source import source_named
from harma.scenes.sources import find_sources
from harma.scenes.stretch_rule import parse_stretch
from harma.scenes.windows import Tiling

KIND = "unknown sensor, uint16, 3 bands"
WHOLE = {"tiling": Tiling(size=None), "max_nodata": 1.0}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "scenes").mkdir()
    return tmp_path / "scenes"


def write(folder, name, low, high, *, dtype="uint16", num_bands=3, **profile):
    """A scene whose values go from low to high, in every band."""
    side = 64
    ramp = np.linspace(low, high, side * side).reshape(side, side)
    values = np.stack([ramp, np.rot90(ramp), np.rot90(ramp, 2), ramp.T, ramp])[:num_bands]
    with rasterio.open(
        folder / name,
        "w",
        driver="GTiff",
        width=side,
        height=side,
        count=num_bands,
        dtype=dtype,
        crs="EPSG:32631",
        transform=Affine(2, 0, 500_000, 0, -2, 5_000_000),
        **profile,
    ) as dataset:
        dataset.write(values.astype(dtype))
    return values.astype(dtype)


def ranges(directory):
    return {known.kind: known.stretch for known in read_settings(directory).reading.ranges}


def stretches(directory):
    return {
        name.rpartition("/")[2]: record.stretch
        for name, record in Store(directory).sources().items()
    }


def mean_of(directory, name):
    """Mean of a thumbnail."""
    for row in all_rows(Store(directory)):
        if row["source"].endswith(name):
            return np.asarray(Image.open(BytesIO(row["thumbnail"]))).mean()
    raise AssertionError(name)


def test_scenes_of_an_archive_have_one_range(folder, build_index, tmp_path):
    dark = write(folder, "dark.tif", 100, 600)
    bright = write(folder, "bright.tif", 2000, 3100)
    build_index(folder, **WHOLE)
    low, high = np.percentile(np.concatenate([dark, bright]), (0.5, 99.5))
    found = ranges(tmp_path / "index")[KIND]
    np.testing.assert_allclose(found.low, [low] * 3)
    np.testing.assert_allclose(found.high, [high] * 3)
    assert stretches(tmp_path / "index") == {"dark.tif": str(found), "bright.tif": str(found)}
    for name, values in (("dark.tif", dark), ("bright.tif", bright)):
        shown = np.clip((values - low) / (high - low), 0, 1) * 255
        assert mean_of(tmp_path / "index", name) == pytest.approx(shown.mean(), abs=2)


def test_what_is_added_is_shown_in_the_range_that_is_there(folder, build_index, tmp_path):
    write(folder, "a.tif", 100, 600)
    build_index(folder, **WHOLE)
    before = ranges(tmp_path / "index")
    write(folder, "b.tif", 9000, 12_000)
    write(folder, "c.tif", 0, 1, dtype="float32")
    write(folder, "d.tif", 5, 50, num_bands=1)
    build_index(folder, **WHOLE)
    after = ranges(tmp_path / "index")
    assert after[KIND] == before[KIND]
    assert set(after) == {
        KIND,
        "unknown sensor, float32, 3 bands",
        "unknown sensor, uint16, 1 band",
    }
    assert mean_of(tmp_path / "index", "b.tif") > 250
    assert stretches(tmp_path / "index")["b.tif"] == str(before[KIND])
    # Nothing new: nothing is sampled, and the file stays.
    written = (tmp_path / "index" / "index.json").stat().st_mtime_ns
    build_index(folder, **WHOLE)
    assert (tmp_path / "index" / "index.json").stat().st_mtime_ns == written


@pytest.mark.parametrize("rule", ["0,3000", "scene:2,98", "scene:0,100,joint"])
def test_rules_that_need_no_sample(folder, build_index, tmp_path, monkeypatch, rule):
    def never(sources, reading):
        raise AssertionError("nobody needs a sample")

    monkeypatch.setattr(archive_ranges, "sample_ranges", never)
    values = write(folder, "a.tif", 100, 600)
    write(folder, "b.tif", 2000, 3000)
    build_index(folder, reading=Reading(stretch=parse_stretch(rule)), **WHOLE)
    assert ranges(tmp_path / "index") == {}
    if rule == "0,3000":
        assert set(stretches(tmp_path / "index").values()) == {"0 to 3000"}
    else:
        assert len(set(stretches(tmp_path / "index").values())) == 2
        assert mean_of(tmp_path / "index", "a.tif") == pytest.approx(127, abs=6)
    assert values.max() == 600


def test_8_bit_stays_as_it_is(folder, build_index, tmp_path):
    values = write(folder, "a.tif", 10, 90, dtype="uint8")
    Image.fromarray(np.moveaxis(values, 0, -1)).save(folder / "b.png")
    build_index(folder, **WHOLE)
    assert ranges(tmp_path / "index") == {}
    assert stretches(tmp_path / "index") == {"a.tif": "", "b.png": ""}
    assert mean_of(tmp_path / "index", "a.tif") == pytest.approx(values.mean(), abs=1)


def test_a_sample_is_spread_and_small(folder, build_index, tmp_path, monkeypatch):
    monkeypatch.setattr(archive_ranges, "LOCAL_SOURCES", 5)
    seen = []
    told = []

    def sample(sources, reading):
        seen.extend(sources)
        return ()

    monkeypatch.setattr(archive_ranges, "sample_ranges", sample)
    sources = [source_named(f"/archive/{n:03}.tif") for n in range(101)]

    class Surveyed:
        source = sources[30]
        facts = type("Facts", (), {"kind": KIND})

    class NoRanges:
        settings = type("Settings", (), {"reading": Reading()})

    ranges_of = ArchiveRanges(NoRanges, sources, lambda *what: told.append(what))
    assert ranges_of.of(Surveyed) == ()
    assert seen == [f"/archive/{n:03}.tif" for n in (30, 0, 25, 50, 75, 100)]
    assert told[-1] == ("sampling", 6, 6)


def test_a_build_that_was_killed_keeps_its_range(folder, build_index, tmp_path, monkeypatch):
    write(folder, "a.tif", 100, 600)
    from harma.index.writer import Writer

    def killed(self, blocks):
        for _ in blocks:
            raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Writer, "write", killed)
        with pytest.raises(KeyboardInterrupt):
            build_index(folder, **WHOLE)
    before = ranges(tmp_path / "index")
    assert set(before) == {KIND}, "written before the first chip"
    write(folder, "b.tif", 5000, 6000)
    build_index(folder, **WHOLE)
    assert ranges(tmp_path / "index") == before


def test_readers_in_other_processes_know_the_range(folder, model, tmp_path):
    from harma.index.build import build, default_settings

    write(folder, "a.tif", 100, 600)
    write(folder, "b.tif", 2000, 3000)
    settings = default_settings(*model, None, tiling=Tiling(None), reading=Reading(), max_nodata=1)
    build(tmp_path / "index", find_sources([folder]), model[0], settings, num_workers=1)
    assert len(set(stretches(tmp_path / "index").values())) == 1
    assert len(ranges(tmp_path / "index")) == 1


def test_a_scene_without_data_is_named_as_ever(folder, build_index):
    write(folder, "a.tif", 7, 7, nodata=7)
    outcome = build_index(folder, **WHOLE)
    assert "no valid pixel" in next(iter(outcome.problems.values()))


def test_an_index_of_before_goes_on_as_it_was(folder, build_index, tmp_path):
    write(folder, "a.tif", 100, 600)
    by_scene = Reading(stretch=parse_stretch("scene:2,98"))
    build_index(folder, reading=by_scene, **WHOLE)
    path = tmp_path / "index" / "index.json"
    kept = json.loads(path.read_text())
    for name in ("stretch", "ranges"):
        del kept["reading"][name]
    kept["reading"]["percentiles"] = [2.0, 98.0]
    path.write_text(json.dumps(kept))
    write(folder, "b.tif", 2000, 3000)
    build_index(folder, reading=by_scene, **WHOLE)
    assert len(set(stretches(tmp_path / "index").values())) == 2
    assert ranges(tmp_path / "index") == {}


# -- pictures to look for -------------------------------------------------------------------------

QUERIES = {
    "four_bands.tif": {"num_bands": 4},
    "grey.tif": {"num_bands": 1},
    "two.tif": {"num_bands": 2},
    "signed.tif": {"dtype": "int16"},
    "float.tif": {"dtype": "float32"},
    "large.tif": {"dtype": "uint32"},
    "nodata.tif": {"nodata": 1234},
    "eight.tif": {"dtype": "uint8", "num_bands": 5},
}


@pytest.mark.parametrize("name", QUERIES)
def test_a_picture_finds_its_own_chip(folder, build_index, model, tmp_path, name):
    high = 250 if QUERIES[name].get("dtype") == "uint8" else 1300
    write(folder, name, high / 3, high / 2, **QUERIES[name])
    for other, low in enumerate((0, high / 2, high * 0.9)):
        write(folder, f"other{other}_{name}", low, high, **QUERIES[name])
    build_index(folder, **WHOLE)
    index = Index.open(tmp_path / "index", model=model[0])
    hit = index.search(image=str(folder / name), k=1, overlap=None)[0]
    assert hit.source.endswith(f"/{name}")
    assert hit.score > 0.99
    assert index.search(image=folder / name, k=1, overlap=None)[0].score == hit.score


def test_pictures_of_16_bits_and_virtual_rasters_find_themselves(
    folder, build_index, model, tmp_path
):
    values = write(folder, "a.tif", 500, 3000)
    write(folder, "b.tif", 0, 4000)
    Image.fromarray(values[0]).save(folder / "grey.png")
    with rasterio.open(folder / "a.tif") as dataset:
        copy(dataset, folder / "c.vrt", driver="VRT")
    build_index(folder, **WHOLE)
    index = Index.open(tmp_path / "index", model=model[0])
    for name in ("grey.png", "c.vrt"):
        hits = index.search(image=str(folder / name), k=4, overlap=None)
        scores = {hit.source.rpartition("/")[2]: hit.score for hit in hits}
        assert scores[name] > 0.99
        assert scores[name] == max(scores.values())


def test_a_picture_of_a_kind_that_the_index_does_not_know(
    folder, build_index, model, tmp_path, caplog
):
    write(folder, "a.tif", 100, 600)
    build_index(folder, **WHOLE)
    write(tmp_path, "radar.tif", -25, 0, dtype="float32", num_bands=1)
    index = Index.open(tmp_path / "index", model=model[0])
    assert index.search(image=str(tmp_path / "radar.tif"), k=1)
    assert "no range is known of its kind (unknown sensor, float32, 1 band)" in caplog.text


@pytest.mark.parametrize("name", ["https://x.org/a.tif", "s3://bucket/a.tif"])
def test_an_address_is_no_picture(folder, build_index, model, tmp_path, name):
    write(folder, "a.tif", 100, 600)
    build_index(folder, **WHOLE)
    index = Index.open(tmp_path / "index", model=model[0])
    with pytest.raises(MissingFileError, match="addresses are not read here"):
        index.search(image=name)


@pytest.mark.shared
@pytest.mark.parametrize(
    "name",
    ["rgb16.tif", "ms1.tif", "L7_ETMs.tif", "RGB.byte.tif", "pix4d_alpha_nodata.tif", "1985.tif"],
)
def test_real_files_find_themselves(shared_dir, build_index, model, tmp_path, name):
    scenes = shared_dir / "data" / "scenes"
    build_index(
        *(scenes / other for other in ("rgb16.tif", "ms1.tif", "OSBS_029.tif", name)), **WHOLE
    )
    index = Index.open(tmp_path / "index", model=model[0])
    hit = index.search(image=scenes / name, k=1, overlap=None)[0]
    assert hit.source.endswith(f"/{name}")
    assert hit.score > 0.99


@pytest.mark.shared
def test_a_real_file_of_16_bits_is_shown_by_its_percentiles(shared_dir, build_index, tmp_path):
    path = shared_dir / "data" / "scenes" / "rgb16.tif"
    build_index(path, **WHOLE)
    with rasterio.open(path) as dataset:
        values = dataset.read().astype(float)
        valid = dataset.dataset_mask() > 0
    (known,) = ranges(tmp_path / "index").values()
    low, high = np.percentile(values[:, valid], (0.5, 99.5))
    # Of 20,000 of its pixels.
    assert known.low[0] == pytest.approx(low, abs=(high - low) / 50)
    assert known.high[0] == pytest.approx(high, abs=(high - low) / 50)
