"""Files of marks as others write them, and files that are none."""

import io
import json
import random

import geopandas
import pandas
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely

from harma.errors import DataError
from harma.searches import mark_parsers
from harma.searches.mark_files import FORMATS, read_mark_file, write_marks
from harma.searches.mark_parsers import csv_rows, geojson_rows, geoparquet_rows
from harma.searches.records import Mark


def collection(*features, **further):
    return json.dumps({"type": "FeatureCollection", "features": features, **further}).encode()


def feature(properties, geometry=None, **further):
    return {"type": "Feature", "geometry": geometry, "properties": properties, **further}


POINT = {"type": "Point", "coordinates": [4.9, 52.4]}


# -- GeoJSON --------------------------------------------------------------------------------------


def test_features_of_other_programs():
    rows = list(
        geojson_rows(
            collection(
                feature({"label": 1}, POINT),
                feature({"Label": "positive", "ID": "a"}, POINT, id="b"),
                feature(None, {"type": "Point", "coordinates": [4.9, 52.4, 12.0]}),
            )
        )
    )
    assert rows[0].values == {"label": 1}
    assert rows[0].geometry.equals(shapely.Point(4.9, 52.4))
    assert rows[1].values == {"label": "positive", "id": "b"}
    assert not rows[2].geometry.has_z
    assert [row.number for row in rows] == [1, 2, 3]


@pytest.mark.parametrize(
    "broken",
    [
        "x",
        5,
        feature({"mark": "good"}, {"type": "Point", "coordinates": ["a", "b"]}),
        feature({"mark": "good"}, {"type": "Point"}),
        feature({"mark": "good"}, {"type": "Cube", "coordinates": []}),
        feature({"mark": "good"}, "POINT (1"),
        feature({"mark": "good"}, [1, 2]),
        feature({"mark": "good"}, {"type": "Polygon", "coordinates": [[[0, 0], [1, 1]]]}),
    ],
    ids=str,
)
def test_a_broken_feature_is_named_and_the_others_are_read(broken):
    content = collection(feature({"mark": "good"}, POINT), broken, feature({"mark": 0}, POINT))
    file = read_mark_file(content, "geojson")
    assert [row.number for row in file.rows] == [1, 3]
    [refused] = file.refused
    assert refused.number == 2
    assert refused.reason


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"{", "is no JSON"),
        (b"[" * 100_000, "is no JSON"),
        (b"\xff\xff", "is no JSON"),
        (b"{}", "no FeatureCollection"),
        (b'{"features": 3}', "no FeatureCollection"),
        (collection(crs={"type": "name", "properties": {"name": "EPSG:28992"}}), "EPSG:28992"),
    ],
)
def test_what_is_no_geojson(content, said):
    with pytest.raises(DataError, match=said):
        list(geojson_rows(content))


def test_a_crs_that_says_wgs84():
    name = "urn:ogc:def:crs:OGC:1.3:CRS84"
    crs = {"type": "name", "properties": {"name": name}}
    assert len(list(geojson_rows(collection(feature({}, POINT), crs=crs)))) == 1


# -- CSV ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "id,mark,lon,lat\na,good,4.9,52.4\n",
        "\ufeffID;Mark;Longitude;Latitude\r\na;good;4.9;52.4\r\n",
        "id\tmark\tgeometry\na\tgood\tPOINT (4.9 52.4)\n",
        'id,mark,wkt\na,good,"POINT (4.9 52.4)"\n',
    ],
)
def test_tables_of_other_programs(text):
    [row] = csv_rows(text.encode())
    assert (row.values["id"], row.values["mark"]) == ("a", "good")
    assert row.geometry.equals(shapely.Point(4.9, 52.4))


@pytest.mark.parametrize(
    "line",
    [
        "a,good,east,52",
        "a,good,4",
        "a,good,4,52,7",
        "a,good,nan,52",
        "a,good,400,52",
        "a,good,inf,1",
    ],
)
def test_a_broken_line_is_named(line):
    content = f"id,mark,lon,lat\nx,good,4.9,52.4\n{line}\n".encode()
    file = read_mark_file(content, "csv")
    assert [row.chip for row in file.rows] == ["x"]
    assert [refused.number for refused in file.refused] == [2]


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"id,mark\n\xff\xfe,good\n", "not written in UTF-8"), (b'id,mark\n"a,good\n', "is no table")],
)
def test_what_is_no_table(content, said):
    with pytest.raises(DataError, match=said):
        list(csv_rows(content))


