"""Pages of items over several collections: every item once, tokens that say where a page begins."""

from types import SimpleNamespace

import pytest

from harma.errors import QueryError
from harma.serve import item_pages
from harma.serve.item_filter import ItemFilter
from harma.serve.item_pages import ItemsAsked, check_known, page_of
from harma.serve.items import PageOfItems


class Numbers:
    """Items that are numbers."""

    def __init__(self, count):
        self.numbers = list(range(count))

    def count(self):
        return len(self.numbers)

    def page(self, count, token):
        start = int(token or 0)
        following = start + count
        more = str(following) if following < len(self.numbers) else ""
        return PageOfItems(self.numbers[start:following], more)


class Kept:
    """Collections of numbers, by their sizes."""

    def __init__(self, sizes):
        self.sizes = sizes
        self.versions = []

    def items(self, collection, asked, *, text, version):
        self.versions.append(version)
        return Numbers(self.sizes[collection.id])

    def version(self, collection):
        return 7

    def sources(self, collection):
        return None


@pytest.fixture(autouse=True)
def plain_features(monkeypatch):
    monkeypatch.setattr(
        item_pages,
        "item_features",
        lambda told, items: [{"id": f"{told.collection}{item}"} for item in items],
    )


def asked(names, limit, token=""):
    collections = [SimpleNamespace(id=name, index=SimpleNamespace(id=name)) for name in names]
    return ItemsAsked(collections, ItemFilter(), "", limit, token)


@pytest.mark.parametrize(
    "sizes", [{"a": 5}, {"a": 5, "b": 3}, {"a": 0, "b": 3, "c": 0, "d": 4}, {"a": 0}]
)
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 100])
def test_every_item_comes_once(sizes, limit):
    kept = Kept(sizes)
    seen = []
    token = ""
    for _ in range(30):
        page = page_of(None, kept, asked(sizes, limit, token))
        assert page.num_matched == sum(sizes.values())
        assert len(page.features) <= limit
        seen += [feature["id"] for feature in page.features]
        token = page.token
        if not token:
            break
        # No page but the last is short: programs count on it.
        assert len(page.features) == limit
    assert seen == [f"{name}{number}" for name, size in sizes.items() for number in range(size)]


def test_a_page_goes_on_in_the_version_that_it_began_with():
    kept = Kept({"a": 5})
    page = page_of(None, kept, asked("a", 2))
    assert page.token == "a~7.2"
    page_of(None, kept, asked("a", 2, page.token))
    assert kept.versions == [0, 7]


@pytest.mark.parametrize(
    "token", ["x", "b~7.2", "a~.2", "a~x.2", "a~-1.2", "~", "a~" + "9" * 30 + ".1"]
)
def test_tokens_of_something_else_are_refused(token):
    with pytest.raises(QueryError, match="token is"):
        page_of(None, Kept({"a": 5}), asked("a", 2, token))


def test_parameters_that_would_be_overlooked_are_refused():
    check_known({"limit": "1"}, ["limit", "bbox"])
    with pytest.raises(
        QueryError, match="filter is no parameter of this address; there are limit, bbox"
    ):
        check_known({"limit": "1", "filter": "x"}, ["limit", "bbox"])
