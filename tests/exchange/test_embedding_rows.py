"""Rows of a file of embeddings as chips of an index."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely

from harma.errors import DataError
from harma.exchange.embedding_rows import ParquetLayout, checked_rows
from harma.exchange.footprints import to_wgs84

PLACES = [shapely.box(3, 50, 4, 52), None, shapely.Point(7, -8)]


def layout(**columns):
    values = {
        "path": Path("/data/f.parquet"),
        "geometry": "geometry",
        "embedding": "vector",
        "id": None,
        "datetime": None,
        "source": None,
        "embed_dim": 2,
        "to_wgs84": to_wgs84({}, "f"),
        "is_ours": False,
        **columns,
    }
    return ParquetLayout(**values)


def batch(vectors=((3, 4), (0, 1), (-1, 0)), places=PLACES, **columns):
    wkb = [None if place is None else shapely.to_wkb(place) for place in places]
    vectors = pa.array([list(vector) for vector in vectors], pa.list_(pa.float32()))
    return pa.RecordBatch.from_pydict({"vector": vectors, "geometry": wkb, **columns})


def test_embeddings_are_normalised_and_places_boxed():
    rows = checked_rows(layout(), 0, batch())
    np.testing.assert_allclose(rows.embeddings, [[0.6, 0.8], [0, 1], [-1, 0]], rtol=1e-6)
    boxes = [(chip.xmin, chip.ymin, chip.xmax, chip.ymax) for chip in rows.chips]
    assert boxes == [(3, 50, 4, 52), (None,) * 4, (7, -8, 7, -8)]
    assert {chip.source for chip in rows.chips} == {"f.parquet"}
    assert {chip.width for chip in rows.chips} == {0}


def test_what_float16_rounded_stays_as_it_is():
    inside = np.float32(1.0004)
    outside = np.float32(1.0006)
    rows = checked_rows(layout(), 0, batch([(inside, 0), (outside, 0), (1, 0)]))
    assert rows.embeddings[0, 0] == inside
    assert rows.embeddings[1, 0] == pytest.approx(1, abs=1e-6)


def test_made_ids_are_of_source_place_and_embedding():
    def made(*rows, **columns):
        named = {"source": "scene"} if columns else {}
        return [chip.id for chip in checked_rows(layout(**named), 0, batch(*rows, **columns)).chips]

    ids = made()
    assert len(set(ids)) == 3
    assert made() == ids
    turned = made([(0, 1), (0, 1), (-1, 0)])
    assert [a == b for a, b in zip(ids, turned, strict=True)] == [False, True, True]
    moved = made(((3, 4), (0, 1), (-1, 0)), [PLACES[0], PLACES[0], PLACES[2]])
    assert [a == b for a, b in zip(ids, moved, strict=True)] == [True, False, True]
    scenes = made(scene=["a", "f.parquet", None])
    assert [a == b for a, b in zip(ids, scenes, strict=True)] == [False, True, True]


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        ([(1, 0), (0, 0), (0, 0)], r"row 31: .* is zero.* \(2 such rows among 3\)"),
        ([(1, 0), (0, 1), (np.inf, 0)], "row 32: .* not finite"),
        ([(1, 0, 0), (0, 1), (1, 0)], "row 30: .* not 2 numbers long"),
    ],
)
def test_the_first_row_that_cannot_be_used_is_named(vectors, message):
    with pytest.raises(DataError, match=message):
        checked_rows(layout(), 30, batch(vectors))


def test_a_geometry_that_is_no_wkb():
    rows = batch().set_column(1, "geometry", pa.array([b"x", None, b"y"]))
    with pytest.raises(DataError, match="row 30: the geometry is not WKB"):
        checked_rows(layout(), 30, rows)
