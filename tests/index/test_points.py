"""Pictures with GPS alone: searched by place, shown, exported; their chips merge by windows."""

import json

import numpy as np
import pyarrow.parquet as pq
import pytest
import shapely
from PIL import ExifTags, Image

from harma.exchange.importing import import_geoparquet
from harma.exchange.sheet import write_sheet
from harma.exchange.tile import tiles_of
from harma.index.hits import as_csv, as_geojson
from harma.index.index import Index

LONGITUDE = 4.25
LATITUDE = 52.5


@pytest.fixture
def index(build_index, model, tmp_path):
    """Of two pictures of one place and moment, nine chips each, and one without GPS."""
    rng = np.random.default_rng(0)
    (tmp_path / "drone").mkdir()
    for name in ("a", "b", "c"):
        exif = Image.Exif()
        exif.get_ifd(ExifTags.IFD.Exif)[36867] = "2020:06:15 10:30:15"
        if name != "c":
            place = {1: "N", 2: (52.0, 30.0, 0.0), 3: "E", 4: (4.0, 15.0, 0.0)}
            exif.get_ifd(ExifTags.IFD.GPSInfo).update(place)
        pixels = rng.integers(0, 255, (96, 96, 3), dtype=np.uint8)
        Image.fromarray(pixels).save(tmp_path / "drone" / f"{name}.jpg", exif=exif)
    build_index(tmp_path / "drone")
    return Index.open(tmp_path / "index", model=model[0])


def names(hits):
    return sorted({hit.source[-5:] for hit in hits})


def test_pictures_are_found_by_place(index):
    def search(**where):
        return index.search("a road", k=99, overlap=None, **where)

    assert len(search()) == 27
    for where in (
        {"bbox": (4, 52, 5, 53)},
        {"bbox": (4, 52, 5, 53), "within": True},
        {"near": (LONGITUDE, LATITUDE), "radius_km": 0.1},
        {"polygon": shapely.box(4.2, 52.4, 4.3, 52.6)},
    ):
        hits = search(**where)
        assert len(hits) == 18
        assert names(hits) == ["a.jpg", "b.jpg"]
    assert not search(bbox=(4.26, 52, 5, 53))
    assert not search(near=(LONGITUDE + 0.01, LATITUDE), radius_km=0.1)
    assert index.info()["placed"] == 18
    assert index.info()["dated by"] == "its camera: 27"


def test_chips_of_a_picture_merge_by_their_windows(index):
    assert len(index.search("a road", k=99)) == 27, "windows that do not overlap are other places"


def test_points_are_shown_and_exported(index, tmp_path):
    hits = index.search("a road", k=3, bbox=(4, 52, 5, 53))
    feature = json.loads(as_geojson(hits))["features"][0]
    assert feature["geometry"] == {"type": "Point", "coordinates": [LONGITUDE, LATITUDE]}
    assert "POINT (4.25 52.5)" in as_csv(hits)
    write_sheet(tmp_path / "sheet.html", tiles_of(index.store, hits), title="x", query={})
    assert "4.25000, 52.50000" in (tmp_path / "sheet.html").read_text()
    index.export(tmp_path / "a.parquet")
    geo = json.loads(pq.read_schema(tmp_path / "a.parquet").metadata[b"geo"])
    assert geo["columns"]["geometry"]["geometry_types"] == ["Point"]
    import_geoparquet(tmp_path / "other", tmp_path / "a.parquet")
    assert Index.open(tmp_path / "other").info()["placed"] == 18


def test_no_change_between_pictures_and_areas(index, write_scenes, build_index, tmp_path):
    assert index.verify() == []
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    index.refresh()
    with pytest.raises(Exception, match="no chip with a place and a date before"):
        index.search("a road", before="2009", after="2020-06-15")
    assert index.search("a road", before="2011", after="2020-06-15") == []
