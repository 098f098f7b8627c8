"""Events as they are read."""

import pytest

from harma.errors import NotFoundError
from harma.searches.events import latest_events, read_events, thumbnail_of, thumbnails_of


@pytest.fixture
def found(watched):
    """An index, its database and the id of a search with five events."""
    watched.watch()
    watched.add("c", [0.7, 0.6, 0.8], day=2)
    watched.run()
    watched.add("d", [0.9, 0.55], day=3)
    watched.run()
    return watched.book.database, watched.ids["s1"]


def test_events_are_read_in_the_order_in_which_they_were_found(found):
    events = read_events(*found)
    assert [event.number for event in events] == [1, 2, 3, 4, 5]
    assert [event.chip for event in events] == ["c|c|2", "c|c|0", "c|c|1", "d|d|0", "d|d|1"]
    assert {event.thumbnail for event in events} == {None}


def test_pages_go_by_number(found):
    first = read_events(*found, k=2)
    second = read_events(*found, after=first[-1].number, k=2)
    third = read_events(*found, after=second[-1].number, k=2)
    assert [event.number for event in [*first, *second, *third]] == [1, 2, 3, 4, 5]
    assert read_events(*found, after=5) == []


def test_the_latest_come_first_in_a_feed(found):
    assert [event.number for event in latest_events(*found, 2)] == [5, 4]


def test_an_event_keeps_its_thumbnail(found, watched):
    watched.remove("c")
    assert thumbnail_of(*found, 1) == b"jpeg of c 2"
    assert thumbnails_of(*found, [1, 4, 99]) == {1: b"jpeg of c 2", 4: b"jpeg of d 0"}


def test_an_event_of_another_search_is_none(found, watched):
    other = watched.save("s2")
    with pytest.raises(NotFoundError, match="no event 1"):
        thumbnail_of(found[0], other, 1)
    with pytest.raises(NotFoundError, match="no event 99"):
        thumbnail_of(*found, 99)


def test_numbers_are_never_given_again(found, watched):
    watched.book.delete(watched.ids["s1"])
    watched.watch("s2")
    watched.add("e", [0.7], day=4)
    assert [event.number for event in watched.run("s2").events] == [6]
