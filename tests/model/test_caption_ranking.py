"""Captions ranked for images, on a model whose embeddings are known."""

import numpy as np
import pytest

from harma.errors import ConfigError
from harma.model.caption_ranking import rank_captions


def test_captions_are_ranked_with_ties_in_the_lists_order(known, monkeypatch):
    captions = ["up", "left", "also left", "between"]
    images = np.array([[1, 0, 0], [0.1, 1, 0], [1, 0, 0]], dtype=np.float32)
    ranked = rank_captions(known, images, captions, k=3)
    assert ranked.order.tolist() == [[1, 2, 3], [0, 3, 1], [1, 2, 3]]
    assert ranked.cosines[0] == pytest.approx([1, 1, np.sqrt(0.5)])
    assert rank_captions(known, images, captions, k=99).order.shape == (3, 4)
    # An image at a time, also where its cosines alone are more than a block.
    for most in (5, 3):
        monkeypatch.setattr("harma.model.caption_ranking.BLOCK_COSINES", most)
        again = rank_captions(known, images, captions, k=3)
        assert (again.order == ranked.order).all()
        assert (again.cosines == ranked.cosines).all()


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.eye(3), {"captions": []}, "captions is empty"),
        (
            np.eye(3),
            {"captions": ["up", "left", "up"]},
            "captions holds 'up' and 'up', which are the same",
        ),
        (np.eye(3), {"captions": ["up"], "k": 0}, "k is 0; it must be 1 or more"),
        (np.eye(4), {"captions": ["up"]}, "have 4 numbers each, the model's have 3"),
        (
            np.zeros((2, 3)),
            {"captions": ["up"]},
            "row 0 of the image embeddings is zero or not finite",
        ),
        (
            np.array([[1, 0, 0], [np.nan, 0, 0]]),
            {"captions": ["up"]},
            "row 1 of the image embeddings is zero or not",
        ),
    ],
)
def test_captions_and_images_that_cannot_be_used(known, images, options, message):
    with pytest.raises(ConfigError, match=message):
        rank_captions(known, images, **options)


def test_records_have_captions_and_cosines_best_first(known):
    ranked = rank_captions(known, np.array([[0.6, 0.8, 0]]), ["up", "left", "between"], k=2)
    (scores,) = ranked.scores()
    assert [one.caption for one in scores] == ["between", "up"]
    assert [one.cosine for one in scores] == pytest.approx([1.4 / np.sqrt(2), 0.8])
