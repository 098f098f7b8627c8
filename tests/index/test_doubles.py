"""What is in two of several indexes is found: scenes by name, imported chips by id."""

import pytest
from tests.index.made import fill, made_settings

from harma.index.doubles import Double, find_double
from harma.index.joined_store import JoinedStore
from harma.index.records import SourceRecord
from harma.index.store import Store

DIM = 8


@pytest.fixture
def make_store(tmp_path):
    """A store of chips with ids that count from 0, and a scene."""

    def make(name, scene, content="c", num_chips=9):
        store = Store.create(tmp_path / name, made_settings(DIM))
        fill(store, 9, seed=1)
        store.put_sources([SourceRecord(scene, 1, 2, content, num_chips=num_chips)])
        return store

    return make


def test_a_scene_in_two(make_store):
    stores = [make_store("a", "/x.tif"), make_store("b", "/y.tif"), make_store("c", "/x.tif")]
    assert find_double(JoinedStore(stores)) == Double("scene", "/x.tif", (0, 2))
    assert find_double(JoinedStore(stores[:2])) is None, "the ids of HarMA hold names of scenes"


def test_a_scene_that_one_could_not_read_is_in_the_other_alone(make_store):
    stores = [make_store("a", "/x.tif"), make_store("b", "/x.tif", num_chips=0)]
    assert find_double(JoinedStore(stores)) is None


def test_ids_of_another_program(make_store):
    stores = [make_store("a", "/x.tif"), make_store("b", "/y.tif", content="")]
    double = find_double(JoinedStore(stores))
    assert (double.what, double.numbers) == ("chip", (0, 1))
    assert double.name in stores[0].rows(["id"])["id"].to_pylist()
    stores[1].drop_chips(["/scenes/0000.tif", *stores[1].rows(["source"])["source"].to_pylist()])
    assert find_double(JoinedStore(stores)) is None
