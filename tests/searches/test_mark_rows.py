"""Rows of marks; more of them is tried in test_book.py."""

from harma.searches.database import now
from harma.searches.mark_rows import MOST_EARLIER, Setting, read_marks, set_marks
from harma.searches.records import Mark


def test_there_is_an_end_of_names(book):
    search = book.create("x", {"text": "a"}).id
    for number in range(MOST_EARLIER + 5):
        book.put_marks(search, [Mark("c", "good")], who=f"p{number}")
    [mark] = book.marks(search)
    assert mark.who == "p24"
    assert mark.earlier == tuple(f"p{number}" for number in range(4, 24))


def test_who_a_mark_names_counts_where_nobody_is_known(book):
    search = book.create("x", {"text": "a"}).id
    with book.database.transaction() as connection:
        setting = Setting(search, "", now())
        set_marks(connection, [Mark("c", "good", who="anna", earlier=("anna", "", "ben"))], setting)
        [mark] = read_marks(connection, search)
    assert (mark.who, mark.earlier) == ("anna", ("ben",))
