"""Watches as they are kept."""

import pytest
from tests.searches.watched import SEARCH

from harma.errors import ConfigError, NotFoundError
from harma.searches.book import SearchBook
from harma.searches.records import Watch
from harma.searches.watches import WatchBook


@pytest.fixture
def search(book):
    return book.create("harbours", {"text": "a harbour"}).id


@pytest.fixture
def watches(database):
    return WatchBook(database)


def test_a_watch_is_kept(watches, search):
    watch = watches.put(
        Watch(search, "clear", webhook="https://a.org/", notify=("mailto://a", "json://b"))
    )
    assert watches.get(search) == watch
    assert (watch.standing, watch.least_score) == ("clear", None)
    assert watch.webhook == "https://a.org/"
    assert watch.notify == ("mailto://a", "json://b")
    assert watch.created.tzinfo is not None
    assert (watch.last_run, watch.last_new, watch.num_events) == (None, 0, 0)


def test_a_watch_that_is_set_again_stays_the_same_watch(watches, search):
    first = watches.put(Watch(search, "clear"))
    second = watches.put(Watch(search, None, 0.25))
    assert (second.standing, second.least_score) == (None, 0.25)
    assert second.created == first.created
    assert watches.all() == [second]


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"standing": None}, "one of the two"),
        ({"standing": "clear", "least_score": 0.2}, "one of the two"),
        ({"standing": "sure"}, "it is one of clear, likely, weak"),
        ({"standing": None, "least_score": 2.5}, "from -2 to 2"),
        ({"standing": None, "least_score": float("nan")}, "from -2 to 2"),
        ({"notify": ("a\nb://c",)}, "is one of apprise"),
        ({"notify": ("nobody",)}, "is one of apprise"),
        ({"notify": ("mailto://" + "a" * 500,)}, "is one of apprise"),
        ({"notify": ("mailto://a",) * 11}, "at most 10 are"),
    ],
)
def test_what_cannot_be_watched(watches, search, values, said):
    with pytest.raises(ConfigError, match=said):
        watches.put(Watch(search, **values))
    assert watches.all() == []


def test_a_watch_is_of_a_saved_search(watches):
    with pytest.raises(NotFoundError, match="there is no saved search"):
        watches.put(Watch("none"))
    with pytest.raises(NotFoundError, match="has no watch"):
        watches.get("none")
    with pytest.raises(NotFoundError, match="has no watch"):
        watches.delete("none")


def test_indexes_that_share_a_database_have_watches_of_their_own(database, watches):
    for name in ("north", "south"):
        book = SearchBook(database, name)
        watches.put(Watch(book.create(f"{name} harbours", {"text": "a harbour"}).id))
    assert len(watches.all("north")) == 1
    assert watches.all("") == []


def test_a_watch_goes_with_its_search(watched):
    watched.watch()
    watched.add("c", [0.7], day=2)
    watched.run()
    watched.book.delete(watched.ids[SEARCH])
    assert watched.watches.all() == []
