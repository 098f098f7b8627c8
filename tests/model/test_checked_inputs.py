"""Inputs of comparisons: texts, and embeddings in place of images."""

import numpy as np
import pytest

from harma.errors import ConfigError
from harma.model.checked_inputs import (
    _are_embeddings,
    check_distinct,
    check_texts,
    image_embeddings,
    normalized_rows,
)


def test_rows_get_length_one():
    rows = normalized_rows(np.array([[3, 4], [0, -2]], dtype=np.float32), "rows")
    assert rows == pytest.approx(np.array([[0.6, 0.8], [0, -1]]))


@pytest.mark.parametrize("bad", [0, np.nan, np.inf])
def test_the_first_unusable_row_is_named(bad):
    rows = np.ones((4, 2), dtype=np.float32)
    rows[2:] = bad
    with pytest.raises(ConfigError, match="row 2 of the classes is zero or not finite; embed it"):
        normalized_rows(rows, "classes")


def test_embeddings_of_any_precision_are_taken_as_they_are(known):
    given = np.array([[0, 2, 0], [0, 0, 1]])
    for dtype in (np.float16, np.float32, np.float64):
        embedded = image_embeddings(known, given.astype(dtype))
        assert embedded.dtype == np.float32
        assert embedded.tolist() == [[0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("texts", "message"),
    [
        ("sea", r"classes is 'sea'; give a list, such as \['sea'\]"),
        ([], "classes is empty; give one or more"),
        (["sea", "\t"], r"classes\[1\] is empty; write something, or leave it out"),
    ],
)
def test_texts_that_cannot_be_used(texts, message):
    with pytest.raises(ConfigError, match=message):
        check_texts(texts, "classes")


def test_twins_are_named_as_they_were_written():
    check_distinct(["a", "b"], "captions")
    with pytest.raises(ConfigError, match="captions holds 'b' and 'b', which are the same"):
        check_distinct(["a", "b", "b"], "captions")
    with pytest.raises(ConfigError, match="captions holds 'A_b' and 'a-b', which are the same"):
        check_distinct(["x", "a b", "a b"], "captions", written=["x", "A_b", "a-b"])


def test_a_float_array_of_two_axes_is_embeddings():
    assert _are_embeddings(np.zeros((2, 3), dtype=np.float16))
    assert not _are_embeddings(np.zeros((2, 3), dtype=np.uint8)), "a grey picture"
    assert not _are_embeddings(np.zeros((2, 3, 3)))
    assert not _are_embeddings([np.zeros((2, 3))])
