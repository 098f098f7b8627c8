"""A file of embeddings: its columns are told, and its rows read in blocks."""

import geopandas
import numpy as np
import pytest
import shapely

from harma.errors import ConfigError, DataError, MissingFileError
from harma.exchange import embedding_file
from harma.exchange.embedding_file import Columns, EmbeddingFile

VECTORS = np.random.default_rng(0).normal(size=(17, 5)).astype(np.float32)


@pytest.fixture
def write(tmp_path):
    def write(**columns):
        values = {"vector": list(VECTORS), **columns}
        path = tmp_path / "f.parquet"
        places = [shapely.Point(i, 0) for i in range(17)]
        geopandas.GeoDataFrame(values, geometry=places, crs=4326).to_parquet(path)
        return path

    return write


def test_the_only_list_of_floats_is_the_embedding(write):
    file = EmbeddingFile(write(year=range(17), words=[["a"]] * 17))
    layout = file.layout
    assert (layout.embedding, layout.embed_dim, layout.geometry) == ("vector", 5, "geometry")
    assert (layout.id, layout.datetime, layout.source, layout.is_ours) == (None, None, None, False)
    assert (file.settings, file.num_rows) == (None, 17)


def test_of_several_the_one_called_embedding(write):
    path = write(embedding=list(VECTORS[:, :3]))
    assert EmbeddingFile(path).layout.embed_dim == 3
    assert EmbeddingFile(path, Columns(embedding="vector")).layout.embed_dim == 5


def test_usual_names_are_taken_unless_they_are_ruled_out(write):
    path = write(id=[f"chip {i}" for i in range(17)], source=["a"] * 17)
    layout = EmbeddingFile(path).layout
    assert (layout.id, layout.source) == ("id", "source")
    ruled_out = EmbeddingFile(path, Columns(id="", source="id")).layout
    assert (ruled_out.id, ruled_out.source) == (None, "id")


def test_blocks_hold_every_row_once(write, monkeypatch):
    monkeypatch.setattr(embedding_file, "ROWS_AT_ONCE", 7)
    blocks = list(EmbeddingFile(write(id=[str(i) for i in range(17)])).blocks())
    assert [len(block.chips) for block in blocks] == [7, 7, 3]
    assert [chip.id for block in blocks for chip in block.chips] == [str(i) for i in range(17)]
    expected = VECTORS / np.linalg.norm(VECTORS, axis=1, keepdims=True)
    np.testing.assert_allclose(np.concatenate([b.embeddings for b in blocks]), expected, rtol=1e-6)


def test_rows_are_numbered_through_the_blocks(write, monkeypatch):
    monkeypatch.setattr(embedding_file, "ROWS_AT_ONCE", 7)
    vectors = VECTORS.copy()
    vectors[10] = np.nan
    with pytest.raises(DataError, match="f.parquet, row 10: "):
        list(EmbeddingFile(write(vector=list(vectors))).blocks())


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        (Columns(id="tile"), r"has no column tile \(id\); it has vector, year, geometry"),
        (
            Columns(embedding="year"),
            "year is int64; an embedding is a list of floats",
        ),
    ],
)
def test_columns_that_are_named_and_not_there(write, columns, message):
    with pytest.raises(ConfigError, match=message):
        EmbeddingFile(write(year=range(17)), columns)


def test_no_file_and_no_parquet_file(tmp_path):
    with pytest.raises(MissingFileError, match=r"none.parquet is not there; name a GeoParquet"):
        EmbeddingFile(tmp_path / "none.parquet")
    with pytest.raises(ConfigError, match="is a directory"):
        EmbeddingFile(tmp_path)
