"""The book of saved searches, in both kinds of database."""

import datetime as dt
import re
import threading

import pytest
from sqlalchemy import func, select, update

from harma.errors import ConflictError, NotFoundError, QueryError
from harma.searches import book as books
from harma.searches import mark_rows
from harma.searches.book import SearchBook
from harma.searches.database import now
from harma.searches.records import Mark, MarkCounts, Watch
from harma.searches.tables import EVENTS, LOOKED, MARKS, SEARCHES, SEEN, TABLES, WATCHES
from harma.searches.watches import WatchBook

ASKED = {"text": "a harbour", "bbox": [3, 50, 7, 54]}


@pytest.fixture
def search(book):
    return book.create("harbours", ASKED, who="anna").id


# -- searches -------------------------------------------------------------------------------------


def test_a_search_is_kept_as_it_was_asked(book, opened):
    before = now()
    made = book.create("  harbours  ", {**ASKED, "near": None, "overlap": None}, who="anna")
    assert made.name == "harbours"
    # Only of the overlap null says something.
    assert made.asked == {**ASKED, "overlap": None}
    assert (made.version, made.is_draft, made.who) == (1, False, "anna")
    assert before <= made.created == made.changed <= now()
    assert SearchBook(opened()).get(made.id) == made


def test_ids_are_short_many_and_fit_into_addresses(book):
    ids = {book.create("x", ASKED).id for _ in range(50)}
    assert len(ids) == 50
    assert all(re.fullmatch("[a-z2-9]{12}", name) for name in ids)


def test_the_one_that_changed_last_comes_first_and_drafts_on_demand(book):
    first = book.create("first", ASKED)
    second = book.create("second", ASKED)
    draft = book.create("", ASKED, is_draft=True)
    assert [each.name for each in book.all()] == ["second", "first"]
    assert book.all(drafts=True)[0] == draft
    book.put_marks(first.id, [Mark("a", "good")])
    assert [each.id for each in book.all()] == [first.id, second.id]


def test_a_name_makes_a_draft_a_saved_search(book):
    draft = book.create("", ASKED, is_draft=True)
    named = book.change(draft.id, name="harbours")
    assert (named.name, named.is_draft, named.version) == ("harbours", False, 2)
    assert named.created == draft.created < named.changed


def test_what_is_asked_is_changed(book, search):
    changed = book.change(search, asked={"text": "a marina"}, version=1)
    assert (changed.asked, changed.name, changed.version) == ({"text": "a marina"}, "harbours", 2)
    with pytest.raises(ConflictError, match="its version is 2, not 1"):
        book.change(search, name="other", version=1)
    assert book.get(search) == changed


def test_a_mark_counts_as_a_change(book, search):
    book.put_marks(search, [Mark("a", "good")])
    with pytest.raises(ConflictError):
        book.change(search, name="other", version=1)


@pytest.mark.parametrize(
    "work",
    [
        lambda book: book.get("none"),
        lambda book: book.change("none", name="x"),
        lambda book: book.delete("none"),
        lambda book: book.marks("none"),
        lambda book: book.put_marks("none", [Mark("a", "good")]),
        lambda book: book.rename_chips("none", {"a": "b"}),
    ],
)
def test_what_is_not_there(book, work):
    with pytest.raises(NotFoundError, match="no saved search 'none'"):
        work(book)


@pytest.mark.parametrize(
    "name", ["", "\0", "a\0b", "' OR '1'='1", "../x", "\ud800", "ä" * 12, "x" * 100_000, "%"]
)
def test_what_can_be_no_id(book, search, name):
    for work in (book.get, book.marks, book.delete, book.counts):
        if work == book.counts and name.isalnum():
            continue
        with pytest.raises(NotFoundError):
            work(name)
    with pytest.raises(QueryError, match="control character"):
        book.put_marks(search, [], drop=["a\0"])


