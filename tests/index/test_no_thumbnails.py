"""Indexes that keep no thumbnails: pictures are made of the scenes, as long as these are there."""

import io

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image
from tests.index.made import all_rows

from harma.errors import ConfigError
from harma.index.ask import Vector
from harma.index.geoparquet import export_geoparquet
from harma.index.index import Index
from harma.index.merge_indexes import merge_indexes
from harma.index.pictures import small_pictures, thumbnails_of
from harma.index.settings import read_settings, settings_of, values_of
from harma.index.store import Store
from harma.searches.watching import _kept_of


@pytest.fixture
def scenes(write_scenes, tmp_path):
    return write_scenes(tmp_path / "scenes", 2)


@pytest.fixture
def index(build_index, scenes, tmp_path):
    build_index(*scenes, thumbnails=False)
    return Index.open(tmp_path / "index")


@pytest.fixture
def hits(index):
    vector = Vector(np.ones(index.store.settings.embed_dim, dtype=np.float32))
    return index.search(like=[vector], overlap=None, k=100)


@pytest.fixture
def kept(build_index, scenes, tmp_path):
    """The same, with thumbnails."""
    build_index(*scenes, directory=tmp_path / "kept")
    return Index.open(tmp_path / "kept")


def test_all_else_is_as_with_them(index, kept):
    rows, others = all_rows(index.store), all_rows(kept.store)
    assert {row.pop("thumbnail") for row in rows} == {None}
    assert all(row.pop("thumbnail")[:2] == b"\xff\xd8" for row in others)
    assert str(rows) == str(others)
    assert index.info() == kept.info() | {"thumbnails": False, "bytes": index.info()["bytes"]}
    assert kept.info()["thumbnails"] is True
    assert index.info()["bytes"] < kept.info()["bytes"]


def test_an_index_keeps_its_setting(index, build_index, write_scenes, tmp_path):
    more = write_scenes(tmp_path / "more", 3)
    with pytest.raises(ConfigError, match="made with thumbnails False, and True was asked for"):
        build_index(more[2])
    build_index(more[2], thumbnails=False)
    assert {row["thumbnail"] for row in all_rows(Store(tmp_path / "index"))} == {None}
    # Those that were made before nobody asked keep them.
    values = values_of(read_settings(tmp_path / "index"))
    assert not settings_of(values).thumbnails
    del values["thumbnails"]
    assert settings_of(values).thumbnails
    assert "thumbnails" not in values_of(settings_of(values))


def test_pictures_are_made_of_scenes(index, kept, hits, scenes):
    made = small_pictures(index.store, hits)
    expected = thumbnails_of(kept.store, list(made))
    for chip, jpeg in made.items():
        one, two = (np.asarray(Image.open(io.BytesIO(data))) for data in (jpeg, expected[chip]))
        assert one.shape == two.shape
        assert np.abs(one.astype(int) - two).mean() < 4
    # As those that are kept: nothing is read then.
    assert small_pictures(kept.store, hits) == expected
    assert hits._repr_html_().count("data:image/jpeg") == len(hits)
    scenes[0].unlink()
    gone = small_pictures(index.store, hits)
    assert {chip for chip in gone if not gone[chip]} == {
        hit.id for hit in hits if hit.source == str(scenes[0])
    }


def test_an_export_makes_them(index, hits, scenes, tmp_path):
    scenes[0].unlink()
    export_geoparquet(index.store, tmp_path / "out.parquet", thumbnails=True)
    table = pq.read_table(tmp_path / "out.parquet", columns=["id", "thumbnail"]).to_pylist()
    made = small_pictures(index.store, hits)
    assert {row["id"]: row["thumbnail"] or b"" for row in table} == made
    assert {bool(jpeg) for jpeg in made.values()} == {True, False}


def test_events_keep_them(index, kept, hits):
    made = small_pictures(index.store, hits)
    told = _kept_of(index.store, hits)
    assert {chip: jpeg for chip, (_, jpeg) in told.items()} == made
    assert _kept_of(kept.store, hits) == {
        row["id"]: (row["content"], row["thumbnail"]) for row in all_rows(kept.store)
    }


def test_merged_with_one_that_has_them(index, kept, build_index, write_scenes, tmp_path):
    build_index(write_scenes(tmp_path / "more", 3)[2], directory=tmp_path / "one")
    merge_indexes([tmp_path / "index", tmp_path / "one"], tmp_path / "m")
    assert read_settings(tmp_path / "m").thumbnails
    assert len({row["thumbnail"] for row in all_rows(Store(tmp_path / "m"))}) > 1
