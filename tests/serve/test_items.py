"""Items: hits in the order of their rank, filtered as they are."""

import datetime as dt

import pytest
import shapely

from harma.errors import NotFoundError, QueryError
from harma.index.hits import Hit
from harma.scenes.windows import Window
from harma.serve.item_filter import ItemFilter, item_filter
from harma.serve.items import HitItems, one_item

DAY = dt.datetime(2020, 6, 15, tzinfo=dt.UTC)


def hit(name, *, geometry=None, date=None, end=None):
    return Hit(
        score=0.5,
        percentile=99.0,
        standing="clear",
        id=name,
        source="/a.tif",
        window=Window(0, 0, 1, 1),
        geometry=geometry,
        datetime=date,
        crs="",
        gsd=None,
        nodata=0.0,
        datetime_end=end,
    )


HITS = [
    hit("a", geometry=shapely.box(0, 0, 1, 1), date=DAY),
    hit("b", geometry=shapely.box(5, 5, 6, 6), date=DAY.replace(day=1), end=DAY.replace(day=30)),
    hit("c"),
    hit("d", geometry=shapely.box(0.5, 0.5, 2, 2)),
]


def names(items, count=10):
    return [(item.rank, item.chip.id) for item in items.page(count, "").items]


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        (item_filter(), [(1, "a"), (2, "b"), (3, "c"), (4, "d")]),
        (item_filter(bbox="0,0,2,2"), [(1, "a"), (4, "d")]),
        (item_filter(period="2020-06-15"), [(1, "a"), (2, "b")]),
        (item_filter(period="2020-06-16/.."), [(2, "b")]),
        (item_filter(period="../2020-06-02"), [(2, "b")]),
        (item_filter(ids="d,c"), [(3, "c"), (4, "d")]),
        (item_filter(bbox="10,10,11,11"), []),
    ],
)
def test_hits_keep_their_rank_whatever_is_asked_for(asked, expected):
    items = HitItems(HITS, asked)
    assert names(items) == expected
    assert items.count() == len(expected)


def test_pages_of_hits():
    items = HitItems(HITS, ItemFilter())
    first = items.page(3, "")
    assert [item.chip.id for item in first.items] == ["a", "b", "c"]
    last = items.page(3, first.token)
    assert [item.chip.id for item in last.items] == ["d"]
    assert last.token == ""
    assert items.page(3, "100").items == []


def test_marks_are_told_where_people_mark():
    assert [item.mark for item in HitItems(HITS, ItemFilter()).page(2, "").items] == [None, None]
    marked = HitItems(HITS, ItemFilter(), {"b": "good"})
    assert [item.mark for item in marked.page(3, "").items] == ["", "good", ""]


@pytest.mark.parametrize("token", ["x", "-1", "1.5", "٣", "9" * 20, " 1"])
def test_tokens_that_are_none(token):
    with pytest.raises(QueryError, match="token is"):
        HitItems(HITS, ItemFilter()).page(1, token)


def test_one_item():
    assert one_item(HitItems(HITS, item_filter(ids="c")), "c").chip is HITS[2]
    with pytest.raises(NotFoundError, match="no item x"):
        one_item(HitItems(HITS, item_filter(ids="x")), "x")
