"""Hardest negatives with their pictures."""

from dataclasses import replace

import pytest

from harma.evaluation.negatives import negatives
from harma.evaluation.wrong_answers import wrong_hits


def test_a_negative_has_both_images_and_how_they_like_the_caption(four, four_embedded):
    found = wrong_hits(four_embedded)
    first, second = negatives(found, four_embedded, four)
    assert (first.caption, first.own.name, first.wrong.name) == ("b", "1.png", "2.png")
    assert (first.own.label, first.wrong.label) == ("sea", "town")
    assert first.margin == pytest.approx(first.wrong.score - first.own.score)
    assert first.margin > second.margin
    assert first.wrong.caption == "c"
    assert first.wrong.picture.startswith("data:image/jpeg")
    # Image 0, wrong for d, has a and e, of which a is the more like d.
    assert (second.caption, second.wrong.name, second.wrong.caption) == ("d", "0.png", "a")
    assert len(negatives(found, four_embedded, four, 1)) == 1


def test_without_labels_there_are_none(four, four_embedded):
    wrong = wrong_hits(four_embedded)
    first = negatives(wrong, four_embedded, replace(four, labels=None))[0]
    assert (first.own.label, first.wrong.label) == ("", "")
