"""Examples for the report: which queries, what they found."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from harma.data.split import Split
from harma.evaluation.examples import (
    image_examples,
    images_having,
    text_examples,
    thumbnail,
    varied_queries,
)
from harma.evaluation.report import write_report
from harma.evaluation.retrieval import Embedded, summarize_embedded
from harma.metrics import captions_of


def test_examples_show_right_and_wrong(evaluation, split):
    examples = text_examples(evaluation, split)
    assert {example.rank < 2 for example in examples} == {True, False}
    for example in examples:
        assert [found.score for found in example.results] == sorted(
            (f.score for f in example.results), reverse=True
        )
        right = [place for place, found in enumerate(example.results, 1) if found.right]
        assert bool(right) == (example.rank <= 5)
        if right:
            assert abs(right[0] - example.rank) <= 0.5
        assert example.picture.startswith("data:image/jpeg;base64,")


def test_examples_of_images_name_all_own_captions_right(evaluation, split):
    for example in image_examples(evaluation, split, each=3):
        number = next(n for n, path in enumerate(split.images) if path.name == example.text)
        own = {
            split.captions[m]
            for m in range(split.num_captions)
            if split.caption_to_image[m] == number
        }
        assert all((found.text in own) == found.right for found in example.results)


def test_no_examples_without_embeddings(evaluation, split):
    assert text_examples(replace(evaluation, embedded=None), split) == []
    assert image_examples(replace(evaluation, embedded=None), split) == []


def test_an_image_with_the_same_caption_is_not_called_wrong(tmp_path):
    for i in range(2):
        Image.new("RGB", (20, 20), (90 * i, 0, 0)).save(tmp_path / f"{i}.png")
    one = Split(
        "test",
        tuple(tmp_path / f"{i}.png" for i in range(2)),
        ("a road", "a road"),
        np.arange(2),
        None,
        (),
    )
    embedded = Embedded(
        np.eye(2, dtype=np.float32),
        np.array([[0.2, 0.9]], dtype=np.float32),
        ("a road",),
        captions_of(np.arange(2), 2, np.zeros(2, dtype=int)),
    )
    found = summarize_embedded(embedded, one)
    example = next(e for e in text_examples(found, one, each=5) if e.picture == thumbnail(one, 0))
    assert [(f.text, f.right, f.same) for f in example.results] == [
        ("1.png", False, True),
        ("0.png", True, False),
    ]
    page = write_report(tmp_path, evaluation=found, split=one).read_text()
    assert "≈ same caption" in page
    assert "✗ wrong" not in page


@pytest.mark.parametrize("seed", range(5))
def test_queries_are_right_at_once_late_and_the_worst(seed):
    ranks = np.array([1.0, 1.5, 2.0, 10.0, 10.5, 40.0, 3.0, 90.0])
    chosen = varied_queries(ranks, seed, 2)
    assert set(chosen[:2]) == {0, 1}
    assert len(chosen[2:4]) == len(set(chosen[2:4]) & {2, 3, 6}) == 2
    assert chosen[4:] == [7, 5], "the worst first"
    assert varied_queries(np.array([5.0]), seed, 2) == [0]
    assert varied_queries(np.array([10.0]), seed, 2) == [0], "late, and not the worst too"


def test_images_that_have_the_words_of_a_caption(evaluation, split):
    embedded = evaluation.embedded
    captions = np.array(split.captions)
    for caption, words in enumerate(split.captions):
        having = set(split.caption_to_image[captions == words].tolist())
        assert images_having(embedded, caption) == having


def test_as_many_results_are_shown_as_asked_for(evaluation, split):
    for examples in (text_examples, image_examples):
        assert {len(example.results) for example in examples(evaluation, split, top=2)} == {2}
