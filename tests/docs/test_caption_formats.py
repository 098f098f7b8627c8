"""The tables of docs/caption_formats.md and docs/areas.md: each row is written, and read."""

import io
import json
import re
import tarfile

import geopandas
import pytest
import shapely
from PIL import Image
from shapely.geometry import box, mapping
from tests.docs.shown import ROOT

from harma.curation.check import check_data
from harma.data.description import DataDescription
from harma.data.formats import ANNOTATION_READERS
from harma.index.areas import area_of
from harma.index.ask import Where


def rows_of(page):
    """The cells of the rows of a page's first table."""
    text = (ROOT / "docs" / page).read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("|")]
    cells = [re.split(r"(?<!\\)\|", line)[1:-1] for line in lines[2:]]
    return [[cell.strip() for cell in row] for row in cells]


CAPTIONS = rows_of("caption_formats.md")


def picture(path):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", (8, 8)).save(path)


@pytest.mark.parametrize("row", CAPTIONS, ids=lambda row: f"{row[0]} {row[1][:20]}")
def test_formats_of_captions(row, tmp_path):
    form = row[0].strip("`")
    samples = [sample.replace("⏎", "\n") for sample in re.findall(r"`([^`]+)`", row[3])]
    for name in ("a.png", "b.png", "bridge/a.png"):
        picture(tmp_path / "images" / name)
    files = ("train.txt",)
    (tmp_path / "train.txt").write_text(samples[0])
    if form == "caps":
        files = ("train_caps.txt", "train_filename.txt")
        for file, sample in zip(files, samples, strict=True):
            (tmp_path / file).write_text(sample)
    if form == "webdataset":
        files = ("shards/*.tar",)
        shard(tmp_path)
    report = check_data(DataDescription("x", form, train=files), tmp_path)
    assert report.problems == ()
    assert report.sizes["train"].num_captions >= 1


def shard(folder):
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "PNG")
    (folder / "shards").mkdir()
    with tarfile.open(folder / "shards" / "00000.tar", "w") as archive:
        facts = json.dumps({"caption": "a road"}).encode()
        contents = {"000.png": buffer.getvalue(), "000.txt": b"a bridge"}
        for name, content in {**contents, "001.png": buffer.getvalue(), "001.json": facts}.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))


def test_every_format_has_a_row():
    assert {row[0].strip("`") for row in CAPTIONS} == set(ANNOTATION_READERS)


# -- areas -----------------------------------------------------------------------------------------

SQUARE = box(4, 51, 5, 52)
FRAME = geopandas.GeoDataFrame(geometry=[SQUARE], crs=4326)


def written(folder, name, **options):
    FRAME.to_file(folder / name, **options)
    return folder / name


def kml(folder):
    corners = " ".join(f"{x},{y}" for x, y in SQUARE.exterior.coords)
    (folder / "a.kml").write_text(
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><Polygon>'
        f"<outerBoundaryIs><LinearRing><coordinates>{corners}</coordinates></LinearRing>"
        "</outerBoundaryIs></Polygon></Placemark></Document></kml>"
    )
    return folder / "a.kml"


def parquet(folder):
    FRAME.to_parquet(folder / "a.parquet")
    return folder / "a.parquet"


AREAS = {
    "GeoJSON": lambda folder: "\ufeff" + json.dumps(mapping(SQUARE)),
    "WKT, EWKT": lambda folder: f"SRID=4326;{SQUARE.wkt}",
    "GeoPackage": lambda folder: f"{written(folder, 'a.gpkg', layer='fields')}|layer=fields",
    "GeoParquet": parquet,
    "Shapefile": lambda folder: written(folder, "a.shp").parent,
    "KML, KMZ": kml,
    "FlatGeobuf": lambda folder: written(folder, "a.fgb"),
    "other files": lambda folder: written(folder, "a.gdb", driver="OpenFileGDB"),
    "Python": lambda folder: FRAME,
}


def test_every_form_of_an_area_has_a_row():
    assert [row[0] for row in rows_of("areas.md")] == list(AREAS)


@pytest.mark.parametrize("form", AREAS)
def test_forms_of_areas(form, tmp_path):
    area = area_of(Where(polygon=AREAS[form](tmp_path)))
    assert shapely.symmetric_difference(area, SQUARE).area < 1e-9