def test_all_that_belongs_to_a_search_goes_with_it(book, search):
    other = book.create("other", ASKED).id
    book.put_marks(search, [Mark("a", "good")])
    book.put_marks(other, [Mark("a", "good")])
    watch = WatchBook(book.database).put(Watch(search))
    assert watch.search == search
    with book.database.transaction() as connection:
        number = connection.execute(select(WATCHES.c.number)).scalar_one()
        connection.execute(LOOKED.insert().values(watch=number, scene=1, content=2))
        window = dict.fromkeys(("column", "row", "width", "height"), 0)
        connection.execute(SEEN.insert().values(watch=number, source="s", **window))
        connection.execute(
            EVENTS.insert().values(
                id="urn:x",
                search=search,
                chip="a",
                content="c",
                found=now(),
                source="",
                score=0.5,
                standing="clear",
                is_posted=True,
                is_notified=True,
            )
        )
    book.delete(search)
    left = {SEARCHES: 1, MARKS: 1, WATCHES: 0, LOOKED: 0, SEEN: 0, EVENTS: 0}
    # A table that comes later is to go with it, too.
    assert {table.name for table in left} | {"schema_version"} == set(TABLES.tables)
    with book.database.reading() as connection:
        for table, count in left.items():
            rows = connection.execute(select(func.count()).select_from(table)).scalar_one()
            assert rows == count, table


def test_indexes_that_share_a_database_do_not_see_each_other(database):
    north = SearchBook(database, "north")
    south = SearchBook(database, "south")
    search = north.create("harbours", ASKED).id
    north.put_marks(search, [Mark("a", "good")])
    assert south.all() == []
    assert south.counts() == {}
    for work in (south.get, south.delete, south.marks):
        with pytest.raises(NotFoundError):
            work(search)
    assert north.get(search).name == "harbours"


def test_old_drafts_are_dropped_when_another_search_is_kept(book, search):
    draft = book.create("", ASKED, is_draft=True).id
    fresh = book.create("", ASKED, is_draft=True).id
    old = now() - dt.timedelta(days=31)
    with book.database.transaction() as connection:
        is_old = SEARCHES.c.id.in_([draft, search])
        connection.execute(update(SEARCHES).where(is_old).values(changed=old))
    book.create("another", ASKED)
    left = {each.id for each in book.all(drafts=True)}
    assert {search, fresh} <= left
    assert draft not in left


def test_there_is_an_end_of_searches(book, monkeypatch):
    monkeypatch.setattr(books, "MOST_SEARCHES", 2)
    book.create("a", ASKED)
    book.create("b", ASKED)
    with pytest.raises(QueryError, match="2 searches are saved already"):
        book.create("c", ASKED)
    assert len(book.all()) == 2


@pytest.mark.parametrize("name", ["", " ", "a\nb", "x" * 201, "a\u202eb", "\ud800"])
def test_names_that_are_none(book, search, name):
    with pytest.raises(QueryError):
        book.create(name, ASKED)
    with pytest.raises(QueryError):
        book.change(search, name=name)
    assert book.get(search).version == 1


# -- marks ----------------------------------------------------------------------------------------


def test_marks_come_in_the_order_of_their_time(book, search):
    book.put_marks(search, [Mark("b", "good"), Mark("a", "bad", "cranes\nno water")], who="anna")
    changed = book.put_marks(search, [Mark("c", "unsure")], who="ben")
    marks = book.marks(search)
    assert [mark.chip for mark in marks] == ["b", "a", "c"]
    assert marks[1].note == "cranes\nno water"
    assert marks[2].who == "ben"
    assert marks[2].changed == changed.changed
    assert changed.version == 3
    assert book.counts(search) == {search: MarkCounts(1, 1, 1)}


def test_the_last_mark_stays_and_both_people_are_named(book, search):
    book.put_marks(search, [Mark("a", "good")], who="anna")
    book.put_marks(search, [Mark("a", "bad")], who="ben")
    [mark] = book.marks(search)
    assert (mark.mark, mark.who, mark.earlier) == ("bad", "ben", ("anna",))
    book.put_marks(search, [Mark("a", "unsure")], who="carla")
    [mark] = book.marks(search)
    assert (mark.mark, mark.who, mark.earlier) == ("unsure", "carla", ("anna", "ben"))
    book.put_marks(search, [Mark("a", "good")], who="anna")
    [mark] = book.marks(search)
    assert (mark.mark, mark.who, mark.earlier) == ("good", "anna", ("ben", "carla"))


def test_what_a_chip_was_is_kept(book, search):
    moment = dt.datetime(2024, 6, 1, tzinfo=dt.UTC)
    mark = Mark(
        "a",
        "good",
        "n",
        source="/scenes/x.tif",
        geometry=b"\x01\x02",
        taken=moment,
        taken_end=moment + dt.timedelta(days=1),
        content="c",
        window="0,0,9,9",
    )
    book.put_marks(search, [mark])
    [kept] = book.marks(search)
    for name, value in vars(mark).items():
        if name != "changed":
            assert getattr(kept, name) == value


