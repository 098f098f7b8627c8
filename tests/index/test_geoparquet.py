"""An index as GeoParquet: what is written, and that other programs read it."""

import json
from dataclasses import replace

import duckdb
import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from PIL import Image
from tests.index.made import all_rows

from harma.errors import ConfigError, StorageError
from harma.index import geoparquet
from harma.index.geoparquet import export_geoparquet, write_hits_geoparquet
from harma.index.index import Index
from harma.index.store import Store


@pytest.fixture
def store(write_scenes, build_index, tmp_path):
    """Scenes in two places, one across the 180th meridian, and a picture without a place."""
    import rasterio
    from affine import Affine

    write_scenes(tmp_path / "scenes", 3)
    Image.fromarray(np.full((40, 40, 3), 90, dtype=np.uint8)).save(
        tmp_path / "scenes" / "picture.png"
    )
    with rasterio.open(
        tmp_path / "scenes" / "fiji.tif",
        "w",
        driver="GTiff",
        width=96,
        height=32,
        count=3,
        dtype="uint8",
        crs="EPSG:3832",
        transform=Affine(200, 0, 3_330_000, 0, -200, -1_900_000),
    ) as dataset:
        dataset.write(np.full((3, 32, 96), 50, dtype=np.uint8))
    build_index(tmp_path / "scenes")
    return Store(tmp_path / "index")


@pytest.fixture
def exported(store, tmp_path, monkeypatch):
    """Its export, in row groups of eight."""
    monkeypatch.setattr(geoparquet, "GROUP", 8)
    path = tmp_path / "a.parquet"
    assert export_geoparquet(store, path) == store.count()
    return path


def by_id(store):
    return {row["id"]: row for row in all_rows(store)}


def test_geopandas_reads_every_value(exported, store):
    frame, rows = geopandas.read_parquet(exported), by_id(store)
    assert frame.crs == "OGC:CRS84"
    assert len(frame) == len(rows) == len(set(frame["id"]))
    assert frame.geometry.dropna().is_valid.all()
    for _, row in frame.iterrows():
        kept = rows[row["id"]]
        np.testing.assert_array_equal(
            row["embedding"], np.array(kept["embedding"], dtype=np.float32)
        )
        assert (shapely.to_wkb(row.geometry) if row.geometry else None) == kept["geometry"]
        assert (None if pd.isna(row["datetime"]) else row["datetime"]) == kept["datetime"]
        for name in (
            "source",
            "content",
            "column",
            "row",
            "width",
            "height",
            "crs",
            "nodata",
            "model",
        ):
            assert row[name] == kept[name]


def test_the_bbox_column_covers_each_footprint(exported):
    table = pq.read_table(exported)
    footprints = shapely.from_wkb(np.array(table["geometry"].to_pylist(), dtype=object))
    for footprint, box in zip(footprints, table["bbox"].to_pylist(), strict=True):
        assert box == (None if footprint is None else dict(zip(box, footprint.bounds, strict=True)))
    around = geopandas.read_parquet(exported, bbox=(2, 40, 4, 46))
    assert 0 < len(around) < table.num_rows


def test_footprints_across_the_180th_meridian(exported):
    frame = geopandas.read_parquet(exported)
    across = frame[frame.geom_type == "MultiPolygon"]
    assert len(across) == 1
    assert across.total_bounds[[0, 2]].tolist() == [-180, 180]
    geo = json.loads(pq.read_metadata(exported).metadata[b"geo"])["columns"]["geometry"]
    assert geo["geometry_types"] == ["MultiPolygon", "Polygon"]
    assert geo["bbox"] == pytest.approx(frame.total_bounds.tolist())


def test_rows_follow_the_hilbert_curve_and_those_without_a_place_come_last(exported, store):
    frame = geopandas.read_parquet(exported)
    placed = frame[frame.geometry.notna()]
    assert len(placed) == len(frame) - 4, "the picture"
    assert frame.geometry[len(placed) :].isna().all()
    # The middle of a footprint across the meridian is not that of its bounds.
    order = geoparquet._centres(np.array(placed.geometry, dtype=object))
    distances = geopandas.GeoSeries(shapely.points(order)).hilbert_distance()
    assert (np.diff(distances.to_numpy().astype(np.int64)) >= 0).all()
    assert abs(order[np.flatnonzero(placed.geom_type == "MultiPolygon")[0], 0]) > 179


@pytest.mark.parametrize("at_once", [100, 65_536])
def test_neighbours_in_the_file_are_neighbours_on_earth(monkeypatch, at_once):
    rng = np.random.default_rng(0)
    centres = rng.uniform((-20, 30), (40, 60), (4096, 2))
    centres[5] = np.nan
    monkeypatch.setattr(geoparquet, "POINTS_AT_ONCE", at_once)
    order = geoparquet._hilbert_order(centres)
    assert order[-1] == 5
    whole = geopandas.GeoSeries(shapely.points(np.delete(centres, 5, axis=0))).hilbert_distance()
    expected = np.delete(np.arange(4096), 5)[np.argsort(whole, kind="stable")]
    assert order[:-1].tolist() == expected.tolist()
    steps = np.linalg.norm(np.diff(centres[order[:-1]], axis=0), axis=1)
    assert steps.mean() < 0.05 * np.linalg.norm(np.diff(centres[6:], axis=0), axis=1).mean()
    assert geoparquet._hilbert_order(np.full((3, 2), np.nan)).tolist() == [0, 1, 2]
    assert geoparquet._hilbert_order(np.zeros((3, 2))).tolist() == [0, 1, 2], "all in one place"


