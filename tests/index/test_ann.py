"""What is kept of an ANN index, and when it is made anew."""

from dataclasses import replace

import numpy as np
import pytest
from tests.index.made import make_store

from harma.errors import DataError
from harma.index import ann as anns
from harma.index.ann import Ann, forget_ann, pays, read_ann, write_ann, write_tried
from harma.index.ann_tuning import make_ann
from harma.index.index import Index
from harma.index.snapshot import Snapshot


@pytest.fixture
def store(tmp_path):
    """1,500 chips."""
    return make_store(tmp_path / "index", 1500, dim=16)


def test_it_is_made_anew_when_the_index_has_doubled(store, monkeypatch):
    monkeypatch.setattr(anns, "PAYS", 1000)
    ann = make_ann(store, None, least_recall=0.5)
    assert not pays(store)
    write_ann(store, replace(ann, num_chips=700))
    assert pays(store)
    store.write_tuning("")
    assert pays(store)


def test_a_damaged_file_is_named(store):
    make_ann(store, None, least_recall=0.5)
    store.write_tuning('{"kind": "IVF_RQ"}')
    with pytest.raises(DataError, match="search.json is damaged .* `harma index optimize`"):
        Index(store).search(like=[np.ones(16, dtype=np.float32)])


def test_what_was_made_is_kept_and_told(store):
    ann = Ann("IVF_RQ", 4, 20, 4, 1500, {"text": 0.995, "image": 1.0}, 12.4)
    write_ann(store, ann)
    assert read_ann(store) == ann
    assert str(ann) == (
        "IVF_RQ of 4 bits, 20 probes, refine 4; recall@10: text 0.995, image 1.000 at 12 ms,"
        " measured with 1,500 chips"
    )
    forget_ann(store)
    assert read_ann(store) is None


def test_a_recall_below_the_wanted_one_is_told():
    reached = Ann("IVF_RQ", 4, 20, 4, 1500, {"text": 0.99, "image": 1.0}, 12.4, 0.99)
    assert "below" not in str(reached)
    missed = replace(reached, recall={"text": 0.9896, "image": 1.0})
    assert str(missed).endswith("measured with 1,500 chips; recall 0.989, below 0.99")


def test_what_an_earlier_version_kept_is_read(store):
    store.write_tuning(
        '{"kind": "IVF_RQ", "num_bits": 4, "num_probes": 20, "refine": 4, "num_chips": 9,'
        ' "recall": {"text": 0.9}, "milliseconds": 3.0}'
    )
    assert "below" not in str(read_ann(store))


def test_it_pays_from_so_many_chips_on_and_again_when_they_have_doubled(store, monkeypatch):
    for least, expected in ((1501, False), (1500, True)):
        monkeypatch.setattr(anns, "PAYS", least)
        assert pays(store) is expected
    for kept, expected in ((751, False), (750, True)):
        write_ann(store, Ann("IVF_RQ", 4, 20, 4, kept, {}, 1.0))
        assert pays(store) is expected
    write_tried(store)
    assert not pays(store)
    assert read_ann(store) is None


@pytest.mark.parametrize("text", ["{", "[1]", '{"kind": "IVF_RQ"}'])
def test_what_is_damaged_is_said(store, text):
    store.write_tuning(text)
    with pytest.raises(DataError, match="search.json is damaged .* `harma index optimize`"):
        Snapshot(store).ann  # noqa: B018
