"""Wrong hits, confusion and hardest negatives, by hand."""

from dataclasses import replace

import numpy as np
import pytest

from harma.evaluation import retrieval
from harma.evaluation import wrong_answers as wrong
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong_answers import Confusion, confusions, hardest, wrong_hits
from harma.metrics import captions_of


@pytest.fixture
def split(four):
    return four


@pytest.fixture
def embedded(four_embedded):
    return four_embedded


@pytest.mark.parametrize("block", [retrieval.BLOCK_ELEMENTS, 5])
def test_the_best_wrong_result_of_each_query(embedded, monkeypatch, block):
    monkeypatch.setattr(wrong, "BLOCK_ELEMENTS", block)
    found = wrong_hits(embedded)
    # "e" is of images 0 and 3, so neither is wrong for it.
    assert found.image.tolist() == [3, 2, 1, 0, 1, 1]
    assert found.t2i_margin == pytest.approx([-0.6, 0.7, 0.2, 0.5, -0.4, -0.3], abs=1e-6)
    # Image 0 has a and e: best wrong is d. Image 3 has d and e: best own e with 0.5, best wrong a
    # or c with 0.3.
    assert found.text.tolist() == [3, 2, 1, 0]
    assert found.i2t_margin == pytest.approx([-0.2, 0.5, 0.4, -0.2], abs=1e-6)


def test_nothing_is_wrong_where_all_images_have_the_caption():
    same = Embedded(
        np.eye(2, dtype=np.float32),
        np.ones((1, 2), dtype=np.float32),
        ("x",),
        captions_of(np.array([0, 1]), 2, np.array([0, 0])),
    )
    found = wrong_hits(same)
    assert found.image.tolist() == [-1, -1]
    assert (found.t2i_margin == -np.inf).all()


def test_confusion_of_labels(embedded, split):
    matrix, back = confusions(wrong_hits(embedded), embedded, split)
    assert matrix.names == ("sea", "town"), "no image has the label sky"
    # b: sea, image 2 is town. c: town, image 1 is sea. d: town, image 0 is sea.
    assert matrix.counts.tolist() == [[0, 1], [2, 0]]
    assert matrix.queries.tolist() == [3, 3]
    assert matrix.most() == [("town", "sea", 2, 3), ("sea", "town", 1, 3)]
    # Image 1, sea, finds c of image 2, town, before its own b; image 2 finds b before c.
    assert back.counts.tolist() == [[0, 1], [1, 0]]
    assert back.queries.tolist() == [2, 2]
    assert confusions(wrong_hits(embedded), embedded, replace(split, labels=None)) is None


def test_the_labels_mixed_up_most_keep_their_order_and_their_queries():
    counts = np.array([[9, 0, 1, 0], [0, 0, 5, 0], [2, 0, 0, 0], [0, 0, 0, 50]])
    part = Confusion(("a", "b", "c", "d"), counts, np.array([10, 6, 2, 60])).most_confused(2)
    assert part.names == ("b", "c"), "c has 8, b 5, a 3; what stays within a label is no mix-up"
    assert part.counts.tolist() == [[0, 5], [0, 0]]
    assert part.queries.tolist() == [6, 2]


def test_the_hardest_are_those_of_the_largest_margin_each_image_once(embedded, split):
    found = wrong_hits(embedded)
    assert hardest(found, split) == [1, 3], "caption 2 has the images of caption 1"
    assert hardest(found, split, 1) == [1]
    level = replace(found, t2i_margin=np.minimum(found.t2i_margin, 0))
    assert hardest(level, split) == [], "a wrong image that is as near does not stand before"


def test_the_most_frequent_mix_ups_are_counted_off():
    counts = np.array([[9, 2, 1], [0, 0, 5], [2, 0, 0]])
    matrix = Confusion(("a", "b", "c"), counts, np.array([12, 6, 3]))
    expected = [("b", "c", 5, 6), ("a", "b", 2, 12), ("c", "a", 2, 3), ("a", "c", 1, 12)]
    assert matrix.most() == expected
    assert matrix.most(2) == expected[:2]
