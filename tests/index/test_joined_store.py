"""Several indexes as one: what they read is what an index of all their chips reads."""

import shutil
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa
import pytest
import shapely
from tests.index.made import chip, fill, made_settings

from harma.errors import (
    ConfigError,
    DataError,
    MissingFileError,
    ModelMismatchError,
    NotFoundError,
    QueryError,
)
from harma.index.ann import RECALL_K
from harma.index.ann_tuning import make_ann
from harma.index.ask import Chip, Page, Query, Vector, Where
from harma.index.contract import ROW_ID, StoreReader
from harma.index.index import Index
from harma.index.joined_store import JoinedStore
from harma.index.merge_indexes import merge_indexes
from harma.index.records import SourceRecord
from harma.index.split import Sharding, split_index
from harma.index.store import Store
from harma.index.well_known import read_outlines

COUNT, DIM = 2400, 32
EUROPE = {"lon": (0, 12), "lat": (44, 54)}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """A folder with an index, its shards by region, and these merged again."""
    folder = tmp_path_factory.mktemp("joined")
    one = Store.create(folder / "one", made_settings(DIM))
    fill(one, COUNT, seed=1, **EUROPE)
    names = sorted({row["source"] for row in one.rows(["source"]).to_pylist()})
    one.put_sources([SourceRecord(name, 1, 2, "c", num_chips=40) for name in names])
    split_index(folder / "one", folder / "shards", Sharding("region", degrees=4))
    merge_indexes(shards_of(folder), folder / "merged")
    return folder


def shards_of(folder):
    return sorted((folder / "shards").iterdir())


@pytest.fixture
def shards(made):
    return Index.open(shards_of(made))


@pytest.fixture
def merged(made):
    return Index.open(made / "merged")


def unit(seed):
    vector = np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def check_same(hits, expected):
    """The same chips in the same order, with scores and standings to rounding."""
    assert [(hit.source, hit.id) for hit in hits] == [(hit.source, hit.id) for hit in expected]
    assert [hit.standing for hit in hits] == [hit.standing for hit in expected]
    scores = [hit.score for hit in expected]
    assert [hit.score for hit in hits] == pytest.approx(scores, abs=1e-6)
    # A hit that is in the sample is level with itself, or just above or below by rounding.
    percentiles = [hit.percentile for hit in expected]
    assert [hit.percentile for hit in hits] == pytest.approx(percentiles, abs=100 / COUNT)


def test_it_is_a_store(shards):
    reader: StoreReader = shards.store
    assert isinstance(reader, JoinedStore)
    assert len(reader.parts) > 3


QUERIES = [
    Query(like=[Vector(unit(1))]),
    Query(like=[Vector(unit(2))], unlike=[Vector(unit(3))]),
    Query(like=[Chip("00000007"), Chip("00002001")], unlike=[Chip("00001000")]),
]
WHERES = [
    Where(),
    Where(bbox=(3.0, 45.0, 9.0, 51.0)),
    Where(bbox=(3.9, 47.9, 4.3, 48.4)),
    Where(date=("2005", "2008")),
    Where(source="/scenes/001*.tif", where="gsd < 12"),
    Where(date=("2012", None), where="nodata = 0", bbox=(0, 44, 8, 54)),
]


@pytest.mark.parametrize("query", QUERIES)
@pytest.mark.parametrize("where", WHERES)
@pytest.mark.parametrize(
    "page",
    [Page(exact=True), Page(k=7, offset=13), Page(k=60, overlap=None), Page(k=40, overlap=0.2)],
)
def test_hits_are_those_of_the_merged_index(shards, merged, query, where, page):
    expected = merged.find(query, where, page)
    check_same(shards.find(query, where, page), expected)
    assert expected


def test_hits_are_those_of_the_index_that_was_split(made, shards):
    # All chips are in the sample: that these lie in another order makes no difference.
    whole = Index.open(made / "one")
    assert len(shards) == len(whole) == COUNT
    for query in QUERIES:
        page = Page(k=50, exact=True)
        check_same(shards.find(query, page=page), whole.find(query, page=page))


