"""Embeddings that are read in place are those that LanceDB reads."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import fill, make_store

from harma.index import flat_vectors as flat
from harma.index.contract import ROW_ID
from harma.index.schema import embeddings_of
from harma.index.unreadable import UnreadableError

DIM = 256


@pytest.fixture
def store(tmp_path):
    """Three fragments: 300 chips, 40 and 40."""
    store = make_store(tmp_path / "index", 300, dim=DIM)
    fill(store, 40, seed=2)
    fill(store, 40, seed=3)
    return store


def asked(snapshot, monkeypatch):
    """How many rows LanceDB is asked for from now on, question by question."""
    counts = []
    read = type(snapshot)._read_vectors

    def counted(self, ids):
        counts.append(len(ids))
        return read(self, ids)

    monkeypatch.setattr(type(snapshot), "_read_vectors", counted)
    return counts


def some_ids(store, count):
    ids = store.rows(["id"])[ROW_ID].to_numpy()
    return np.random.default_rng(0).permutation(ids)[:count]


def check(snapshot, ids):
    expected = embeddings_of(snapshot.take(ids, ["embedding"]))
    assert (snapshot.vectors(ids) == expected).all()


def test_all_are_read_in_place_in_the_order_asked_for(store, monkeypatch):
    snapshot = store.snapshot()
    counts = asked(snapshot, monkeypatch)
    for count in (1, 50, 380):
        check(snapshot, some_ids(store, count))
    assert counts == [9], "three rows of each file were compared, once"
    assert snapshot.vectors(np.empty(0, dtype=np.int64)).shape == (0, DIM)


def test_a_version_stays_whatever_is_written(store, monkeypatch):
    before = store.snapshot()
    ids = some_ids(store, 200)
    expected = before.vectors(ids)
    store.drop_sources(["/scenes/0000.tif", "/scenes/0003.tif"])
    fill(store, 60, seed=4)
    store.compact()
    after = store.snapshot()
    assert (before.vectors(ids) == expected).all()
    counts = asked(after, monkeypatch)
    check(after, some_ids(store, 300))
    assert sum(counts) < 20
    # A store that writes reads what it wrote.
    check(store, some_ids(store, 10))


def test_where_rows_were_removed_the_rest_is_read_in_place(store, monkeypatch):
    store.drop_sources(["/scenes/0000.tif"])
    snapshot = store.snapshot()
    counts = asked(snapshot, monkeypatch)
    ids = some_ids(store, 300)
    check(snapshot, ids)
    check(snapshot, ids)
    assert len(counts) == 1


def test_what_lies_otherwise_is_read_by_a_query(store, monkeypatch):
    real = flat.pages_of
    monkeypatch.setattr(
        flat, "pages_of", lambda file, column: None if "1" in file.name[-9:] else real(file, column)
    )
    check(store.snapshot(), some_ids(store, 300))
    monkeypatch.setattr(flat, "pages_of", lambda *_: None)
    check(store.snapshot(), some_ids(store, 300))
    monkeypatch.setattr(flat, "column_files", lambda *_: [1 / 0 for _ in ()] + [{}["x"]])
    check(store.snapshot(), some_ids(store, 300))


def test_a_file_in_which_rows_differ_is_not_read_in_place(store, monkeypatch):
    """The place is a row too far: as a format that is laid down otherwise would be."""
    real = flat._pages

    def shifted(folder, file, embed_dim):
        pages = real(folder, file, embed_dim)
        if file.fragment == 0:
            pages = [replace(page, position=page.position + 2 * embed_dim) for page in pages]
        return pages

    monkeypatch.setattr(flat, "_pages", shifted)
    snapshot = store.snapshot()
    check(snapshot, some_ids(store, 300))
    assert snapshot._flat_vectors.fragments == {1, 2}


@pytest.mark.parametrize("form", ["../data/{}", "./{}", "{folder}/{}"])
def test_names_that_lead_elsewhere_are_not_read_in_place(form, store, monkeypatch):
    real = flat.column_files
    (folder,) = store.home.folder.glob("tables/*/chips.lance/data")

    def led_elsewhere(*asked):
        files = real(*asked)
        return [replace(file, path=form.format(file.path, folder=folder)) for file in files]

    monkeypatch.setattr(flat, "column_files", led_elsewhere)
    snapshot = store.snapshot()
    check(snapshot, some_ids(store, 300))
    assert snapshot._flat_vectors.fragments == set()


def test_many_files_are_not_all_held_open(store, monkeypatch):
    monkeypatch.setattr(flat, "MOST_FILES", 1)
    snapshot = store.snapshot()
    check(snapshot, some_ids(store, 380))
    assert snapshot._flat_vectors.fragments == {0}


def test_a_file_that_was_cut_off_is_an_error(store):
    snapshot = store.snapshot()
    ids = some_ids(store, 300)
    snapshot.vectors(ids)
    for path in store.home.folder.glob("tables/*/chips.lance/data/*.lance"):
        with path.open("r+b") as file:
            file.truncate(100)
    with pytest.raises(UnreadableError, match="shorter than it was"):
        snapshot.vectors(ids)


def test_pages_follow_each_other(tmp_path):
    """Rows of three pages of two fragments, one of which is not here."""
    rows = np.arange(80, dtype=np.float16).reshape(40, 2)
    (tmp_path / "f").write_bytes(b"ab" + rows.tobytes())
    file = flat._OpenFile(tmp_path / "f")
    first = 1 << flat.ROW_BITS
    pages = [
        flat._Page(first, 10, file, 2 + 4 * 30),
        flat._Page(first + 10, 30, file, 2),
        flat._Page(7 * first, 5, file, 2 + 4 * 5),
    ]
    places = {first: 30, first + 9: 39, first + 10: 0, first + 11: 1, first + 39: 29}
    places |= {7 * first + 4: 9}
    ids = np.array([5, *places, first + 40, 7 * first + 5])[::-1]

    def read_rows(ids):
        return ids[::-1], np.repeat(-ids[::-1, None], 2, axis=1).astype(np.float32)

    vectors = flat.FlatVectors(pages, 2).read(ids, read_rows)
    for row, vector in zip(ids.tolist(), vectors, strict=True):
        expected = rows[places[row]] if row in places else np.float32([-row, -row])
        assert (vector == expected).all(), row
