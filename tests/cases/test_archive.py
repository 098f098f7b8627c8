"""The made archive (benchmarks.archive): a small one is built by one command and compared."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
import rasterio
import rasterio.transform
import rasterio.warp
from benchmarks.archive.__main__ import build
from benchmarks.archive.checking import DAY, assign, check, read_index, table
from benchmarks.archive.making import make, make_scene
from benchmarks.archive.pattern import draw
from benchmarks.archive.products import PRODUCTS
from benchmarks.archive.truth import Truth
from tests.docs.reads_page import rows_of

# Scenes of a product: as many as it has variants.
EACH = 4
# Products that do not come out right yet, and why.
NOT_YET = {
    "stac-item": "catalogues are not merged",
    "stac-search": "catalogues are not merged",
}


@pytest.fixture(scope="module")
def archive(tmp_path_factory):
    folder = tmp_path_factory.mktemp("made") / "archive"
    make(folder, EACH * len(PRODUCTS))
    return folder


@pytest.fixture(scope="module")
def built(archive):
    """Where the index is, and what the build said."""
    index = archive.parent / "index"
    _, said = build(archive, index)
    return index, said


@pytest.fixture(scope="module")
def findings(archive, built):
    index, said = built
    try:
        return check(archive, index, said)
    except Exception as error:
        pytest.fail(f"{error}\n{said}")


# The page "What HarMA reads": key → row.
PAGE_ROWS = {row["key"].strip("`"): row for row in rows_of("Products")}


def product_of(key):
    reason = NOT_YET.get(key)
    marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
    return pytest.param(key, marks=marks)


def row_of(key):
    # A row says less than the check: some of them are right already.
    reason = NOT_YET.get(key)
    marks = [pytest.mark.xfail(reason=reason)] if reason else []
    return pytest.param(key, marks=marks)


@pytest.mark.slow
@pytest.mark.parametrize("key", [product_of(key) for key in PRODUCTS])
def test_every_scene_of_a_product_is_right(findings, key):
    assert findings.counts[key] == EACH
    assert [entry for entry in findings.wrong if entry[0] == key] == []


def test_the_page_has_a_row_for_each_product():
    assert list(PAGE_ROWS) == list(PRODUCTS)


@pytest.mark.slow
@pytest.mark.parametrize("key", [row_of(key) for key in PAGE_ROWS])
def test_a_product_is_read_as_its_row_says(archive, built, key):
    row = PAGE_ROWS[key]
    read = read_index(built[0])
    truth = Truth.read(archive)
    by_scene, _ = assign(truth, [name for name in read.records if read.chips[name]], str(archive))
    for number, scene in enumerate(truth.scenes):
        if scene.product == key:
            record = read.records[by_scene[number][0]]
            _check_row(row, record, read.chips[record.source][0])


def _check_row(row, record, chip):
    length = (chip["datetime_end"] or chip["datetime"]) - chip["datetime"]
    is_day = row["date"].startswith("day")
    if "range" not in row["date"]:
        assert length == (DAY - timedelta(microseconds=1) if is_day else timedelta()), row["date"]
    for source in ("EXIF", "name"):
        if row["date"].endswith(source):
            assert source.lower() in record.date_from.lower()
    numbers = row["bands shown"].partition(";")[0].replace(", grey", "").replace(" ", "")
    if numbers.replace(",", "").isdigit():
        assert record.bands == numbers
    assert record.is_guess is False
    if row["place"] == "control points":
        assert "control points" in record.placed_by
    if row["place"] == "its own":
        assert record.placed_by == ""


@pytest.mark.slow
def test_nothing_is_lost_and_nothing_else_is_a_scene(findings):
    assert findings.others == []


def test_every_file_is_accounted_for(archive):
    truth = Truth.read(archive)
    known = [path for scene in truth.scenes for path in scene.paths]
    known += [entry.path for entry in truth.files]
    # The catalogue's own, and a second name of a scene.
    known += ["catalogue/catalog.json", "catalogue/search.json", "disk/links/S2", "truth.json"]
    known += ["disk/other/n.ntf.aux.xml"]
    files = [path for path in archive.rglob("*") if path.is_file() or path.is_symlink()]
    names = [path.relative_to(archive).as_posix() for path in files]
    assert [name for name in names if not name.startswith(tuple(known))] == []
    assert all((archive / scene.paths[0]).exists() for scene in truth.scenes)


# Products whose fill stands in the file itself.
PLAIN = ("planetscope-4", "planetscope-8", "maxar-pan", "naip", "vrt-mosaic", "stac-search")


@pytest.mark.parametrize("key", PLAIN)
def test_truth_is_what_rasterio_reads(tmp_path, key):
    truth = make_scene(tmp_path, key, 1, 5)
    found = sorted((tmp_path / truth.paths[0]).rglob("*.TIF")) or [tmp_path / truth.paths[0]]
    with rasterio.open(found[0]) as dataset:
        values = dataset.read()
        bounds = rasterio.warp.transform_bounds(dataset.crs, "EPSG:4326", *dataset.bounds)
    assert truth.fills[0] == pytest.approx((values[0] == 0).mean())
    assert truth.bounds == pytest.approx(bounds, abs=truth.tolerance)
    if truth.bands != (1,):
        red, green, blue = (values[band - 1].astype(float) for band in truth.bands or (1, 2, 3))
        marked = {what: (x, y) for what, x, y in truth.marks}
        x, y = marked["red"]
        place = int(y * red.shape[0]), int(x * red.shape[1])
        assert red[place] > 2 * max(green[place], blue[place])


def test_control_points_and_polynomials_place_as_the_truth_says(tmp_path):
    grd = make_scene(tmp_path, "sentinel-1-grd", 1, 5)
    image = next((tmp_path / grd.paths[0]).rglob("*vv*.tiff"))
    with rasterio.open(image) as dataset:
        points, _ = dataset.gcps
    assert min(p.x for p in points) == pytest.approx(grd.bounds[0], abs=1e-6)
    assert max(p.y for p in points) == pytest.approx(grd.bounds[3], abs=1e-6)
    maxar = make_scene(tmp_path, "maxar-8", 0, 5)
    image = next((tmp_path / maxar.paths[0]).rglob("*.TIF"))
    with rasterio.open(image) as dataset:
        assert dataset.crs is None
        with rasterio.transform.RPCTransformer(dataset.rpcs) as polynomials:
            west, north = polynomials.xy(0, 0, offset="ul")
    assert (west, north) == pytest.approx((maxar.bounds[0], maxar.bounds[3]), abs=1e-6)


def test_a_pattern_turned_twice_is_as_it_was():
    pattern = draw(np.random.default_rng(0), 12, 18, 6)
    again = pattern.turned(down=True, across=True).turned(down=True, across=True)
    assert pattern.fill == pytest.approx(1 / 3)
    assert again.centres == pattern.centres
    assert np.array_equal(again.spectra["red"], pattern.spectra["red"])


def test_the_check_finds_what_is_wrong(tmp_path):
    folder = tmp_path / "archive"
    make(folder, 2, products=["naip"])
    truth = Truth.read(folder)
    scene = truth.scenes[1]
    index = tmp_path / "index"
    status, said = build(folder, index)
    far = replace(scene, bounds=(0.0, 0.0, 1.0, 1.0))
    empty = replace(scene, fills=(0.9,))
    late = replace(scene, starts="2001-01-01T00:00:00+00:00", ends="2001-01-01T00:00:00+00:00")
    others = replace(scene, bands=(3, 2, 1))
    swapped = {"red": "blue", "blue": "red"}
    marks = tuple((swapped.get(what, what), *place) for what, *place in scene.marks)
    painted = replace(scene, marks=marks)
    wanted = {"place": far, "fill": empty, "date": late, "bands": others, "field": painted}
    for word, changed in wanted.items():
        Truth([changed], truth.files, truth.sources).write(folder)
        found = [reason for _, _, reason in check(folder, index, said).wrong]
        assert any(word in reason for reason in found), (word, found)
    lost = replace(scene, paths=("disk/naip/nowhere",))
    Truth([lost], [], truth.sources).write(folder)
    findings = check(folder, index, said)
    assert "0 scenes in place of one" in findings.wrong[0][2]
    assert any("a scene of nothing" in other for other in findings.others)
    assert "naip                  1      0" in table(findings)
    assert not findings.is_right
    assert Path(f"{index}.said.txt").read_text() == said
    assert status == 0