def test_pages_fit_together(shards):
    query = QUERIES[0]
    all_ids = [hit.id for hit in shards.find(query, page=Page(k=30))]
    pages = [shards.find(query, page=Page(k=10, offset=offset)) for offset in (0, 10, 20)]
    assert [hit.id for page in pages for hit in page] == all_ids


def test_doubtful_chips(shards, merged):
    query = Query(like=[Chip("00000007")], unlike=[Chip("00000100")])
    check_same(shards.find_doubtful(query), merged.find_doubtful(query))


def test_changes_across_indexes(tmp_path):
    """A place whose earlier chip lies in another shard."""
    geometry, box = _place()
    both = Store.create(tmp_path / "both", made_settings(DIM))
    for name, year, seed in (("a", 2009, 1), ("b", 2019, 2)):
        row = _dated(name, year, geometry, box)
        both.add_chips([row], unit(seed)[None])
    split_index(tmp_path / "both", tmp_path / "years", Sharding("year"))
    where = Where(before="2010", after="2015")
    query = Query(like=[Vector(unit(2))])
    (hit,) = Index.open(sorted((tmp_path / "years").iterdir())).find(query, where)
    (expected,) = Index.open(tmp_path / "both").find(query, where)
    assert (hit.id, hit.then.id) == ("b", "a") == (expected.id, expected.then.id)
    assert hit.change == pytest.approx(expected.change, abs=1e-6)


def test_the_sample_is_that_of_the_merged_index(shards, merged, monkeypatch):
    monkeypatch.setattr("harma.index.snapshot.SAMPLE_CHIPS", 100)
    np.testing.assert_array_equal(shards.snapshot.sample, merged.snapshot.sample)
    assert len(shards.snapshot.sample) == 100


def test_what_it_reads(shards, merged):
    store = shards.store
    rows = store.rows(["id", "source"])
    assert sorted(rows["id"].to_pylist()) == sorted(merged.store.rows(["id"])["id"].to_pylist())
    # Row ids of all are of one chip each, and lead back to it, in any order.
    ids = rows[ROW_ID].to_numpy()
    assert len(set(ids.tolist())) == COUNT
    assert store.take(ids[::-7], ["id"])["id"].to_pylist() == rows["id"].to_pylist()[::-7]
    assert store.take(ids[:0], ["id"]).num_rows == 0
    assert store.at([], ["id"]).num_rows == 0
    offsets = [0, 1, 900, COUNT - 1]
    of_merged = merged.store.at(offsets, ["id"])["id"].to_pylist()
    assert sorted(store.at(offsets, ["id"])["id"].to_pylist()) == sorted(of_merged)
    assert store.count("gsd < 12") == merged.store.count("gsd < 12")
    assert store.sources() == merged.store.sources()
    assert store.chip_ids(["/scenes/0003.tif"]) == merged.store.chip_ids(["/scenes/0003.tif"])
    assert sum(block.num_rows for block in store.blocks(["id"])) == COUNT
    assert store.num_bytes() == sum(part.num_bytes() for part in store.parts)
    numbers = store.numbers_of(rows["id"].to_pylist()[::500])
    assert list(numbers.values()) == sorted(numbers.values())
    assert len(set(numbers.values())) > 1


def test_nearest_of_all(shards):
    vector = unit(4)
    table = shards.store.nearest(vector, 9, num_probes=5, where="gsd < 12")
    best = shards.find(
        Query(like=[Vector(vector)]), Where(where="gsd < 12"), Page(k=9, overlap=None)
    )
    found = shards.store.take(table[ROW_ID].to_numpy(), ["id"])
    assert found["id"].to_pylist() == [hit.id for hit in best]
    ids = shards.store.nearest(vector, 9, num_probes=5)[ROW_ID].to_numpy()
    expected = shards.find(Query(like=[Vector(vector)]), page=Page(k=9, overlap=None))
    assert shards.store.take(ids, ["id"])["id"].to_pylist() == [hit.id for hit in expected]