def test_a_note_stays_where_nothing_is_said_of_it(book, search):
    book.put_marks(search, [Mark("a", "good", "cranes"), Mark("b", "good", "quay")])
    book.put_marks(
        search, [Mark("a", "bad"), Mark("b", "bad"), Mark("c", "bad")], keep_notes=["a", "c"]
    )
    assert [(mark.chip, mark.note) for mark in book.marks(search)] == [
        ("a", "cranes"),
        ("b", ""),
        ("c", ""),
    ]


def test_a_chip_twice_in_one_go_has_its_last_mark(book, search):
    book.put_marks(search, [Mark("a", "good"), Mark("b", "bad"), Mark("a", "bad")])
    assert {mark.chip: mark.mark for mark in book.marks(search)} == {"a": "bad", "b": "bad"}


def test_marks_are_taken_away(book, search):
    book.put_marks(search, [Mark("a", "good"), Mark("b", "bad")])
    book.put_marks(search, [Mark("c", "good")], drop=["a", "never"])
    assert [mark.chip for mark in book.marks(search)] == ["b", "c"]


@pytest.mark.parametrize(
    "mark",
    [
        Mark("a", "great"),
        Mark("a", "good", "x" * 2001),
        Mark("a", "good", "x\0"),
        Mark("a\0", "good"),
        Mark("a" * 501, "good"),
        Mark("a", "good", who="x\ny"),
    ],
)
def test_of_marks_of_which_one_is_wrong_none_is_set(book, search, mark):
    with pytest.raises(QueryError):
        book.put_marks(search, [Mark("b", "good"), mark], drop=["c"])
    assert book.marks(search) == []
    assert book.get(search).version == 1


def test_there_is_an_end_of_marks(book, search, monkeypatch):
    monkeypatch.setattr(mark_rows, "MOST_MARKS", 4)
    book.put_marks(search, [Mark(str(i), "good") for i in range(3)])
    book.put_marks(search, [Mark("0", "bad"), Mark("3", "good")])
    with pytest.raises(QueryError, match="would have 5 marks; at most 4 are kept"):
        book.put_marks(search, [Mark("x", "good")])
    assert book.counts(search)[search] == MarkCounts(good=3, bad=1)


def test_thousands_of_marks_at_once(book, search):
    book.put_marks(search, [Mark(str(i), "good") for i in range(3000)])
    book.put_marks(search, [Mark(str(i), "bad") for i in range(1, 3000, 2)])
    assert book.counts(search)[search] == MarkCounts(good=1500, bad=1500)
    book.put_marks(search, [], drop=[str(i) for i in range(0, 3000, 2)])
    assert book.counts(search)[search] == MarkCounts(bad=1500)


def test_chips_are_renamed(book, search):
    book.put_marks(search, [Mark("a", "good", "n"), Mark("b", "bad"), Mark("c", "good")])
    book.rename_chips(search, {"a": "A", "b": "c", "none": "N"})
    marks = {mark.chip: mark for mark in book.marks(search)}
    # What the new one has already stays.
    assert {chip: mark.mark for chip, mark in marks.items()} == {
        "A": "good",
        "b": "bad",
        "c": "good",
    }
    assert marks["A"].note == "n"


def test_threads_that_mark_at_once_lose_nothing(book, search):
    failures = []

    def work(number):
        try:
            for i in range(15):
                book.put_marks(search, [Mark(f"{number}-{i}", "good"), Mark("one", "bad")])
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=[number]) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert book.counts(search)[search] == MarkCounts(good=90, bad=1)
    assert book.get(search).version == 91


# -- opened by its place --------------------------------------------------------------------------


def test_a_file_belongs_to_one_index_whatever_that_is_called(tmp_path):
    state = str(tmp_path / "state")
    with SearchBook.open(tmp_path / "archive", state=state) as book:
        search = book.create("harbours", ASKED)
        assert book.index_name == ""
    (tmp_path / "state" / "archive.sqlite").rename(tmp_path / "state" / "moved.sqlite")
    with SearchBook.open(tmp_path / "archive", state=state, index_name="moved") as book:
        assert book.all() == [search]


@pytest.mark.postgres
def test_several_indexes_in_one_postgresql(postgres, tmp_path):
    address = postgres.new_database("several")
    with SearchBook.open(tmp_path / "north", state=address) as north:
        north.create("harbours", ASKED)
        assert north.index_name == "north"
        with SearchBook.open(tmp_path / "south", state=address) as south:
            assert south.all() == []
        with SearchBook.open(tmp_path / "x", state=address, index_name="north") as again:
            assert [each.name for each in again.all()] == ["harbours"]