def test_how_it_is_stored(exported, store):
    metadata = pq.read_metadata(exported)
    group = metadata.row_group(0)
    columns = {group.column(i).path_in_schema: group.column(i) for i in range(group.num_columns)}
    assert {column.compression for column in columns.values()} == {"ZSTD"}
    assert [metadata.row_group(i).num_rows for i in range(metadata.num_row_groups)][:-1] == [8] * 4
    assert columns["bbox.xmin"].statistics.has_min_max
    emb = json.loads(metadata.metadata[b"emb"])
    assert (emb["emb:type"], emb["emb:dimensions"], emb["data_type"]) == ("chip", 16, "float32")
    assert emb["emb:chip_layout"] == {
        "layout_type": "regular_grid",
        "chip_size": [32, 32],
        "stride": [32, 32],
    }
    assert emb["links"][0]["rel"] == "emb:model"
    assert store.settings.model_id in emb["links"][0]["title"]


def test_duckdb_reads_it(exported, store):
    with duckdb.connect() as connection:
        relation = connection.sql(f"SELECT * FROM '{exported}'")
        kinds = dict(zip(relation.columns, map(str, relation.types), strict=True))
        assert kinds["geometry"].startswith("GEOMETRY")
        assert kinds["embedding"] in ("FLOAT[]", "FLOAT[16]")
        found = connection.sql(
            f"SELECT id FROM '{exported}' WHERE bbox.xmin < 4 AND bbox.xmax > 2 AND year(datetime)"
            " = 2011"
        ).fetchall()
        west = connection.sql(
            f"SELECT ST_AsText(geometry) FROM '{exported}' WHERE bbox.xmin < -179"
        ).fetchall()
    assert {chip for (chip,) in found} == {
        chip
        for chip, row in by_id(store).items()
        if row["datetime"] and row["datetime"].year == 2011
    }
    assert west[0][0].startswith("MULTIPOLYGON")


def test_thumbnails_are_written_on_request(exported, store, tmp_path):
    assert "thumbnail" not in pq.read_schema(exported).names
    export_geoparquet(store, tmp_path / "b.parquet", thumbnails=True)
    table = pq.read_table(tmp_path / "b.parquet", columns=["id", "thumbnail"]).to_pylist()
    assert {row["id"]: row["thumbnail"] for row in table} == {
        k: v["thumbnail"] for k, v in by_id(store).items()
    }


def test_an_index_without_chips_or_without_places(build_index, tmp_path):
    (tmp_path / "scenes").mkdir()
    Image.fromarray(np.full((40, 40, 3), 90, dtype=np.uint8)).save(
        tmp_path / "scenes" / "picture.png"
    )
    build_index(tmp_path / "scenes")
    store = Store(tmp_path / "index")
    assert export_geoparquet(store, tmp_path / "a.parquet") == 4
    assert geopandas.read_parquet(tmp_path / "a.parquet").geometry.isna().all()
    store.drop_sources(list(store.sources()))
    assert export_geoparquet(store, tmp_path / "a.parquet") == 0
    assert len(geopandas.read_parquet(tmp_path / "a.parquet")) == 0


def test_a_failed_export_leaves_the_old_file(exported, store, tmp_path, monkeypatch):
    before = exported.read_bytes()

    def failing(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(geoparquet, "_rows", failing)
    with pytest.raises(StorageError, match="cannot be written .*No space left.*make room"):
        export_geoparquet(store, exported)
    assert exported.read_bytes() == before
    assert not list(tmp_path.glob(".a.parquet*"))
    with pytest.raises(ConfigError, match="is a directory"):
        export_geoparquet(store, tmp_path)


def test_hits_as_geoparquet(store, model, tmp_path):
    hits = Index(store, model=model[0]).search("a river", k=100)
    path = tmp_path / "hits.parquet"
    write_hits_geoparquet(hits, path)
    frame = geopandas.read_parquet(path)
    assert frame["id"].tolist() == [hit.id for hit in hits]
    assert frame["rank"].tolist() == list(range(1, len(hits) + 1))
    assert [geometry is None for geometry in frame.geometry] == [
        hit.geometry is None for hit in hits
    ]
    assert "embedding" not in frame
    assert str(frame["datetime"].dtype).endswith("UTC]")
    then = next(hit for hit in hits if hit.datetime)
    write_hits_geoparquet([replace(hits[0], then=then), *hits[1:]], path)
    first = geopandas.read_parquet(path).iloc[0]
    assert (first["then_id"], first["then_datetime"]) == (then.id, then.datetime)
    assert first["change"] == pytest.approx(hits[0].score - then.score, abs=1e-6)
    write_hits_geoparquet([], path)
    assert len(geopandas.read_parquet(path)) == 0
