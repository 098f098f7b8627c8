"""Chips copied as they are: few wait in memory, records only of whole sources, nothing half."""

import numpy as np
import pytest
from tests.index.made import all_rows, chip, made_settings, make_store

from harma.ground.storage.home import home_of
from harma.ground.storage.lease import unguarded
from harma.index.copying import Copies, copied_columns, measuring, whole_rows
from harma.index.new_indexes import NewIndexes
from harma.index.records import SourceRecord
from harma.index.schema import chip_schema
from harma.index.store import Store

DIM = 8


def new_at(folder):
    return NewIndexes(home_of(folder), home_of(folder), unguarded)


@pytest.fixture
def store(tmp_path):
    return make_store(tmp_path / "store", 200, dim=DIM)


def test_whole_rows_are_copied(store, tmp_path, monkeypatch):
    monkeypatch.setattr("harma.index.copying.READ_ROWS", 30)
    monkeypatch.setattr("harma.index.copying.WAITING_ROWS", 45)
    copies = Copies(new_at(tmp_path), ["a", "b"], store.settings)
    sizes = []
    for rows in whole_rows(store):
        assert rows.schema.names == copied_columns(store)
        copies.add("a", rows.slice(0, 10))
        copies.add("b", rows.slice(10))
        waiting = [sum(table.num_rows for table in tables) for tables in copies._waiting.values()]
        assert sum(waiting) <= 45
        sizes.append(rows.num_rows)
    assert max(sizes) <= 30
    made = [copies.finish(name, [], None, lambda *_: None) for name in ("a", "b")]
    assert sum(index.num_chips for index in made) == 200
    rows = all_rows(Store(tmp_path / "a")) + all_rows(Store(tmp_path / "b"))
    expected = {row["id"]: str(row) for row in all_rows(store)}
    assert {row["id"]: str(row) for row in rows} == expected


def test_files_are_joined_in_between(store, tmp_path, monkeypatch):
    monkeypatch.setattr("harma.index.copying.READ_ROWS", 10)
    monkeypatch.setattr("harma.index.copying.WAITING_ROWS", 10)
    monkeypatch.setattr("harma.index.copying.FILES_BETWEEN", 3)
    copies = Copies(new_at(tmp_path), ["a"], store.settings)
    for rows in whole_rows(store):
        copies.add("a", rows)
        assert copies.stores["a"].num_files() <= 4
    assert copies.finish("a", [], None, lambda *_: None).num_chips == 200


def test_a_record_is_written_where_all_chips_are_there(store, tmp_path):
    copies = Copies(new_at(tmp_path), ["a"], store.settings)
    for rows in whole_rows(store):
        copies.add("a", rows)
    records = [
        SourceRecord("/scenes/0000.tif", 1, 2, "c", num_chips=40),
        SourceRecord("/scenes/0001.tif", 1, 2, "c", num_chips=41),
        SourceRecord("/none.tif", 1, 2, "c", problem="damaged"),
    ]
    made = copies.finish("a", records, None, lambda *_: None)
    assert (made.num_sources, made.num_unfinished) == (2, 1)
    assert Store(tmp_path / "a").sources() == {
        record.source: record for record in (records[0], records[2])
    }
    assert (tmp_path / "a/problems.json").is_file()


def test_properties_that_are_new_get_columns(tmp_path):
    one = Store.create(tmp_path / "one", made_settings(DIM))
    row = chip(id="s", properties=(("cloud", 3.0), ("clear", True)))
    one.add_chips([row], np.eye(1, DIM, dtype=np.float32))
    two = make_store(tmp_path / "two", 3, dim=DIM)
    for rows in whole_rows(one):
        two.add_rows(rows.select(rows.schema.names[::-1]))
    assert two.property_types() == one.property_types()
    assert two.count("cloud = 3 AND clear") == 1
    assert set(copied_columns(two)) == {*chip_schema(DIM).names, "cloud", "clear"}


def test_when_the_model_is_needed(store):
    def load():
        return "model"

    assert measuring(store.settings, 50_000, load) == "model"
    assert measuring(store.settings, 49_999, load) is None
    assert measuring(store.settings, 50_000, None) is None
    foreign = made_settings(DIM).__class__(**{**vars(store.settings), "model_id": "foreign-x"})
    assert measuring(foreign, 50_000, load) is None
