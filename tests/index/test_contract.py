"""What an index asks of its store, of every store: Lance on disk, and rows in memory."""

import duckdb
import numpy as np
import pytest
import shapely
from tests.index.made import all_chips, all_rows, fill, made_settings
from tests.index.memory_store import MemoryStore

from harma.errors import NotFoundError, QueryError
from harma.index.ann import read_ann
from harma.index.ann_tuning import make_ann
from harma.index.ask import Chip, Page, Query, Vector, Where
from harma.index.compaction import EXACT, keep_quick
from harma.index.contract import ROW_ID, StoreReader, StoreWriter
from harma.index.geoparquet import export_geoparquet
from harma.index.index import Index
from harma.index.records import SourceRecord
from harma.index.store import Store, source_reads

COUNT, DIM = 700, 16
SOURCES = [f"/scenes/{number:04d}.tif" for number in range(18)]


def filled(store):
    fill(store, COUNT)
    store.put_sources([SourceRecord(name, 1, 2, "c", num_chips=40) for name in SOURCES])
    return store


@pytest.fixture(scope="module")
def lance(tmp_path_factory):
    return filled(Store.create(tmp_path_factory.mktemp("lance") / "i", made_settings(DIM)))


@pytest.fixture(scope="module")
def memory():
    return filled(MemoryStore(made_settings(DIM)))


@pytest.fixture(params=["lance", "memory"])
def store(request):
    """A store that tests read alone."""
    return request.getfixturevalue(request.param)


@pytest.fixture(params=["lance", "memory"])
def writable(request, tmp_path):
    """A store of its own for each test."""
    if request.param == "memory":
        return filled(MemoryStore(made_settings(DIM)))
    return filled(Store.create(tmp_path / "i", made_settings(DIM)))


def unit(seed):
    vector = np.random.default_rng(seed).standard_normal(DIM).astype(np.float32)
    return vector / np.linalg.norm(vector)


def ids(hits):
    return [hit.id for hit in hits]


@pytest.mark.parametrize("protocol", [StoreReader, StoreWriter])
@pytest.mark.parametrize("kind", [Store, MemoryStore])
def test_both_have_every_method(protocol, kind):
    asked = {name for base in protocol.__mro__ for name in vars(base) if not name.startswith("_")}
    assert asked - set(dir(kind)) <= {"home", "settings", "version"}


def test_the_best_come_first_and_scores_are_cosines(store):
    rows = all_rows(store)
    embeddings = np.array([row["embedding"] for row in rows], dtype=np.float32)
    vector = unit(1)
    scores = embeddings @ vector
    order = np.argsort(-scores, kind="stable")[:12]
    hits = Index(store).search(like=[vector], k=12, overlap=None)
    assert ids(hits) == [rows[number]["id"] for number in order]
    assert [hit.score for hit in hits] == pytest.approx(scores[order].tolist(), abs=1e-6)
    assert hits[0].percentile > 99


@pytest.mark.parametrize("is_exact", [True, False])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"bbox": (-60, -40, 80, 50)},
        {"bbox": (150, -70, -150, 70)},
        {"polygon": shapely.Point(10, 10).buffer(60), "within": True},
        {"near": (0, 0), "radius_km": 4000},
        {"date": ("2004", "2011-06-30")},
        {"date": (None, "2005"), "bbox": (-100, -60, 100, 60)},
        {"source": ["*/000[1]*", "/scenes/000?.tif"]},
        {"where": 'gsd < 10 OR "row" > 600'},
        {"where": "geometry IS NULL"},
        {"bbox": (0, 0, 0.001, 0.001)},
        {"before": "2008", "after": "2010", "overlap": None},
    ],
)
def test_stores_find_the_same(lance, memory, options, is_exact):
    """Filters, changes and scores, whatever holds the chips."""
    found = [
        Index(store).search(like=[unit(2)], unlike=[Chip("00000007")], exact=is_exact, **options)
        for store in (lance, memory)
    ]
    assert ids(found[0]) == ids(found[1])
    assert [hit.score for hit in found[0]] == pytest.approx([hit.score for hit in found[1]])
    assert [hit.standing for hit in found[0]] == [hit.standing for hit in found[1]]
    thens = [[hit.then.id for hit in hits if hit.then] for hits in found]
    assert thens[0] == thens[1]


