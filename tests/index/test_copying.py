"""Chips copied as they are: few wait in memory, records only of whole sources, nothing half."""

import numpy as np
import pytest
from tests.index.made import all_rows, chip, made_settings, make_store

from harma.ground.storage.home import home_of
from harma.ground.storage.lease import unguarded
from harma.index.copying import Copies, copied_columns, measuring, whole_rows
from harma.index.new_indexes import MadeOf, NewIndexes
from harma.index.owners import NOBODY
from harma.index.records import SourceRecord
from harma.index.schema import chip_schema
from harma.index.store import Store

DIM = 8


ASKED = MadeOf("split", {}, [])


def new_at(folder):
    """Indexes that grow below a folder."""
    return NewIndexes(home_of(folder / "out"), home_of(folder / "growing"), unguarded, ASKED)


def made_in(folder, name):
    return Store(folder / "growing/made" / name)


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
        assert copies._rows.total <= 45
        sizes.append(rows.num_rows)
    assert max(sizes) <= 30
    made = [copies.finish(name, None, lambda *_: None) for name in ("a", "b")]
    assert sum(index.num_chips for index in made) == 200
    rows = all_rows(made_in(tmp_path, "a")) + all_rows(made_in(tmp_path, "b"))
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
    assert copies.finish("a", None, lambda *_: None).num_chips == 200


def test_large_thumbnails_wait_too(tmp_path, monkeypatch):
    monkeypatch.setattr("harma.index.copying.WAITING_BYTES", 10_000)
    store = Store.create(tmp_path / "store", made_settings(DIM))
    for number in range(4):
        row = chip(id=str(number), thumbnail=bytes(6000))
        store.add_chips([row], np.eye(1, DIM, dtype=np.float32))
    copies = Copies(new_at(tmp_path), ["a"], store.settings)
    for rows in whole_rows(store):
        copies.add("a", rows)
        assert copies._rows.total <= 1


def test_a_record_is_written_where_all_chips_are_there(store, tmp_path):
    copies = Copies(new_at(tmp_path), ["a"], store.settings)
    copies.copy(store, lambda rows: np.zeros(rows.num_rows, dtype=np.int32), lambda _: None)
    records = [
        SourceRecord("/scenes/0000.tif", 1, 2, "c", num_chips=40),
        SourceRecord("/scenes/0001.tif", 1, 2, "c", num_chips=41),
        SourceRecord("/none.tif", 1, 2, "c", problem="damaged"),
    ]
    targets = np.array([0, 0, 0, NOBODY], dtype=np.int32)
    further = SourceRecord("/elsewhere.tif", 1, 2, "c")
    copies.add_sources([*records, further], targets, np.array([40, 40, 0, 0]))
    made = copies.finish("a", None, lambda *_: None)
    assert (made.num_sources, made.num_unfinished) == (2, 1)
    assert made_in(tmp_path, "a").sources() == {
        record.source: record for record in (records[0], records[2])
    }
    assert (tmp_path / "growing/made/a/problems.json").is_file()


def test_records_wait_in_small_number(store, tmp_path, monkeypatch):
    monkeypatch.setattr("harma.index.copying.WAITING_RECORDS", 3)
    copies = Copies(new_at(tmp_path), ["a", "b"], store.settings)
    records = [SourceRecord(f"/{number}.tif", 1, 2, "c") for number in range(10)]
    for number, record in enumerate(records):
        copies.add_sources([record], np.array([number % 2], dtype=np.int32), np.array([0]))
        assert copies._records.total <= 3
    assert [copies.finish(name, None, lambda *_: None).num_sources for name in "ab"] == [5, 5]
    assert len(made_in(tmp_path, "a").sources()) == 5


def test_a_copy_goes_on_after_what_is_there(store, tmp_path, monkeypatch):
    monkeypatch.setattr("harma.index.copying.READ_ROWS", 10)
    monkeypatch.setattr("harma.index.copying.WAITING_ROWS", 10)

    def by_turns(rows):
        return np.array([int(chip) % 3 % 2 for chip in rows["id"].to_pylist()], dtype=np.int32)

    def stop(_):
        if len(steps) == 8:
            raise KeyboardInterrupt
        steps.append(_)

    steps = []
    with pytest.raises(KeyboardInterrupt):
        Copies(new_at(tmp_path), ["a", "b"], store.settings).copy(store, by_turns, stop)
    there = {name: made_in(tmp_path, name).count() for name in "ab"}
    # One is further than the other.
    assert 0 < min(there.values()) < max(there.values())
    read = []
    copies = Copies(new_at(tmp_path), ["a", "b"], store.settings)
    copies.copy(store, by_turns, read.append)
    assert read[0] >= min(there.values())
    assert sum(read) == 200
    assert [copies.finish(name, None, lambda *_: None).num_chips for name in "ab"] == [133, 67]
    for number, name in enumerate("ab"):
        rows = all_rows(made_in(tmp_path, name))
        assert [int(row["id"]) for row in rows] == [
            chip for chip in range(200) if chip % 3 % 2 == number
        ]


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
