"""Periods of dates in an index: found by each day of them, kept by exports and reembedding."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from shapely.geometry import box
from tests.exchange.made import hit
from tests.index.made import chip, made_settings

from harma.errors import QueryError
from harma.exchange.importing import import_geoparquet
from harma.exchange.tile import Tile
from harma.index.ask import Vector
from harma.index.change import find_changes
from harma.index.filters import Filter
from harma.index.geoparquet import export_geoparquet, write_hits_geoparquet
from harma.index.hits import as_csv, as_geojson, as_json
from harma.index.index import Index
from harma.index.merge import merged
from harma.index.reembed import _sources_of
from harma.index.schema import BOX_COLUMNS
from harma.index.shown import shown_chips
from harma.index.store import Store
from harma.scenes.period import Period
from harma.scenes.reading import Reading


def at(*numbers):
    return datetime(*numbers, tzinfo=UTC)


TAKEN = {
    "year": Period.year(at(2015, 1, 1)),
    "month": Period.month(at(2015, 9, 1)),
    "day": Period.day(at(2015, 9, 26)),
    "moment": Period.moment(at(2015, 9, 26, 10, 30)),
    "range": Period(at(2015, 9, 20), at(2015, 10, 10, 23, 59, 59)),
    "none": None,
}


def columns_of(taken):
    if taken is None:
        return {"datetime": None, "datetime_end": None}
    return {"datetime": taken.start, "datetime_end": None if taken.is_moment else taken.end}


def made_index(directory, taken, place=None):
    settings = replace(made_settings(4), model_id="foreign-1")
    store = Store.create(directory, settings)
    place = place or box(4, 50, 5, 51)
    sides = dict(zip(BOX_COLUMNS, place.bounds, strict=True))
    wkb = shapely.to_wkb(place)
    rows = []
    for name, period in taken.items():
        dates = columns_of(period)
        rows.append(chip(id=name, source=f"{name}.tif", geometry=wkb, **sides, **dates))
    store.add_chips(rows, np.eye(4, dtype=np.float32)[np.zeros(len(rows), dtype=int)])
    return Index(store)


@pytest.fixture
def index(tmp_path):
    return made_index(tmp_path / "i", TAKEN)


def found(index, **options):
    hits = index.search(like=[Vector(np.eye(4)[0])], k=99, overlap=None, **options)
    return {hit.id for hit in hits}


ALL = {"year", "month", "day", "moment", "range"}


@pytest.mark.parametrize(
    ("since", "until", "expected"),
    [
        ("2015", None, ALL),
        (None, "2015", ALL),
        ("2015-09-26", "2015-09-26", ALL),
        ("2015-09-26T10:30:00Z", "2015-09-26T10:30:00Z", ALL),
        ("2015-09-26T10:31:00Z", "2015-09-26T10:32:00Z", ALL - {"moment"}),
        ("2015-09-27", None, {"year", "month", "range"}),
        (None, "2015-09-25", {"year", "month", "range"}),
        (None, "2015-09-19", {"year", "month"}),
        ("2015-10", "2015-10", {"year", "range"}),
        ("2015-10-11", "2015-10-12", {"year"}),
        ("2015-12-31T23:59:59Z", None, {"year"}),
        ("2016", None, set()),
        (None, "2014", set()),
    ],
)
def test_a_chip_is_found_by_each_moment_of_its_period(index, since, until, expected):
    assert found(index, date=(since, until)) == expected


def test_conditions_on_both_ends(index):
    assert found(index, where="datetime_end > '2015-12-01'") == {"year"}
    assert found(index, where="datetime = '2015-09-01'") == {"month"}
    assert found(index, where="datetime_end IS NULL AND datetime IS NOT NULL") == {"moment"}
    with pytest.raises(QueryError, match="cannot be used: there is no column cloud; the columns"):
        found(index, where="cloud < 5")


def test_change_takes_chips_that_are_wholly_before_and_after(tmp_path):
    index = made_index(tmp_path / "i", {**TAKEN, "later": Period.month(at(2018, 6, 1))})

    def earlier(before):
        vector = np.eye(4, dtype=np.float32)[0]
        changes = find_changes(index.store, vector, Filter(), before, at(2018, 6, 1))
        ids = index.store.take(np.unique(changes.then), ["id"])["id"].to_pylist()
        return set(ids)

    # The latest of what has ended by then.
    assert earlier(at(2015, 10, 1)) == {"moment"}
    with pytest.raises(QueryError, match="before 2015-09-26"):
        earlier(at(2015, 9, 26, 10))
    assert earlier(at(2015, 9, 26, 12)) == {"moment"}
    with pytest.raises(QueryError, match="after 2018-06-02"):
        find_changes(
            index.store,
            np.eye(4, dtype=np.float32)[0],
            Filter(),
            at(2016, 1, 1),
            at(2018, 6, 2),
        )


@pytest.mark.parametrize(
    ("one", "other", "is_one_place"),
    [
        ("day", "moment", True),
        ("day", "day", True),
        ("moment", "moment", True),
        ("month", "month", False),
        ("month", "moment", False),
        ("range", "day", False),
        ("day", "none", False),
    ],
)
def test_chips_of_one_day_are_merged(index, one, other, is_one_place):
    rows = index.store.rows(["id"])
    ids = dict(zip(rows["id"].to_pylist(), rows["row_id"].to_pylist(), strict=True))
    chips = shown_chips(index.store, np.array([ids[one], ids[other]]))
    chips[1] = replace(chips[1], source="another.tif")
    assert (len(merged(chips, 0.5, 9)) == 1) == is_one_place


MONTH = {"datetime": at(2015, 9, 1), "datetime_end": at(2015, 9, 30, 23, 59, 59, 999_999)}


def test_hits_state_the_last_moment_where_there_is_one(tmp_path):
    last = "2015-09-30T23:59:59.999999+00:00"
    hits = [hit(**MONTH), hit(then=hit(**MONTH))]
    plain, change = json.loads(as_json(hits))
    assert plain["datetime_end"] == last
    assert "datetime_end" not in change
    assert change["then_datetime_end"] == last
    header, first, second = as_csv(hits).splitlines()
    names = header.split(",")
    assert names.index("datetime_end") == names.index("datetime") + 1
    assert names.index("then_datetime_end") == names.index("then_datetime") + 1
    assert last in first
    assert second.count(last) == 1
    assert "datetime_end" not in as_csv([hit()])
    feature = json.loads(as_geojson(hits))["features"][0]
    assert feature["properties"]["datetime_end"] == last
    write_hits_geoparquet(hits, tmp_path / "hits.parquet")
    rows = pq.read_table(tmp_path / "hits.parquet").to_pylist()
    assert [row["datetime_end"] for row in rows] == [MONTH["datetime_end"], None]
    assert [row["then_datetime_end"] for row in rows] == [None, MONTH["datetime_end"]]


def test_dates_are_shown_as_exactly_as_they_are_known():
    assert hit(**MONTH).date_text == "2015-09"
    assert hit().date_text == "2015-09-26"
    assert hit(datetime=None).date_text == ""
    assert Tile(hit(**MONTH), [], []).date == "2015-09"


def test_an_export_comes_back_with_its_periods(index, tmp_path):
    export_geoparquet(index.store, tmp_path / "a.parquet")
    import_geoparquet(tmp_path / "other", tmp_path / "a.parquet")
    rows = Store(tmp_path / "other").rows(["id", "datetime", "datetime_end"]).to_pylist()
    assert {row["id"]: (row["datetime"], row["datetime_end"]) for row in rows} == {
        name: tuple(columns_of(taken).values()) for name, taken in TAKEN.items()
    }


def test_a_file_without_last_moments_and_one_with_wrong_ones(index, tmp_path):
    export_geoparquet(index.store, tmp_path / "a.parquet")
    table = pq.read_table(tmp_path / "a.parquet")
    pq.write_table(table.drop_columns(["datetime_end"]), tmp_path / "b.parquet")
    import_geoparquet(tmp_path / "b", tmp_path / "b.parquet")
    place = table.schema.get_field_index("datetime_end")
    early = pa.array([at(1999, 1, 1)] * len(table), pa.timestamp("us", tz="UTC"))
    pq.write_table(table.set_column(place, "datetime_end", early), tmp_path / "c.parquet")
    import_geoparquet(tmp_path / "c", tmp_path / "c.parquet")
    for name in ("b", "c"):
        rows = Store(tmp_path / name).rows(["datetime", "datetime_end"])
        assert rows["datetime_end"].null_count == len(TAKEN)
        assert rows["datetime"].null_count == 1


def test_periods_and_what_names_them_survive_a_build_and_reembedding(
    write_scenes, build_index, model, tmp_path
):
    paths = write_scenes(tmp_path / "scenes", 3)
    for path, name in zip(paths, ("a_2020-06_mosaic", "b_20150926", "c"), strict=True):
        path.rename(path.with_name(f"{name}.tif"))
    outcome = build_index(tmp_path / "scenes")
    assert outcome.dates == {"its name": 2, "": 1}
    info = Index.open(tmp_path / "index").info()
    assert info["dated"] == 18
    assert info["dated by"] == "its name: 18"
    rows = Store(tmp_path / "index").rows(["datetime", "datetime_end"]).to_pylist()
    periods = {(row["datetime"], row["datetime_end"]) for row in rows}
    june = Period.month(at(2020, 6, 1))
    day = Period.day(at(2015, 9, 26))
    assert periods == {(june.start, june.end), (day.start, day.end), (None, None)}
    assert {
        source.taken and source.taken.text for source in _sources_of(Store(tmp_path / "index"))
    } == {"2020-06", "2015-09-26", None}


def test_dates_by_a_pattern(write_scenes, build_index, tmp_path):
    path = write_scenes(tmp_path / "scenes", 1)[0]
    path.rename(path.with_name("flight_03042019.tif"))
    (tmp_path / "scenes" / "flight_99042019.tif").write_bytes(
        (tmp_path / "scenes" / "flight_03042019.tif").read_bytes()
    )
    outcome = build_index(tmp_path / "scenes", reading=Reading(date_from="flight_%d%m%Y"))
    assert outcome.dates == {
        "date_from (flight_%d%m%Y)": 1,
        "no date: date_from (flight_%d%m%Y) finds 'flight_99042019', which is none": 1,
    }
    rows = Store(tmp_path / "index").rows(["datetime"]).to_pylist()
    assert {row["datetime"] for row in rows} == {at(2019, 4, 3), None}
