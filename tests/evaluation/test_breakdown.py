"""Recall by label and by term, by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harma.data.split import Split
from harma.evaluation.breakdown import by_label, by_term, label_names, recall_of, wilson
from harma.evaluation.retrieval import Embedded, summarize_embedded
from harma.metrics import captions_of


@pytest.fixture
def found():
    """Four images of two labels, two captions each; caption 1 finds image 1, caption 5 image 3."""
    captions = (
        "two ships",
        "a ship here",
        "a road",
        "roads",
        "a road far",
        "the road",
        "ship and road",
        "a field",
    )
    owners = np.repeat(np.arange(4), 2)
    split = Split(
        "test",
        tuple(Path(f"{i}.png") for i in range(4)),
        captions,
        owners,
        np.array([0, 0, 1, 1]),
        ("port", "street"),
    )
    images = np.eye(4, dtype=np.float32)
    of_caption = images[[0, 1, 1, 1, 2, 3, 3, 3]]
    names, text = np.unique(np.array(captions), return_inverse=True)
    texts = np.empty((8, 4), dtype=np.float32)
    texts[text] = of_caption
    embedded = Embedded(images, texts, tuple(names.tolist()), captions_of(owners, 4, text))
    return split, summarize_embedded(embedded, split)


def test_recall_by_label(found):
    split, evaluation = found
    port, street = by_label(evaluation, split)
    assert (port.label, street.label) == ("port", "street")
    assert port.t2i.at == (75, 100, 100)
    assert street.t2i.at == (75, 100, 100)
    assert (port.t2i.num_queries, port.t2i.num_images) == (4, 2)
    # Image 0: its caption 0 has cosine 1, all others 0. Image 1: three captions tie at 1, two of
    # them its own.
    assert port.i2t.at[0] == pytest.approx(100 * (1 + 2 / 3) / 2)
    assert by_label(evaluation, replace(split, labels=None)) == ()


def test_recall_by_term_merges_singular_and_plural_and_drops_rare_ones(found):
    split, evaluation = found
    terms = {recall.term: recall.t2i for recall in by_term(evaluation, split, min_images=2)}
    assert set(terms) == {"ship", "road"}
    assert (terms["ship"].num_queries, terms["ship"].num_images) == (3, 2)
    assert terms["ship"].at[0] == pytest.approx(200 / 3)
    assert (terms["road"].num_queries, terms["road"].num_images) == (5, 3)
    assert terms["road"].at[0] == pytest.approx(80)
    assert by_term(evaluation, split, min_images=4) == ()
    most = by_term(evaluation, split, min_images=2, most=1)
    assert [recall.term for recall in most] == ["road"], "the most frequent, not the best"
    assert [recall.term for recall in by_term(evaluation, split, min_images=3)] == ["road"]


def test_labels_without_a_name_have_their_number(found):
    split, _ = found
    numbered = replace(split, labels=np.array([0, 1, 2, -1]))
    assert label_names(numbered) == {-1: "-1", 0: "port", 1: "street", 2: "2"}
    assert label_names(replace(split, labels=None)) == {}


def test_intervals_count_images_and_stay_within_bounds():
    # Wilson's interval of 8 in 10, as tables give it.
    assert wilson(0.8, 10) == pytest.approx((0.4902, 0.9433), abs=1e-4)
    assert wilson(0.0, 0) == (0, 1)
    hits = np.ones((50, 3))
    few = recall_of(hits, np.arange(50) // 25)
    many = recall_of(hits, np.arange(50))
    assert few.intervals[0][0] < many.intervals[0][0] < few.intervals[0][1] == pytest.approx(100)
    assert np.isnan(recall_of(hits[:0], np.arange(0)).at[0])
    assert recall_of(hits[:0], np.arange(0)).intervals == ((0, 100),) * 3
