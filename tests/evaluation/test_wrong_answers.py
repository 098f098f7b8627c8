"""Wrong hits, confusion and hardest negatives, by hand."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harma.data.split import Split
from harma.evaluation import retrieval
from harma.evaluation import wrong_answers as wrong
from harma.evaluation.negatives import negatives
from harma.evaluation.retrieval import Embedded
from harma.evaluation.wrong_answers import Confusion, confusions, hardest, wrong_hits
from harma.metrics import captions_of

# Captions (rows) × images: what each caption's cosine with each image is.
SCORES = np.array(
    [
        [0.9, 0.1, 0.2, 0.3],  # of 0, right
        [0.2, 0.1, 0.8, 0.0],  # of 1, image 2 stands first by 0.7
        [0.5, 0.6, 0.4, 0.3],  # of 2, image 1 by 0.2
        [0.7, 0.0, 0.1, 0.2],  # of 3, image 0 by 0.5
        [0.6, 0.2, 0.1, 0.5],  # of 0 and, the same words, of 3
    ],
    dtype=np.float32,
)
CAPTIONS = ("a", "b", "c", "d", "e", "e")


@pytest.fixture
def split(tmp_path):
    for i in range(4):
        Image.new("RGB", (20, 20), (60 * i, 0, 0)).save(tmp_path / f"{i}.png")
    paths = tuple(Path(tmp_path / f"{i}.png") for i in range(4))
    return Split(
        "test",
        paths,
        CAPTIONS,
        np.array([0, 1, 2, 3, 0, 3]),
        np.array([0, 0, 2, 2]),
        ("sea", "sky", "town"),
    )


@pytest.fixture
def embedded(split):
    names, text = np.unique(np.array(CAPTIONS), return_inverse=True)
    return Embedded(
        np.eye(4, dtype=np.float32),
        SCORES,
        tuple(names.tolist()),
        captions_of(split.caption_to_image, 4, text),
    )


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


def test_hardest_negatives_show_an_image_once(embedded, split):
    found = wrong_hits(embedded)
    assert hardest(found, split) == [1, 3], "caption 2 has the images of caption 1"
    assert hardest(found, split, 1) == [1]
    first = negatives(found, embedded, split)[0]
    assert (first.caption, first.own.name, first.wrong.name) == ("b", "1.png", "2.png")
    assert (first.own.label, first.wrong.label) == ("sea", "town")
    assert first.margin == pytest.approx(first.wrong.score - first.own.score)
    assert first.wrong.caption == "c"
    assert first.wrong.picture.startswith("data:image/jpeg")
    assert negatives(found, embedded, replace(split, labels=None))[0].own.label == ""
