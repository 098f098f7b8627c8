"""Damage that is found."""

import numpy as np
import pytest
from tests.index.made import all_chips, chip, forget_source, made_settings

from harma.errors import DataError
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
