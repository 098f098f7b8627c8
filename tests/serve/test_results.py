"""Kept result lists: the same search once, bounded in number, bytes and age."""

import threading
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import shapely

from harma.errors import GoneError, QueryError
from harma.index.hits import Hit, hit_of
from harma.index.records import ShownChip
from harma.index.standing import Standings
from harma.serve.problems import STATUS_OF
from harma.serve.results import BYTES_OF_CORNER, BYTES_OF_HIT, Results, query_id

ASKED = {"text": "a harbour", "bbox": [1, 2, 3, 4]}


class Clock:
    """A clock that stands until it is turned."""

    now = 100.0

    def __call__(self):
        return self.now


def made_hits(count, *, place=None):
    chips = [
        ShownChip(
            id=f"{number:024d}",
            geometry=place and shapely.to_wkb(place),
            datetime=datetime(2020, 1, 1, number % 24, tzinfo=UTC),
            source=f"/scenes/of/an/archive/scene-{number // 100:04d}.tif",
            column=number,
            row=0,
            width=9,
            height=9,
            crs="EPSG:32631",
            gsd=1.0 + number,
            nodata=0.0,
        )
        for number in range(count)
    ]
    return [hit_of(chip, 0.5, Standings([0.1, 0.2])) for chip in chips]


def test_pages_are_slices_of_one_list():
    results = Results()
    hits = made_hits(120)
    kept = results.keep("archive", 7, ASKED, hits, 12.5)
    assert results.get(kept.id) is kept
    assert [kept.index, kept.version, kept.asked, kept.took_ms] == ["archive", 7, ASKED, 12.5]
    assert kept.hits[50:100] == hits[50:100]


def test_an_id_is_of_what_was_asked_of_an_index_and_its_version():
    turned = {"bbox": [1, 2, 3, 4], "text": "a harbour"}
    assert query_id("a", 1, ASKED) == query_id("a", 1, turned)
    ids = {
        query_id("a", 1, ASKED),
        query_id("a", 2, ASKED),
        query_id("b", 1, ASKED),
        query_id("a", 1, {**ASKED, "text": "two harbours"}),
        query_id("a", 1, {"text": "a harbour"}),
        query_id("a", 1, {"text": "\ud800"}),
    }
    assert len(ids) == 6
    assert all(len(name) == 32 for name in ids)


def test_the_same_search_is_done_once():
    results = Results()
    times = []

    def search():
        times.append(1)
        return made_hits(3)

    first = results.found("a", 1, ASKED, search)
    assert results.found("a", 1, ASKED, search) is first
    assert len(times) == 1
    assert results.found("a", 2, ASKED, search) is not first, "another version of the index"
    assert len(times) == 2


def test_who_asks_the_same_meanwhile_waits_for_it():
    results = Results()
    started = threading.Event()
    may_end = threading.Event()
    times = []

    def search():
        times.append(1)
        started.set()
        assert may_end.wait(10)
        return made_hits(2)

    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(results.found, "a", 1, ASKED, search)
        assert started.wait(10)
        others = [pool.submit(results.found, "a", 1, ASKED, search) for _ in range(3)]
        may_end.set()
        lists = [future.result(10) for future in [first, *others]]
    assert len(times) == 1
    assert all(one is lists[0] for one in lists)


def test_a_search_that_fails_is_told_and_not_kept():
    results = Results()

    def refused():
        raise QueryError("nothing to look for")

    with pytest.raises(QueryError, match="nothing to look for"):
        results.found("a", 1, ASKED, refused)
    assert len(results.shelf) == 0
    assert len(results.found("a", 1, ASKED, lambda: made_hits(1)).hits) == 1


def test_what_was_not_asked_for_the_longest_goes_first():
    results = Results(most_lists=2)
    first = results.keep("a", 1, ASKED, made_hits(1), 1)
    second = results.keep("a", 2, ASKED, made_hits(1), 1)
    results.get(first.id)
    results.keep("a", 3, ASKED, made_hits(1), 1)
    assert results.get(first.id) is first
    with pytest.raises(GoneError, match="kept no longer; search again"):
        results.get(second.id)


def test_bytes_are_bounded():
    size = 10 * (BYTES_OF_HIT + 5 * BYTES_OF_CORNER)
    results = Results(most_bytes=3 * size)
    place = shapely.box(0, 0, 1, 1)
    for version in range(8):
        results.keep("a", version, ASKED, made_hits(10, place=place), 1)
    assert len(results.shelf) == 3
    assert results.shelf.num_bytes == 3 * size
    large = results.keep("a", 99, ASKED, made_hits(1000, place=place), 1)
    assert len(results.shelf) == 1, "all others go for it"
    assert results.get(large.id) is large


def test_the_same_list_kept_again_counts_once():
    results = Results()
    results.keep("a", 1, ASKED, made_hits(5), 1)
    results.keep("a", 1, ASKED, made_hits(5), 1)
    assert len(results.shelf) == 1
    assert results.shelf.num_bytes == 5 * BYTES_OF_HIT


def test_lists_age():
    clock = Clock()
    results = Results(kept_s=60, clock=clock)
    kept = results.keep("a", 1, ASKED, made_hits(1), 1)
    clock.now += 60
    assert results.get(kept.id) is kept
    clock.now += 1
    with pytest.raises(GoneError):
        results.get(kept.id)
    assert results.shelf.num_bytes == 0


def test_a_hit_takes_about_what_is_said():
    place = shapely.Polygon([(number, number**2) for number in range(50)])
    made_hits(10, place=place)
    tracemalloc.start()
    hits = made_hits(1000, place=place)
    # GEOS keeps its corners where Python does not count them.
    taken = tracemalloc.get_traced_memory()[0] / len(hits)
    tracemalloc.stop()
    assert BYTES_OF_HIT / 2 < taken < 2 * BYTES_OF_HIT


def test_changes_count_their_earlier_chips():
    results = Results()
    hit = made_hits(1)[0]
    values = {name: getattr(hit, name) for name in hit.__dataclass_fields__}
    changed = Hit(**{**values, "then": hit})
    results.keep("a", 1, ASKED, [changed], 1)
    assert results.shelf.num_bytes == 2 * BYTES_OF_HIT


def test_gone_is_410():
    assert STATUS_OF[GoneError] == 410