def test_each_index_is_searched_in_its_own_way(made, tmp_path, monkeypatch):
    """One has an ANN index, the other none: the hits are nearly all those of an exact search."""
    monkeypatch.setattr("harma.index.snapshot.FEW_CHIPS", 50)
    for name, count in (("large", 6000), ("small", 300)):
        fill(Store.create(tmp_path / name, made_settings(DIM)), count, seed=count)
    assert make_ann(Store(tmp_path / "large"), None) is not None
    both = Index.open([tmp_path / "large", tmp_path / "small"])
    assert [part.ann is None for part in both.snapshot.parts] == [False, True]
    assert both.info()["search"].startswith("IVF")
    assert both.info()["search"].endswith("exact: every chip is compared")
    num_shared = 0
    for seed in range(20):
        query = Query(like=[Vector(unit(seed))])
        hits = both.find(query, page=Page(overlap=None))
        exact = both.find(query, page=Page(overlap=None, exact=True))
        assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)
        num_shared += len({hit.id for hit in hits} & {hit.id for hit in exact})
    assert num_shared >= 0.97 * 20 * RECALL_K


def test_a_scene_of_two_indexes_is_found_once(made, tmp_path):
    first = shards_of(made)[0]
    shutil.copytree(first, tmp_path / "copy")
    twice = Index.open([first, tmp_path / "copy"])
    once = Index.open(first)
    page = Page(k=25, overlap=None, exact=True)
    hits = twice.find(QUERIES[0], page=page)
    assert [hit.id for hit in hits] == [hit.id for hit in once.find(QUERIES[0], page=page)]


def test_the_export_holds_all(made, shards, tmp_path):
    assert shards.export(tmp_path / "all.parquet") == COUNT
    with pytest.raises(ConfigError, match="lies inside the index"):
        shards.export(shards_of(made)[-1] / "all.parquet")


def test_refreshing(tmp_path):
    for name in ("a", "b"):
        fill(Store.create(tmp_path / name, made_settings(DIM)), 60, seed=len(name))
    both = Index.open([tmp_path / "a", tmp_path / "b"])
    assert not both.refresh_if_changed()
    held = both.held()
    Store(tmp_path / "b").add_chips([chip(id="new", source="new.tif")], unit(9)[None])
    assert both.refresh_if_changed()
    query = Query(like=[Vector(unit(9))])
    assert both.find(query)[0].id == "new"
    assert held.find(query)[0].id != "new"
    assert (len(both), len(held)) == (121, 120)


def test_properties_that_one_index_lacks_are_empty(tmp_path):
    for name, properties in (("a", (("cloud", 5.0),)), ("b", ())):
        store = Store.create(tmp_path / name, made_settings(DIM))
        rows = [chip(id=f"{name}{i}", source=f"cloud {name}", properties=properties) for i in "01"]
        store.add_chips(rows, np.stack([unit(1), unit(2)]))
    both = Index.open([tmp_path / "b", tmp_path / "a"])
    merge_indexes([tmp_path / "b", tmp_path / "a"], tmp_path / "merged")
    merged = Index.open(tmp_path / "merged")
    query = Query(like=[Vector(unit(1))])
    page = Page(overlap=None)
    for where in ("cloud < 20", "cloud IS NULL", "source = 'cloud b'", "CLOUD >= 5 OR gsd = 7"):
        expected = {hit.id for hit in merged.find(query, Where(where=where), page)}
        assert {hit.id for hit in both.find(query, Where(where=where), page)} == expected
        assert len(expected) == 2
    assert both.store.property_types() == {"cloud": pa.float64()}
    assert sorted(both.store.rows(["cloud"])["cloud"].to_pylist(), key=str) == [5, 5, None, None]


# -- errors ---------------------------------------------------------------------------------------


def test_another_model_is_refused(made, tmp_path):
    fill(Store.create(tmp_path / "other", made_settings(16)), 40)
    with pytest.raises(
        ModelMismatchError, match=r"other of none \(made, 16 numbers\).*not compare"
    ):
        Index.open([made / "one", tmp_path / "other"])


def test_an_index_named_twice_is_refused(made):
    with pytest.raises(ConfigError, match="one is named twice"):
        Index.open([made / "one", made / "shards" / ".." / "one"])
    with pytest.raises(ConfigError, match="no index is named"):
        Index.open([])


def test_a_missing_index_is_named(made, tmp_path):
    with pytest.raises(MissingFileError, match="gone is no index"):
        Index.open([made / "one", tmp_path / "gone"])


