"""Damage that is found."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, chip, forget_source, made_settings, make_store
from tests.index.memory_store import MemoryStore

from harma.errors import DataError
from harma.index import verify as verifying
from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.index.verify import verify


def test_a_whole_index_has_no_problems(write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 2)
    build_index(tmp_path / "scenes")
    assert verify(Store(tmp_path / "index")) == []


def test_every_kind_of_damage_is_named(write_scenes, build_index, tmp_path):
    first, second, third = write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    store = Store(tmp_path / "index")
    store.add_chips(all_chips(store)[:1], np.zeros((1, 16), dtype=np.float32))
    forget_source(store, third)
    first.unlink()
    second.write_bytes(b"changed")
    text = "\n".join(verify(store))
    for message in (
        "1 chips are there more than once",
        "1 embeddings are damaged",
        f"{first}: 10 chips, there should be 9",
        f"{first}: is not there any more",
        f"{second}: has changed",
        "1 sources are not finished",
    ):
        assert message in text


def test_damaged_tables_are_named_by_search_and_verify(archive, model):
    index = Index.open(archive, model=model[0])
    for file in (archive / "tables").rglob("chips.lance/data/*.lance"):
        file.write_bytes(file.read_bytes()[:50])
    index = Index.open(archive, model=model[0])
    with pytest.raises(DataError, match="cannot be read .* `harma index verify`"):
        index.search("a road")
    assert "cannot be read" in verify(Store(archive))[0]


def test_the_first_embedding_of_another_length_is_named(tmp_path):
    store = Store.create(tmp_path / "index", made_settings(2))
    lengths = [1.0, 1.0, 0.7, 1.0, 1.3]
    chips = [chip(id=f"chip{number}", source="http://a") for number in range(len(lengths))]
    store.add_chips(chips, np.array([[length, 0] for length in lengths], dtype=np.float32))
    store.put_sources([SourceRecord("http://a", -1, -1, "c", num_chips=5)])
    assert verify(store) == [
        "2 embeddings are damaged, such as that of chip2; build the index again"
    ]


@pytest.fixture
def damaged(tmp_path):
    """200 chips in 5 scenes: some twice, a scene without record, one without chips."""
    store = make_store(tmp_path / "index", 200, dim=16)
    chips = [replace(row, id=f"{row.id} twice") for row in all_chips(store)[:30]]
    embeddings = np.eye(16, dtype=np.float32)[[0] * 30]
    store.add_chips([*chips, *chips[:20], *chips[:3]], np.tile(embeddings, (2, 1))[:53])
    names = [f"/scenes/{number:04d}.tif" for number in range(5)]
    for number, name in enumerate(names[:4]):
        expected = 40 + 53 * (number == 0)
        store.put_sources([SourceRecord(name, -1, -1, "c", num_chips=expected)])
    store.put_sources([SourceRecord("http://none", -1, -1, "c", num_chips=3)])
    return store


DAMAGE = [
    "20 chips are there more than once, such as 00000000 twice",
    "http://none: 0 chips, there should be 3; build it again",
    "1 sources are not finished, such as /scenes/0004.tif; build them again",
]


def test_names_are_told_as_they_are(damaged):
    assert verify(damaged) == DAMAGE


@pytest.mark.parametrize("at_once", [253, 60, 7])
def test_in_parts_the_same_is_found(damaged, monkeypatch, at_once):
    monkeypatch.setattr(verifying, "IDS_AT_ONCE", at_once)
    number, *others = verify(damaged)
    assert number.startswith("20 chips are there more than once, such as 000000")
    assert others == DAMAGE[1:]


def test_every_unfinished_source_is_counted_in_parts(damaged, monkeypatch):
    damaged.put_sources([SourceRecord("/scenes/0004.tif", -1, -1, "c", num_chips=40)])
    for number in (1, 2, 3):
        forget_source(damaged, f"/scenes/{number:04d}.tif")
    for at_once in (1000, 20):
        monkeypatch.setattr(verifying, "IDS_AT_ONCE", at_once)
        last = verify(damaged)[-1]
        assert last.startswith("3 sources are not finished, such as /scenes/0001.tif;")


def test_different_ids_of_one_hash_are_not_twice(tmp_path, monkeypatch):
    store = make_store(tmp_path / "index", 80, dim=16)
    for name in ("/scenes/0000.tif", "/scenes/0001.tif"):
        store.put_sources([SourceRecord(name, -1, -1, "c", num_chips=40)])
    original = verifying.hashes_of

    def colliding(names):
        hashes = original(names)
        return np.where(np.isin(names.to_pylist(), ["00000003", "00000007"]), 5, hashes)

    monkeypatch.setattr(verifying, "hashes_of", colliding)
    assert verify(store) == []


def test_of_very_many_that_are_twice_the_number_is_told(damaged, monkeypatch):
    monkeypatch.setattr(verifying, "COMPARED_IDS", 10)
    assert verify(damaged)[0] == DAMAGE[0]


def test_embeddings_are_looked_at_some_at_a_time(tmp_path, monkeypatch):
    monkeypatch.setattr(verifying, "ROWS_AT_ONCE", 7)
    store = make_store(tmp_path / "index", 80, dim=16)
    broken = [replace(row, id=f"{row.id} broken") for row in all_chips(store)[:9]]
    store.add_chips(broken, np.zeros((9, 16), dtype=np.float32))
    assert (
        "9 embeddings are damaged, such as that of 00000000 broken; build the index again"
        in verify(store)
    )


def test_another_store_is_verified(damaged):
    store = MemoryStore(damaged.settings, sources=damaged.sources())
    chips = all_chips(damaged)
    store.add_chips(chips, np.eye(16, dtype=np.float32)[[0] * len(chips)])
    assert verify(store) == DAMAGE
