"""Properties as columns: names, types, and values that do not fit."""

import pyarrow as pa
import pytest
from tests.index.made import all_chips, chip, made_settings
from tests.index.memory_store import MemoryStore

import harma.index.properties as module
from harma.index.properties import OWN, PropertyColumns, column_name
from harma.index.schema import chip_schema
from harma.index.store import Store

EMBEDDING = [[1.0, 0, 0, 0]]


@pytest.fixture(params=["lance", "memory"])
def store(request, tmp_path):
    if request.param == "memory":
        return MemoryStore(made_settings(4))
    return Store.create(tmp_path / "i", made_settings(4))


def add(store, **properties):
    import numpy as np

    columns = PropertyColumns(store.property_types())
    made = chip(id=str(store.count()), properties=tuple(properties.items()))
    store.add_chips(columns.fit([made]), np.array(EMBEDDING, dtype=np.float32))
    return columns


@pytest.mark.parametrize(
    ("name", "column"),
    [
        ("eo:cloud_cover", "eo_cloud_cover"),
        ("view:off-nadir", "view_off_nadir"),
        ("Größe", "gr_e"),
        ("gsd", "property_gsd"),
        ("source", "property_source"),
        ("_rowaddr", "property_rowaddr"),
        ("2020", "property_2020"),
        ("::", "unnamed"),
        ("a b;DROP TABLE", "a_b_drop_table"),
    ],
)
def test_names_of_columns(name, column):
    assert column_name(name) == column
    assert column_name(column) == column


def test_no_column_of_an_index_is_taken():
    assert set(chip_schema(4).names) <= OWN
    assert not {column_name(name) for name in OWN} & OWN


def test_columns_are_made_as_they_are_needed(store):
    add(store, **{"eo:cloud_cover": 5.0})
    add(store, city="Brno", is_good=True)
    add(store)
    assert store.property_types() == {
        "eo_cloud_cover": pa.float64(),
        "city": pa.string(),
        "is_good": pa.bool_(),
    }
    assert store.count("eo_cloud_cover = 5") == store.count("city = 'Brno'") == 1
    assert store.count("is_good") == 1
    assert store.count("eo_cloud_cover IS NULL") == 2
    assert [made.properties for made in all_chips(store)] == [
        (("eo_cloud_cover", 5.0),),
        (("city", "Brno"), ("is_good", True)),
        (),
    ]


def test_values_of_another_type_become_the_columns_or_are_left_out(store):
    add(store, a=5.0, b="x", c=True)
    columns = add(store, a="7.5", b=6.0, c=1.0)
    assert dict(columns.left_out) == {"c": 1}
    columns = add(store, a="many", b=False, c="yes")
    assert dict(columns.left_out) == {"a": 1, "c": 1}
    assert [dict(made.properties) for made in all_chips(store)] == [
        {"a": 5.0, "b": "x", "c": True},
        {"a": 7.5, "b": "6"},
        {"b": "False"},
    ]


def test_two_properties_of_one_column():
    columns = PropertyColumns({})
    (made,) = columns.fit([chip(properties=(("a:b", 1.0), ("a_b", 2.0), ("c", None)))])
    assert made.properties == (("a_b", 1.0),)


def test_more_columns_than_there_may_be_are_told(monkeypatch):
    monkeypatch.setattr(module, "MOST_COLUMNS", 2)
    columns = PropertyColumns({})
    columns.fit([chip(properties=(("a", 1.0), ("b", 2.0), ("c", 3.0)))])
    assert dict(columns.left_out) == {"c": 1}


def test_a_reader_of_an_earlier_version_goes_on(tmp_path):
    """A column that came after a snapshot is one of nulls in it."""
    store = Store.create(tmp_path / "i", made_settings(4))
    add(store)
    snapshot = store.snapshot()
    add(store, city="Brno")
    assert snapshot.property_types() == {}
    assert snapshot.rows(["id", "city"])["city"].to_pylist() == [None]
