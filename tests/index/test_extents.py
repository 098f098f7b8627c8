"""Extents of sources: boxes and dates of their chips, also across the 180th meridian."""

import datetime as dt

import numpy as np
import pytest
import shapely
from tests.index.made import chip, made_settings, make_store

from harma.index.extents import around, extents_of
from harma.index.store import Store

YEAR = dt.datetime(2020, 1, 1, tzinfo=dt.UTC)
END = dt.datetime(2020, 12, 31, 23, 59, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("spans", "expected"),
    [
        ([(10, 20)], (10, 20)),
        ([(10, 20), (30, 40)], (10, 40)),
        ([(30, 40), (10, 20), (12, 18)], (10, 40)),
        # Beside each other over the 180th meridian.
        ([(170, 180), (-180, -170)], (170, -170)),
        ([(-179, -178), (178, 179)], (178, -178)),
        # The widest gap is left out, wherever it is.
        ([(-170, -160), (100, 110), (150, 160)], (100, -160)),
        ([(-180, 180)], (-180, 180)),
        ([(-180, -60), (-60, 60), (60, 180)], (-180, 180)),
    ],
)
def test_the_shortest_span_around(spans, expected):
    assert around(spans) == expected


def filled(directory, *chips):
    store = Store.create(directory, made_settings(4))
    rows = [chip(**columns) for columns in chips]
    store.add_chips(rows, np.ones((len(rows), 4), dtype=np.float32) / 2)
    return store


def placed(source, *boxes, **columns):
    outline = shapely.union_all([shapely.box(*one) for one in boxes])
    west, south, east, north = outline.bounds
    place = {"xmin": west, "ymin": south, "xmax": east, "ymax": north}
    return {"source": source, "geometry": shapely.to_wkb(outline), **place, **columns}


def test_what_the_chips_of_a_source_have_in_common(tmp_path):
    store = filled(
        tmp_path / "index",
        placed("a", (1, 2, 3, 4), datetime=YEAR, datetime_end=END),
        placed("a", (2, 1, 5, 3), datetime=YEAR, datetime_end=END),
        placed("b", (7, 7, 8, 8), gsd=0.5, datetime=YEAR),
        {"source": "c", "gsd": None},
    )
    extents = extents_of(store)
    assert extents["a"].bbox == (1, 1, 5, 4)
    assert (extents["a"].num_chips, extents["a"].datetime, extents["a"].datetime_end) == (
        2,
        YEAR,
        END,
    )
    assert (extents["b"].gsd, extents["b"].datetime_end) == (0.5, None)
    assert (extents["c"].bbox, extents["c"].datetime, extents["c"].gsd) == (None, None, None)


def test_a_source_across_the_dateline_is_no_belt_around_the_earth(tmp_path):
    store = filled(
        tmp_path / "index",
        placed("a", (179, -17, 180, -16)),
        placed("a", (179.5, -17, 180, -16), (-180, -17, -179.5, -16)),
        placed("a", (-180, -18, -179, -16)),
        placed("pole", (-180, 80, 180, 90)),
        placed("beside", (179, 0, 180, 1)),
        placed("beside", (-180, 0, -179, 1)),
    )
    extents = extents_of(store)
    assert extents["a"].bbox == (179, -18, -179, -16)
    assert extents["pole"].bbox == (-180, 80, 180, 90)
    assert extents["beside"].bbox == (179, 0, -179, 1)


def test_an_empty_index_has_none(tmp_path):
    assert extents_of(Store.create(tmp_path / "index", made_settings(4))) == {}


def test_many_sources_are_as_they_are_one_by_one(tmp_path):
    store = make_store(tmp_path / "index", 2000)
    rows = store.rows(["source", "geometry", "datetime"]).to_pylist()
    for name, extent in extents_of(store).items():
        mine = [row for row in rows if row["source"] == name]
        assert extent.num_chips == len(mine)
        dates = [row["datetime"] for row in mine if row["datetime"] is not None]
        assert extent.datetime == min(dates, default=None)
        shapes = [shapely.from_wkb(row["geometry"]) for row in mine if row["geometry"]]
        if shapes:
            assert extent.bbox[1] == min(shape.bounds[1] for shape in shapes)
            assert extent.bbox[3] == max(shape.bounds[3] for shape in shapes)