@pytest.mark.parametrize("content", [b"", b"0", b"id,colour\na,red\n"])
def test_a_table_without_marks(content):
    with pytest.raises(DataError, match="has no column mark or label; it has"):
        list(csv_rows(content))


def test_a_cell_that_is_too_long():
    with pytest.raises(DataError, match="is no table"):
        list(csv_rows(b"id,mark\n" + b"a" * 200_000 + b",good\n"))


# -- GeoParquet -----------------------------------------------------------------------------------


def parquet(table):
    buffer = io.BytesIO()
    table.to_parquet(buffer)
    return buffer.getvalue()


def test_another_coordinate_reference_system():
    table = geopandas.GeoDataFrame(
        {"label": [1], "other": [[1, 2]]}, geometry=[shapely.Point(4.9, 52.4)], crs="EPSG:4326"
    )
    [row] = geoparquet_rows(parquet(table.to_crs("EPSG:28992")))
    assert row.values == {"label": 1}
    assert row.geometry.distance(shapely.Point(4.9, 52.4)) < 1e-6


def test_parquet_without_places():
    buffer = io.BytesIO()
    pandas.DataFrame({"label": [1]}).to_parquet(buffer)
    with pytest.raises(DataError, match="not GeoParquet"):
        list(geoparquet_rows(buffer.getvalue()))


def test_what_is_large_when_it_is_unpacked(monkeypatch):
    content = write_marks([Mark("a" * 400, "good", "x" * 2000)] * 100, "geoparquet")
    monkeypatch.setattr(mark_parsers, "MOST_UNPACKED", 1000)
    with pytest.raises(DataError, match="bytes when it is unpacked"):
        list(geoparquet_rows(content))


def test_a_text_that_is_packed_once_and_stands_in_all_rows(monkeypatch):
    """A file of some kilobytes that would take 100 MB."""
    count = 50_000
    columns = {
        "mark": pa.array(["good"] * count),
        "note": pa.array(["x" * 2000] * count).dictionary_encode(),
        "geometry": pa.nulls(count, pa.binary()),
    }
    geo = {"version": "1.1.0", "primary_column": "geometry"}
    geo["columns"] = {"geometry": {"encoding": "WKB", "geometry_types": []}}
    table = pa.table(columns).replace_schema_metadata({"geo": json.dumps(geo)})
    buffer = io.BytesIO()
    pq.write_table(table, buffer, compression="zstd")
    assert len(buffer.getvalue()) < 20_000
    monkeypatch.setattr(mark_parsers, "MOST_UNPACKED", 99_000_000)
    pa.default_memory_pool().release_unused()
    before = pa.total_allocated_bytes()
    with pytest.raises(DataError, match="takes 100,.* bytes when it is unpacked"):
        list(geoparquet_rows(buffer.getvalue()))
    assert pa.total_allocated_bytes() - before < 10_000_000


def test_columns_that_are_not_asked_for_are_not_read():
    table = geopandas.GeoDataFrame({"mark": ["good"]}, geometry=[shapely.Point(1, 2)], crs=4326)
    arrow = pq.read_table(io.BytesIO(parquet(table)))
    arrow = arrow.append_column("huge", pa.array([b"x" * 1000]))
    buffer = io.BytesIO()
    pq.write_table(arrow, buffer)
    [row] = geoparquet_rows(buffer.getvalue())
    assert row.values == {"mark": "good"}


# -- all of them ----------------------------------------------------------------------------------


@pytest.mark.parametrize("form", FORMATS)
def test_there_is_an_end_of_rows(form, monkeypatch):
    content = write_marks([Mark(str(i), "good") for i in range(4)], form)
    monkeypatch.setattr(mark_parsers, "MOST_ROWS", 3)
    with pytest.raises(DataError, match="more than 3 rows"):
        read_mark_file(content, form)


@pytest.mark.parametrize("form", FORMATS)
def test_mutated_files_are_read_or_refused_in_words(form):
    outline = shapely.to_wkb(shapely.box(0, 0, 1, 1))
    marks = [Mark(f"c{i}", "good", "note", geometry=outline) for i in range(5)]
    content = write_marks(marks, form)
    rng = random.Random(0)
    for _ in range(300):
        mutated = bytearray(content)
        for _ in range(rng.randint(1, 8)):
            mutated[rng.randrange(len(mutated))] = rng.randrange(256)
        cut = bytes(mutated[: rng.randrange(len(mutated))] if rng.random() < 0.2 else mutated)
        try:
            file = read_mark_file(cut, form)
        except DataError:
            continue
        assert all(row.mark in ("good", "bad", "unsure") for row in file.rows)
