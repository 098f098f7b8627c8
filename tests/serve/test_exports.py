"""Features as files: GeoJSON, CSV, GeoParquet, as other programs open them."""

import csv
import io
import json

import duckdb
import geopandas
import pandas
import pytest

from harma.serve.answers import hit_columns
from harma.serve.exports import WRITERS, export_of
from harma.serve.features import feature

SQUARE = {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [0, 1], [0, 0]]]}
FEATURES = [
    feature(
        "a", SQUARE, {"rank": 1, "name": 'of "Łódź", a, b', "datetime": "2020-01-01T00:00:00Z"}
    ),
    feature("b", None, {"rank": 2, "name": "", "datetime": None, "dates": ["2019", "2020"]}),
]


def test_geojson():
    response = export_of(FEATURES, "geojson", "archive hits")
    assert response.media_type == "application/geo+json"
    assert response.headers["content-disposition"].endswith("archive_hits.geojson")
    assert json.loads(response.body)["features"] == FEATURES


def test_csv():
    rows = list(csv.DictReader(io.StringIO(export_of(FEATURES, "csv", "x").body.decode())))
    assert rows[0]["geometry"].startswith("POLYGON ((0 0, 1 0")
    assert rows[0]["name"] == 'of "Łódź", a, b'
    assert rows[1]["geometry"] == ""
    assert rows[1]["dates"] == "2019; 2020"
    assert list(rows[0]) == ["id", "rank", "name", "datetime", "dates", "geometry"]


def test_geoparquet(tmp_path):
    file = tmp_path / "x.parquet"
    file.write_bytes(export_of(FEATURES, "geoparquet", "x").body)
    table = geopandas.read_parquet(file)
    assert table.crs == "OGC:CRS84"
    assert table["datetime"][0] == pandas.Timestamp("2020-01-01", tz="UTC")
    assert table["datetime"].isna()[1]
    assert table.geometry[0].area == 1
    assert table.geometry[1] is None
    found = duckdb.sql(f"SELECT id, bbox.xmax FROM '{file}' ORDER BY id").fetchall()
    assert found[0] == ("a", 1.0)


def test_a_table_without_a_row_has_its_columns():
    columns = hit_columns(of_change=False)
    header = export_of([], "csv", "x", columns).body.decode()
    assert header == f"id,{','.join(columns)},geometry\n"
    assert {"rank", "score", "standing", "source_name", "datetime"} <= set(columns)
    table = geopandas.read_parquet(io.BytesIO(export_of([], "geoparquet", "x", columns).body))
    assert list(table.columns) == ["id", *columns, "geometry"]


def test_columns_of_changes():
    assert set(hit_columns(of_change=True)) - set(hit_columns(of_change=False)) == {
        "change",
        *(f"then_{name}" for name in ("score", "id", "source", "source_name")),
        *(f"then_{name}" for name in ("datetime", "datetime_end", "date")),
    }


@pytest.mark.parametrize("form", WRITERS)
def test_nothing_is_a_file_too(form):
    response = export_of([], form, "x")
    assert response.status_code == 200
    if form == "geoparquet":
        assert len(geopandas.read_parquet(io.BytesIO(response.body))) == 0


def test_names_of_files():
    for name in ("../../etc/passwd", 'a"; filename=b', "a\r\nX: y", ""):
        header = export_of([], "csv", name).headers["content-disposition"]
        assert "/" not in header
        assert '"' not in header
        assert "\n" not in header
        assert header.endswith(".csv")
