"""How an ANN index is chosen: by the recall that it reaches."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import all_chips, make_store

from harma.index import ann_tuning
from harma.index.ann import read_ann
from harma.index.ann_tuning import filter_of_a_part, make_ann, rungs, sampled_chips
from harma.index.contract import ROW_ID
from harma.index.index import Index
from harma.index.schema import embeddings_of
from harma.index.store import Store


@pytest.fixture
def store(tmp_path):
    """1,500 chips."""
    return make_store(tmp_path / "index", 1500, dim=16)


def measured(monkeypatch, recall_of, milliseconds=lambda probes, refine: 1.0):
    """Measurements that are known; gives the numbers of partitions that are tried.

    Args:
        recall_of: (partitions, refine) → kind of query → recall.
        milliseconds: (partitions, refine) → of a query.
    """
    tried = []

    def measure(self, num_probes, wanted=0.0):
        tried.append(num_probes)
        return {refine: recall_of(num_probes, refine) for refine in ann_tuning.REFINES}

    monkeypatch.setattr(ann_tuning.Probes, "measure", measure)
    monkeypatch.setattr(
        ann_tuning.Probes, "milliseconds", lambda self, probes, refine: milliseconds(probes, refine)
    )
    return tried


@pytest.fixture
def parted(monkeypatch):
    """All of an index is in 300 partitions."""
    monkeypatch.setattr(ann_tuning, "CHIPS_IN_PARTITION", 5)


def test_the_quickest_that_reaches_the_recall_is_taken(store, parted, monkeypatch):
    tried = measured(
        monkeypatch,
        lambda probes, refine: {
            "image": 0.97 if probes < 28 or refine < 4 else 0.995,
            "filtered": 0.995,
        },
        lambda probes, refine: probes + refine,
    )
    ann = make_ann(store, None)
    assert (ann.kind, ann.num_probes, ann.refine) == ("IVF_RQ", 30, 4)
    assert tried == [5, 10, 20, 40, 30, 25]
    assert ann.milliseconds == 34
    assert read_ann(store) == ann


def test_where_fewer_partitions_are_no_quicker_the_rung_stays(store, parted, monkeypatch):
    """Few partitions with many candidates each may take longer than more with few."""
    measured(
        monkeypatch,
        lambda probes, refine: {"image": 0.995 if probes * refine >= 80 else 0.5},
        lambda probes, refine: 100 * refine + probes,
    )
    ann = make_ann(store, None)
    assert (ann.num_probes, ann.refine) == (5, 16), "the first rung that does"
    measured(
        monkeypatch,
        lambda probes, refine: {"image": 0.995 if probes > 8 and probes * refine >= 80 else 0.5},
        lambda probes, refine: 100 * refine + probes,
    )
    ann = make_ann(store, None)
    assert (ann.num_probes, ann.refine) == (10, 8)


def test_the_worst_kind_of_query_decides_and_then_search_stays_exact(store, monkeypatch):
    measured(monkeypatch, lambda probes, refine: {"text": 0.5, "image": 1.0})
    assert make_ann(store, None) is None
    assert read_ann(store) is None
    assert store.num_unindexed() == 0
    assert len(Index(store).search(like=[np.ones(16, dtype=np.float32)])) == 10


@pytest.mark.parametrize(
    ("num_partitions", "expected"),
    [
        (1, [1]),
        (5, [5]),
        (6, [5, 6]),
        (244, [5, 10, 20, 40, 80, 160, 244]),
        (244_141, [5 * 2**power for power in range(16)] + [244_141]),
    ],
)
def test_the_ladder_ends_where_all_partitions_are_looked_into(num_partitions, expected):
    assert list(rungs(num_partitions)) == expected
    assert next(rungs(num_partitions, 7)) == min(7, num_partitions)


def made_recalls(monkeypatch, recalls, made):
    """Measurements that are known: kind → recall by probes; `made` gets the kinds that are made."""
    original = Store.create_ann
    measured(monkeypatch, lambda probes, refine: {"text": recalls[made[-1]](probes), "image": 1.0})

    def create(self, kind, *further, **how):
        made.append(kind)
        original(self, kind, *further, **how)

    monkeypatch.setattr(Store, "create_ann", create)


@pytest.mark.parametrize(
    ("flat", "kind", "made"),
    [(0.975, "IVF_FLAT", 2), (0.95, "IVF_RQ", 3)],
)
def test_what_comes_nearest_is_kept_and_says_so(store, parted, monkeypatch, flat, kind, made):
    kinds = []
    recalls = {"IVF_RQ": lambda probes: 0.97 if probes >= 40 else 0.5, "IVF_FLAT": lambda _: flat}
    made_recalls(monkeypatch, recalls, kinds)
    ann = make_ann(store, None)
    assert (ann.kind, len(kinds)) == (kind, made)
    assert kinds[-1] == kind, "the kept one is the one that is there"
    assert ann.num_probes == (40 if kind == "IVF_RQ" else 5), "the quickest of the best"
    assert ann.refine == 2
    assert str(ann).endswith(f"; recall {max(0.97, flat)}, below 0.99")
    assert read_ann(store) == ann
    assert store.num_unindexed() == 0
    assert Index(store).info()["search"] == str(ann)


def test_what_is_slower_than_comparing_all_is_not_taken(store, parted, monkeypatch):
    monkeypatch.setattr(ann_tuning.Probes, "is_slow", lambda self, num_probes: num_probes > 20)
    made_recalls(
        monkeypatch, dict.fromkeys(["IVF_RQ", "IVF_FLAT"], lambda probes: 0.9 + probes / 1000), []
    )
    assert make_ann(store, None).num_probes == 20
    monkeypatch.setattr(ann_tuning.Probes, "is_slow", lambda self, num_probes: True)
    assert make_ann(store, None) is None
    assert read_ann(store) is None


def test_times_are_compared_where_there_are_many_chips(store, monkeypatch):
    probes = ann_tuning.Probes(store, None)
    store.create_ann("IVF_FLAT", 16)
    probes.exact_milliseconds = 0.0
    assert not probes.is_slow(1), "of few chips nothing is timed"
    monkeypatch.setattr(ann_tuning, "PAYS", 1000)
    assert probes.is_slow(1)
    probes.exact_milliseconds = 1e6
    assert not probes.is_slow(1)
    del probes.exact_milliseconds
    assert probes.exact_milliseconds > 0


def test_many_partitions_need_more_probes_than_the_first_rungs(store, parted):
    """300 partitions of five chips each: a rung is a share of them, the last one all."""
    ann = make_ann(store, None, least_recall=0.995)
    assert 16 <= ann.num_probes <= 300
    probes = ann_tuning.Probes(store, None)
    assert probes.measure(2)[8]["image"] < 0.8
    assert probes.measure(300)[8]["image"] > 0.99


def test_more_candidates_find_more(store):
    probes = ann_tuning.Probes(store, None)
    store.create_ann("IVF_RQ", 1)
    recalls = [recall["image"] for recall in probes.measure(300).values()]
    assert recalls == sorted(recalls)
    assert recalls[0] < 0.9 < recalls[-1]


def test_where_a_recall_is_out_of_reach_few_queries_are_asked(store, parted, monkeypatch):
    probes = ann_tuning.Probes(store, None)
    store.create_ann("IVF_RQ", 4, 300)
    asked = []
    original = Store.nearest

    def nearest(self, vector, k, **how):
        asked.append(k)
        return original(self, vector, k, **how)

    monkeypatch.setattr(Store, "nearest", nearest)
    probes.measure(2, 0.99)
    assert len(asked) == 2 * ann_tuning.LOOKED_AT
    probes.measure(300, 0.99)
    assert len(asked) == 4 * ann_tuning.LOOKED_AT + 64 + 32
    assert set(asked) == {11 * 32}


def test_recall_is_measured_on_texts_images_and_with_a_filter(store):
    texts = np.random.default_rng(0).standard_normal((5, 16)).astype(np.float32)
    ann = make_ann(store, texts / np.linalg.norm(texts, axis=1, keepdims=True), least_recall=0.5)
    assert set(ann.recall) == {"text", "image", "filtered"}
    assert all(0.5 <= value <= 1 for value in ann.recall.values())


def test_a_bad_index_is_seen_in_its_recall(store):
    probes = ann_tuning.Probes(store, None)
    store.create_ann("IVF_RQ", 1)
    good = probes.measure(100)[32]
    assert good["image"] > 0.99
    probes.probes = [
        replace(probe, best=(-1 - probe.best[0], probe.best[1])) for probe in probes.probes
    ]
    bad = probes.measure(100)[32]
    assert bad["image"] == 0


def test_embeddings_of_any_length_are_indexed(tmp_path):
    store = make_store(tmp_path / "odd", 600, dim=30)
    assert make_ann(store, None, least_recall=0.5).kind == "IVF_FLAT"


def test_the_filter_of_the_measurement_admits_a_twentieth(store):
    where = filter_of_a_part(store)
    assert where.startswith("xmin >= ")
    assert 0.03 < store.count(where) / store.count() < 0.07


def test_without_places_some_sources_are_the_filter(tmp_path):
    store = make_store(tmp_path / "odd", 20)
    chips = [replace(chip, xmin=None) for chip in all_chips(store)]
    store.drop_sources(["/scenes/0000.tif"])
    vectors = np.ones((20, 32), dtype=np.float32)
    store.add_chips(
        [replace(chip, source=f"it's {i:02d}") for i, chip in enumerate(chips)], vectors
    )
    assert filter_of_a_part(store) == "source >= 'it''s 09' AND source <= 'it''s 09'"


def test_samples_come_from_all_over_the_index_and_are_the_same_each_time(store):
    ids = sampled_chips(store, ["id"], 30)["id"].to_pylist()
    assert ids == sampled_chips(store, ["id"], 30)["id"].to_pylist()
    assert len(set(ids)) == 30
    assert int(max(ids)) > 1200
    assert sampled_chips(store, ["id"], 5000).num_rows == 1500


def test_the_truth_is_the_ten_best_without_the_query_itself(store):
    """By brute force, with and without the filter; a recall counts only these."""
    text = np.eye(16, dtype=np.float32)[:1]
    probes = ann_tuning.Probes(store, text).probes
    assert len(probes) == 65 + 33, "with a filter half of them"
    table = store.rows(["embedding"])
    embeddings, row_ids = embeddings_of(table), table[ROW_ID].to_numpy()
    for probe in probes[:5]:
        order = row_ids[np.argsort(-(embeddings @ probe.vector), kind="stable")]
        expected = [row_id for row_id in order.tolist() if row_id != probe.row_id][:10]
        assert probe.truth == set(expected)
        assert probe.recall([probe.row_id, *expected], None) == 1.0
        assert probe.recall(expected[:4], None) == 0.4
    assert [probe.kind for probe in probes[:2]] == ["text", "image"]
    assert {probe.kind for probe in probes[65:]} == {"filtered"}
    assert all(probe.row_id not in probe.truth for probe in probes)
    assert {len(probe.truth) for probe in probes} == {10}


def test_recall_of_a_sample_is_about_that_of_all(store):
    """Of a poor index, and of a good one: the mean over 64 queries differs by little."""
    store.create_ann("IVF_FLAT", 16, 30)
    whole = ann_tuning.Probes(store, None)
    part = ann_tuning.Probes(store, None, 500)
    shares = {probe.share for probe in part.probes if not probe.where}
    assert shares == {500 / 1500}
    assert {probe.share for probe in part.probes if probe.where} == {1.0}
    for num_probes in (1, 3, 30):
        of_all = whole.measure(num_probes)[8]["image"]
        estimated = part.measure(num_probes)[8]["image"]
        assert estimated == pytest.approx(of_all, abs=0.06), num_probes
    assert estimated == 1.0


def test_a_sample_is_from_all_over_the_table():
    offsets = ann_tuning.spread_offsets(10_000, 100)
    assert len(offsets) == 100
    assert np.histogram(offsets, bins=10, range=(0, 10_000))[0].tolist() == [10] * 10
    assert ann_tuning.spread_offsets(5, 5).tolist() == sorted(set(range(5)))


def test_what_was_extended_looks_into_more_where_it_must(store, parted, monkeypatch):
    tried = measured(monkeypatch, lambda probes, refine: {"image": 0.95 if probes < 40 else 0.995})
    ann = replace(make_ann(store, None), num_probes=10, refine=2, num_chips=1000)
    made = []
    monkeypatch.setattr(Store, "create_ann", lambda self, *kind, **how: made.append(kind))
    tried.clear()
    again = ann_tuning.tuned_again(store, None, ann)
    assert (again.num_probes, again.refine) == (40, 2)
    assert tried == [10, 20, 40, 30, 35]
    assert (again.num_chips, again.num_measured) == (1000, 1500)
    assert read_ann(store) == again
    assert "measured with 1,500 chips" in str(again)
    assert not made


def test_what_was_extended_and_finds_too_little_is_made_anew(store, monkeypatch):
    ann = replace(make_ann(store, None), num_probes=10, num_partitions=160)
    made = []
    original = Store.create_ann

    def create(self, kind, *further, **how):
        made.append(kind)
        original(self, kind, *further, **how)

    monkeypatch.setattr(Store, "create_ann", create)
    measured(monkeypatch, lambda probes, refine: {"image": 0.995 if made else 0.5})
    again = ann_tuning.tuned_again(store, None, ann)
    assert (again.num_chips, again.num_measured) == (1500, 0)
    assert again.worst_recall == 0.995


@pytest.mark.parametrize(
    ("count", "num_partitions"),
    [(9, 1), (1 << 20, 256), ((1 << 20) + 1, 256), (4 << 20, 512), (100 << 20, 2560)],
)
def test_partitions_grow_slowly_where_there_are_many(store, monkeypatch, count, num_partitions):
    monkeypatch.setattr(Store, "count", lambda self: count)
    assert ann_tuning.num_partitions_of(store) == num_partitions