def test_pages_fit_together(store):
    index = Index(store)
    query = Query(like=[Vector(unit(3))])
    whole = ids(index.find(query, Where(bbox=(-170, -70, 170, 70)), Page(k=40)))
    parts = []
    for offset in (0, 15, 30):
        parts += ids(index.find(query, Where(bbox=(-170, -70, 170, 70)), Page(15, offset)))
    assert parts[:40] == whole
    assert len(set(whole)) == 40


def test_conditions_and_chips_that_are_none(store):
    index = Index(store)
    with pytest.raises(QueryError, match="the condition .*nonsense.* cannot be used"):
        index.search(like=[unit(1)], where="nonsense > 1")
    with pytest.raises(NotFoundError, match="there is no chip 'gone'"):
        index.search(like=[Chip("gone")])


def test_an_index_says_what_it_holds(store):
    info = Index(store).info()
    assert (info["chips"], info["sources"], info["problems"]) == (COUNT, 18, 0)
    assert info["search"] == EXACT
    assert info["bytes"] > 10_000
    assert -180 <= info["bounds"][0] < info["bounds"][2] <= 180


def test_rows_are_read_as_they_are_asked_for(store):
    rows = store.rows(["id", "source"], "source = '/scenes/0001.tif'")
    assert rows.schema.names == ["id", "source", ROW_ID]
    assert rows.num_rows == store.count("source = '/scenes/0001.tif'") == 40
    blocks = list(store.blocks(["id"]))
    assert sum(block.num_rows for block in blocks) == COUNT
    assert blocks[0].schema.names == ["id", ROW_ID]
    some = rows[ROW_ID].to_numpy()[[30, 2, 11]]
    assert store.take(some, ["id"])["id"].to_pylist() == rows["id"].take([30, 2, 11]).to_pylist()
    assert store.take(some, ["id"]).schema.names == ["id"]
    assert store.at([5, 9], ["id"])["id"].to_pylist() == ["00000005", "00000009"]
    assert store.chip_ids([SOURCES[1]]) == {SOURCES[1]: set(rows["id"].to_pylist())}
    assert store.chip_ids(["none"]) == {"none": set()}


def test_what_is_written_is_read_by_the_next_snapshot(writable):
    index = Index(writable)
    vector = unit(4)
    best = index.search(like=[vector], overlap=None)[0]
    writable.drop_sources([best.source])
    assert index.search(like=[vector], overlap=None)[0].id == best.id
    index.refresh()
    assert best.id not in ids(index.search(like=[vector], k=COUNT, overlap=None))
    assert set(writable.sources()) == set(SOURCES) - {best.source}
    left = all_chips(writable)
    source = left[0].source
    writable.drop_other_chips({source: "c"})
    assert writable.count() == len(left)
    writable.drop_other_chips({source: "other", SOURCES[-1]: "c"})
    assert writable.count(f"source = '{source}'") == 0
    assert writable.count() == len(left) - 40
    writable.put_sources([SourceRecord(source, 9, 9, "other")])
    assert writable.sources()[source].size == 9


def test_sources_come_in_blocks_too(writable, monkeypatch):
    monkeypatch.setattr(source_reads, "SOURCES_AT_ONCE", 2)
    writable.put_sources([SourceRecord(name, 9, 9, "c", bands="3,2,1") for name in SOURCES])
    blocks = list(writable.source_blocks())
    assert max(map(len, blocks)) == 2
    records = [record for block in blocks for record in block]
    assert sorted(record.source for record in records) == sorted(SOURCES)
    assert {record.source: record for record in records} == writable.sources()


def test_an_ann_index_is_kept_and_forgotten(writable):
    ann = make_ann(writable, None, least_recall=0.5)
    assert read_ann(writable) == ann
    exact = Index(writable).search(like=[unit(6)], exact=True, overlap=None)
    assert Index(writable).search(like=[unit(6)], overlap=None)[0].id == exact[0].id
    assert keep_quick(writable, None, force=True) == EXACT
    assert read_ann(writable) is None


def test_exports_are_the_same(lance, memory, tmp_path):
    files = []
    for name, store in (("lance", lance), ("memory", memory)):
        assert export_geoparquet(store, tmp_path / f"{name}.parquet") == COUNT
        files.append(tmp_path / f"{name}.parquet")
    for one, other in (files, files[::-1]):
        sql = f"SELECT count(*) FROM (FROM '{one}' EXCEPT ALL FROM '{other}')"
        assert duckdb.sql(sql).fetchall() == [(0,)]