@pytest.mark.parametrize("where", [Where(), Where(before="2005", after="2010")])
def test_a_damaged_index_is_named(tmp_path, where):
    for name in ("a", "b"):
        fill(Store.create(tmp_path / name, made_settings(DIM)), 600, seed=len(name), **EUROPE)
    both = Index.open([tmp_path / "a", tmp_path / "b"])
    for file in (tmp_path / "b").rglob("*.lance"):
        if file.is_file():
            file.unlink()
    with pytest.raises(DataError, match=r"the index \S*/b cannot be read"):
        both.find(QUERIES[0], where)


def test_an_outline_that_is_no_geometry_is_told_with_its_index(made):
    def read(*places):
        with Index.open(places).store.reading():
            read_outlines([b"x"])

    shards = shards_of(made)
    with pytest.raises(DataError, match=f"^{shards[0]}: .* no geometry .*build it again$"):
        read(shards[0])
    both = f"{shards[0]}, {shards[1]}"
    with pytest.raises(DataError, match=f"^{both}: the index is damaged"):
        read(*shards[:2])


def test_a_condition_that_is_none_and_a_chip_that_is_nowhere(shards):
    with pytest.raises(QueryError, match="the condition '.*' cannot be used: there is no column"):
        shards.find(QUERIES[0], Where(where="no_column > 3"))
    with pytest.raises(NotFoundError, match="there is no chip 'nowhere'"):
        shards.find(Query(like=[Chip("nowhere")]))


def test_a_property_of_two_types_is_refused(tmp_path):
    for name, value in (("a", 5.0), ("b", "five")):
        store = Store.create(tmp_path / name, made_settings(DIM))
        store.add_chips([chip(id=name, properties=(("cloud", value),))], unit(1)[None])
    with pytest.raises(ConfigError, match="cloud is a number in .*a and a text in .*b"):
        Index.open([tmp_path / "a", tmp_path / "b"])


def test_row_ids_that_do_not_fit_are_told(made):
    store = JoinedStore([Store(directory) for directory in shards_of(made)])
    store._shift = 1
    with pytest.raises(DataError, match="in too many pieces.*harma index optimize"):
        store.rows(["id"])


def _place():
    square = shapely.box(4, 52, 4.1, 52.1)
    return shapely.to_wkb(square), dict(
        zip(("xmin", "ymin", "xmax", "ymax"), square.bounds, strict=True)
    )


def _dated(name, year, geometry, box):
    when = datetime(year, 6, 1, tzinfo=UTC)
    return chip(id=name, source=f"{name}.tif", datetime=when, geometry=geometry, **box)


def test_open_indexes_are_joined_as_they_are(made):
    """What they have learnt is used; refreshing one changes nothing in what is joined."""
    parts = [Index.open(directory) for directory in shards_of(made)]
    joined = Index.joined(parts)
    opened = Index.open(shards_of(made))
    assert all(one is part.snapshot for one, part in zip(joined.snapshot.parts, parts, strict=True))
    assert joined.snapshot.is_as(opened.snapshot)
    check_same(joined.search(like=[Chip("00000007")]), opened.search(like=[Chip("00000007")]))
    places = joined.snapshot.places
    rows = joined.store.rows(["xmin", "ymin", "xmax", "ymax"], "xmin IS NOT NULL")
    order = np.argsort(rows[ROW_ID].to_numpy())
    assert (places.ids == rows[ROW_ID].to_numpy()[order]).all()
    sides = [rows[side].to_numpy()[order] for side in ("xmin", "ymin", "xmax", "ymax")]
    np.testing.assert_array_equal(places.boxes, np.stack(sides))
    snapshot = joined.snapshot
    parts[0].refresh()
    assert joined.snapshot is snapshot
    assert joined.snapshot.parts[0] is not parts[0].snapshot
    with pytest.raises(ConfigError, match="named twice"):
        Index.joined([parts[0], parts[0]])


def test_the_index_that_a_source_is_of(shards):
    owned = shards.store.owned_sources()
    for name, (number, record) in owned.items():
        assert shards.store.parts[number].sources()[name] == record
    assert {number for number, _ in owned.values()} == set(range(len(shards.store.parts)))
