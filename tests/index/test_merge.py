"""Overlapping chips of one place."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
import shapely
from shapely.geometry import box
from tests.index import slow_merge

from harma.index import merge
from harma.index.records import ShownChip

YEARS = {year: datetime(year, 1, 1, 10, tzinfo=UTC) for year in (2015, 2020)}


def row(column=0, line=0, *, source="a", date=None, place=None, size=10):
    return ShownChip(
        id="chip",
        geometry=shapely.to_wkb(place) if place is not None else None,
        source=source,
        datetime=date,
        column=column,
        row=line,
        width=size,
        height=size,
        crs="",
        gsd=None,
        nodata=0.0,
    )


def merged(rows, *options, **more):
    """The chips that are left."""
    return [rows[position] for position in merge.merged(rows, *options, **more)]


def test_half_of_the_smaller_one_is_one_place():
    first, half, less = row(0), row(5), row(6)
    assert merged([first, half], 0.5, 99) == [first]
    assert merged([first, less], 0.5, 99) == [first, less]
    inside = row(20, 20, size=4)
    large = row(0, 0, size=40)
    assert merged([inside, large], 0.5, 99) == [inside], "scales merge too: the smaller lies inside"


def test_the_better_one_stays_and_chains_do_not_merge():
    a, b, c = row(0), row(5), row(10)
    assert merged([b, a, c], 0.5, 99) == [b]
    assert merged([a, b, c], 0.5, 99) == [a, c], "c overlaps b, which is gone"


def test_other_sources_merge_only_with_the_same_date_and_a_place():
    place = box(0, 0, 1, 1)
    rows = [
        row(place=place, source="a", date=YEARS[2015]),
        row(place=place, source="b", date=YEARS[2020]),
    ]
    assert merged(rows, 0.5, 99) == rows
    assert merged(rows, 0.5, 99, any_date=True) == rows[:1]
    same = [
        row(place=place, source="a", date=YEARS[2015]),
        row(place=place, source="b", date=YEARS[2015]),
    ]
    assert merged(same, 0.5, 99) == same[:1]
    later = YEARS[2015].replace(second=7)
    seconds = [
        row(place=place, source="a", date=YEARS[2015]),
        row(place=place, source="b", date=later),
    ]
    assert merged(seconds, 0.5, 99) == seconds[:1], "one day"
    undated = [row(place=place, source="a"), row(place=place, source="b")]
    assert merged(undated, 0.5, 99) == undated
    unplaced = [
        row(source="a", date=YEARS[2015]),
        row(source="b", date=YEARS[2015]),
    ]
    assert merged(unplaced, 0.5, 99) == unplaced


def test_more_rows_do_not_change_what_is_kept_of_the_first():
    rng = np.random.default_rng(0)
    rows = [row(int(x), int(y)) for x, y in rng.integers(0, 60, (80, 2))]
    whole = merged(rows, 0.5, 99)
    for count in (5, 20, 50):
        part = merged(rows[:count], 0.5, 99)
        assert part == whole[: len(part)]


def test_no_more_than_were_asked_for_are_kept():
    rows = [row(20 * number) for number in range(4)]
    assert merged(rows, 0.5, 2) == rows[:2]
    assert merged(rows, 0.5, 4) == rows
    assert merged([rows[0], rows[0], rows[1]], 0.5, 2) == rows[:2], (
        "what is left out is not counted"
    )


def test_footprints_decide_where_both_chips_have_one():
    first = row(0, place=box(0, 0, 1, 1))
    beside = row(0, place=box(1, 0, 2, 1))
    assert merged([first, beside], 0.01, 99) == [first, beside], "one window, but they only touch"
    line = row(0, place=shapely.LineString([(0, 0), (1, 1)]))
    assert merged([first, line], 0.01, 99) == [first, line], "a line covers nothing"
    unplaced = row(0, source="b", date=YEARS[2015])
    dated = row(0, place=box(0, 0, 10, 10), date=YEARS[2015])
    for rows in ([dated, unplaced], [unplaced, dated]):
        assert merged(rows, 0.5, 99, any_date=True) == rows
    half_dated = row(0, place=box(0, 0, 10, 10), source="b")
    for rows in ([dated, half_dated], [half_dated, dated]):
        assert merged(rows, 0.5, 99) == rows


def test_whatever_the_side_that_they_overlap_on():
    centre = row(100, 100)
    for column, line in ((95, 100), (105, 100), (100, 95), (100, 105)):
        assert merged([centre, row(column, line)], 0.5, 99) == [centre]
        assert len(merged([centre, row(column, line)], 0.51, 99)) == 2


# -- against the plain rule ----------------------------------------------------------------------


def random_rows(seed, count, kind):
    """Chips on grids and beside them, turned, multipart, unplaced, points; of days and ranges."""
    rng = np.random.default_rng(seed)
    rows = []
    for _ in range(count):
        column, line = (5 * rng.integers(0, 14, 2)).tolist()
        size = int(rng.choice([10, 10, 10, 20]))
        place = box(column, line, column + size, line + size)
        if kind == "turned":
            place = shapely.affinity.rotate(place, float(rng.uniform(0, 90)))
        if kind == "mixed":
            place = rng.choice(
                [
                    place,
                    None,
                    shapely.Point(column, line),
                    shapely.MultiPolygon([place, box(200, 0, 200 + size, size)]),
                    shapely.affinity.translate(place, float(rng.uniform()), 0),
                    shapely.LineString([(column, line), (column + size, line)]),
                    shapely.Polygon(),
                ]
            )
        rows.append(
            replace(
                row(column, line, source=str(rng.integers(4)), place=place, size=size),
                **dates(rng),
            )
        )
    return rows


def dates(rng):
    """No date, a moment, a moment late in the evening, a day, a month."""
    day = datetime(2020, 5, int(rng.integers(1, 4)), tzinfo=UTC)
    end = timedelta(days=1, microseconds=-1)
    return [
        {"datetime": None},
        {"datetime": day + timedelta(hours=int(rng.integers(24)))},
        {"datetime": day, "datetime_end": day + end},
        {"datetime": day + timedelta(hours=23), "datetime_end": day + timedelta(hours=26)},
        {"datetime": day, "datetime_end": day + timedelta(days=30)},
    ][rng.integers(5)]


@pytest.mark.parametrize("kind", ["grid", "turned", "mixed"])
@pytest.mark.parametrize("any_date", [False, True])
@pytest.mark.parametrize("overlap", [0.01, 0.25, 0.5, 1.0])
def test_what_is_left_is_what_the_plain_rule_leaves(kind, any_date, overlap, monkeypatch):
    # Small blocks, so that there are many of them.
    monkeypatch.setattr(merge, "FEWEST_AT_ONCE", 16)
    for seed in range(4):
        rows = random_rows(seed, 150, kind)
        for count in (1, 30, 200):
            left = merge.merged(rows, overlap, count, any_date=any_date)
            assert left == slow_merge.merged(rows, overlap, count, any_date=any_date)


def test_blocks_of_any_size_leave_the_same(monkeypatch):
    rows = random_rows(9, 600, "grid")
    whole = merge.merged(rows, 0.5, 600)
    for size in (1, 7, 600):
        monkeypatch.setattr(merge, "FEWEST_AT_ONCE", size)
        assert merge.merged(rows, 0.5, 600) == whole


def test_nothing_is_left_of_nothing():
    assert merge.merged([], 0.5, 10) == []


def test_outlines_that_cross_themselves_are_mended():
    bow = shapely.Polygon([(0, 0), (10, 10), (10, 0), (0, 10)])
    square = box(0, 0, 10, 10)
    rows = [row(place=square), row(place=bow), row(place=shapely.affinity.translate(bow, 1, 0))]
    assert merge.merged(rows, 0.99, 99)[0] == 0
