"""Rows of a file of embeddings: what is normalised, and what stays as it is."""

import geopandas
import numpy as np
import pytest
import shapely

from harma.exchange.embedding_file import EmbeddingFile


@pytest.mark.parametrize(
    ("length", "stays"), [(1.0, True), (1.0004, True), (0.9996, True), (1.001, False), (0.5, False)]
)
def test_embeddings_are_normalised_but_for_the_rounding_of_float16(tmp_path, length, stays):
    unit = np.random.default_rng(3).standard_normal((5, 8))
    unit /= np.linalg.norm(unit, axis=1, keepdims=True)
    vectors = (length * unit).astype(np.float32)
    values = {"vector": list(vectors), "geometry": shapely.box(range(5), 0, range(1, 6), 1)}
    path = tmp_path / "made.parquet"
    geopandas.GeoDataFrame(values, geometry="geometry", crs="EPSG:4326").to_parquet(path)
    (block,) = EmbeddingFile(path).blocks()
    assert np.array_equal(block.embeddings, vectors) == stays
    if not stays:
        assert np.linalg.norm(block.embeddings, axis=1) == pytest.approx(np.ones(5), abs=1e-6)
        assert block.embeddings == pytest.approx(unit, abs=1e-6)


@pytest.mark.parametrize("crs", ["EPSG:4326", "EPSG:32631"])
def test_footprints_have_no_heights(tmp_path, crs):
    high = shapely.force_3d(shapely.box(range(3, 8), 50, range(4, 9), 51), 12.5)
    values = {"vector": list(np.eye(5, 8, dtype=np.float32)), "geometry": high}
    path = tmp_path / "high.parquet"
    frame = geopandas.GeoDataFrame(values, geometry="geometry", crs="EPSG:4326")
    frame.to_crs(crs).to_parquet(path)
    (block,) = EmbeddingFile(path).blocks()
    footprints = shapely.from_wkb([chip.geometry for chip in block.chips])
    assert not shapely.has_z(footprints).any()
    assert shapely.bounds(footprints) == pytest.approx(shapely.bounds(high), abs=1e-6)
