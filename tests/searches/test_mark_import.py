"""The import of marks: by chip, by place, and what becomes of the rest."""

import json

import pytest
from tests.searches.marked import make_grid

from harma.errors import NotFoundError
from harma.searches.book import SearchBook
from harma.searches.database import open_beside
from harma.searches.mark_files import FORMATS, read_mark_file, write_marks
from harma.searches.mark_import import import_marks
from harma.searches.records import Mark


@pytest.fixture
def store(tmp_path):
    return make_grid(tmp_path / "index")


@pytest.fixture
def book(tmp_path):
    with SearchBook(open_beside(tmp_path)) as book:
        yield book


@pytest.fixture
def search(book):
    return book.create("harbours", {"text": "a harbour"}).id


def features(*rows):
    made = [
        {"type": "Feature", "id": chip, "properties": values, "geometry": geometry}
        for chip, values, geometry in rows
    ]
    content = json.dumps({"type": "FeatureCollection", "features": made}).encode()
    return read_mark_file(content, "geojson")


def point(x, y):
    return {"type": "Point", "coordinates": [x, y]}


def marks_of(book, search):
    return {mark.chip: mark.mark for mark in book.marks(search)}


def test_by_chip_and_by_place(book, search, store):
    file = features(
        ("2010-0-0", {"mark": "good", "note": "n"}, None),
        ("of another index", {"mark": "bad"}, point(1.5, 1.5)),
        (None, {"label": 1}, point(2.5, 2.5)),
        ("nowhere", {"mark": "unsure"}, None),
    )
    imported = import_marks(book, search, store, file)
    assert (imported.num_set, imported.unknown, imported.refused) == (4, [], [])
    assert marks_of(book, search) == {
        "2010-0-0": "good",
        "2020-1-1": "bad",
        "2020-2-2": "good",
        "nowhere": "unsure",
    }
    first = book.marks(search)[0]
    assert (first.note, first.source) == ("n", "/secret/scenes/2010.tif")
    assert (first.content, first.window) == ("bytes of 2010", "0,0,9,9")
    assert first.geometry is not None


def test_what_is_not_in_the_index_is_told_and_the_rest_is_set(book, search, store):
    file = features(
        ("none", {"mark": "good"}, None),
        (None, {"mark": "good"}, point(50, 50)),
        (None, {"mark": "great"}, point(1, 1)),
        ("2010-0-0", {"mark": "good"}, None),
    )
    imported = import_marks(book, search, store, file)
    assert imported.num_set == 1
    assert imported.unknown == ["none", "50.00000,50.00000"]
    assert [row.number for row in imported.refused] == [3]
    assert marks_of(book, search) == {"2010-0-0": "good"}


def test_rows_that_contradict_each_other_are_told(book, search, store):
    file = features(
        ("2010-0-0", {"mark": "good"}, None),
        ("2010-0-0", {"mark": "bad"}, None),
        ("2010-0-0", {"mark": "good", "note": "later"}, None),
    )
    imported = import_marks(book, search, store, file)
    assert imported.num_set == 1
    [refused] = imported.refused
    assert refused.reason == "it says bad of the chip of which row 1 says good"
    [mark] = book.marks(search)
    assert (mark.mark, mark.note) == ("good", "later")


def test_other_marks_and_notes_stay(book, search, store):
    book.put_marks(search, [Mark("2010-0-0", "bad", "cranes"), Mark("2010-0-1", "bad")], who="anna")
    file = features(("2010-0-0", {"mark": "good", "who": "carla"}, None))
    import_marks(book, search, store, file, who="ben")
    marks = {mark.chip: mark for mark in book.marks(search)}
    changed = marks["2010-0-0"]
    assert (changed.mark, changed.note, changed.who) == ("good", "cranes", "ben")
    assert set(changed.earlier) == {"anna", "carla"}
    assert marks["2010-0-1"].mark == "bad"


@pytest.mark.parametrize("form", FORMATS)
def test_an_export_comes_back_into_another_search(book, search, store, form):
    from harma.searches.chips import on_chips

    marks = [Mark("2010-0-0", "good", "a\nb"), Mark("2020-1-1", "bad"), Mark("nowhere", "unsure")]
    book.put_marks(search, on_chips(store, marks), who="anna")
    kept = book.marks(search)
    other = book.create("again", {"text": "a harbour"}).id
    file = read_mark_file(write_marks(kept, form), form)
    imported = import_marks(book, other, store, file)
    assert (imported.num_set, imported.unknown, imported.refused) == (3, [], [])
    for before, after in zip(kept, book.marks(other), strict=True):
        for name in ("chip", "mark", "note", "who", "source", "geometry", "taken", "window"):
            assert getattr(after, name) == getattr(before, name)


def test_an_export_finds_its_places_in_another_index(book, search, store, tmp_path):
    """Ids are others there; scene, date and place are the same."""
    from harma.searches.chips import on_chips

    book.put_marks(search, on_chips(store, [Mark("2010-0-0", "good"), Mark("2010-2-1", "bad")]))
    content = write_marks(book.marks(search), "geojson")
    content = content.replace(b'"2010-0-0"', b'"x"').replace(b'"2010-2-1"', b'"y"')
    other = book.create("again", {"text": "a harbour"}).id
    import_marks(book, other, store, read_mark_file(content, "geojson"))
    assert marks_of(book, other) == {"2010-0-0": "good", "2010-2-1": "bad"}


def test_a_search_that_is_not_there(book, store):
    with pytest.raises(NotFoundError):
        import_marks(book, "none", store, features(("2010-0-0", {"mark": "good"}, None)))
