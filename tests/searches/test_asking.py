"""What a saved search asks with its marks."""

import pytest
from tests.index.made import chip
from tests.searches.marked import DIM, make_grid

from harma.errors import NotFoundError, QueryError
from harma.index.ask import Chip
from harma.index.records import SourceRecord
from harma.index.source_ids import source_id, sources_by_id
from harma.searches import asking
from harma.searches.asking import asked_with_marks, current_marks, values_with_marks
from harma.searches.book import SearchBook
from harma.searches.chips import on_chips
from harma.searches.database import open_beside
from harma.searches.records import Mark


@pytest.fixture
def store(tmp_path):
    return make_grid(tmp_path / "index")


@pytest.fixture
def book(tmp_path):
    with SearchBook(open_beside(tmp_path)) as book:
        yield book


def saved(book, store, marks, **asked):
    search = book.create("harbours", {"text": "a harbour", **asked})
    book.put_marks(search.id, on_chips(store, [Mark(*mark) for mark in marks]))
    return book.get(search.id)


def test_good_ones_are_liked_and_bad_ones_not(book, store):
    marks = [("2010-0-0", "good"), ("2010-0-1", "bad"), ("2010-0-2", "unsure"), ("nowhere", "good")]
    search = saved(book, store, marks, like=[{"text": "tanks", "weight": 2}], k=7)
    current = current_marks(book, search.id, store)
    asked = asked_with_marks(search, current, store)
    assert asked.query.text == "a harbour"
    assert asked.page.k == 7
    assert [type(example).__name__ for example in asked.query.like] == ["Text", "Chip", "Chip"]
    assert asked.query.like[1:] == [Chip("2010-0-0"), Chip("nowhere")]
    assert asked.query.unlike == [Chip("2010-0-1")]
    assert current.num_gone == 0


def test_without_marks_it_is_the_search(book, store):
    search = saved(book, store, [])
    current = current_marks(book, search.id, store)
    assert values_with_marks(search, current, store) == {"text": "a harbour"}


def test_chips_that_are_gone_are_left_out_and_counted(book, store):
    marks = [("2010-0-0", "good"), ("2020-0-0", "good"), ("2010-1-1", "bad")]
    search = saved(book, store, marks)
    store.drop_chips(["/secret/scenes/2010.tif"])
    current = current_marks(book, search.id, store)
    assert current.num_gone == 2
    asked = asked_with_marks(search, current, store)
    assert asked.query.like == [Chip("2020-0-0")]
    assert list(asked.query.unlike) == []


@pytest.mark.parametrize("can_write", [True, False])
def test_marks_follow_a_scene_that_is_renamed(book, store, can_write):
    import numpy as np

    search = saved(book, store, [("2010-0-0", "good")])
    store.drop_chips(["/secret/scenes/2010.tif"])
    moved = chip(id="new", source="/elsewhere/2010.tif", content="bytes of 2010")
    store.add_chips([moved], np.ones((1, DIM), dtype=np.float32))
    if not can_write:
        book.database.refusal = "not writable"
    current = current_marks(book, search.id, store)
    assert current.num_gone == 0
    assert current.chips("good") == ["new"]
    assert [mark.chip for mark in book.marks(search.id)] == ["new" if can_write else "2010-0-0"]


def test_of_very_many_marks_the_newest_count(book, store, monkeypatch):
    monkeypatch.setattr(asking, "MOST_USED", 2)
    search = saved(book, store, [(f"2010-0-{y}", "good") for y in range(3)])
    values = values_with_marks(search, current_marks(book, search.id, store), store)
    assert values["like"] == [{"chip": "2010-0-1"}, {"chip": "2010-0-2"}]


def test_vectors_of_another_model_are_refused(book, store):
    asked = {"like": [{"vector": [1.0] * DIM}]}
    search = book.create("x", asked, model=store.settings.model_id)
    current = current_marks(book, search.id, store)
    assert len(asked_with_marks(search, current, store).query.like) == 1
    search = book.change(search.id, asked=asked, model="another")
    with pytest.raises(QueryError, match="the model that the index had before"):
        asked_with_marks(search, current, store)


def test_sources_are_named_by_ids(book, store):
    name = "/secret/scenes/2010.tif"
    store.put_sources([SourceRecord(source=name, size=1, mtime_ns=0, content="c")])
    search = saved(book, store, [], source=[source_id(name)])
    current = current_marks(book, search.id, store)
    names = sources_by_id([name])
    asked = asked_with_marks(search, current, store, named=names.__getitem__)
    assert asked.where.source == [name]
    assert asked_with_marks(search, current, store).where.source == [name]
    search = book.change(search.id, asked={"text": "a", "source": ["gone"]})
    with pytest.raises(QueryError, match="source gone .*is not in the index any more"):
        asked_with_marks(search, current, store)


def test_a_search_that_is_not_there(book, store):
    with pytest.raises(NotFoundError):
        current_marks(book, "none", store)
