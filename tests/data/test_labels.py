"""Numbers and names of classes."""

import logging

import numpy as np
import pytest

from harma.data.labels import number_labels
from harma.data.rows import Annotation, RowPlace


def labelled(*labels):
    return [
        Annotation(RowPlace("t.json", f"row {i}"), f"{i}.png", ("x",), label=n, label_name=s)
        for i, (n, s) in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("given", "labels", "names"),
    [
        ([(3, "port"), (1, "lake"), (3, "port")], [3, 1, 3], ("", "lake", "", "port")),
        ([(None, "port"), (None, "lake")], [1, 0], ("lake", "port")),
        ([(0, "port"), (0, "lake")], [1, 0], ("lake", "port")),
        ([(0, "port"), (1, "port"), (2, "lake")], [1, 1, 0], ("lake", "port")),
        ([(0, "port"), (None, "lake")], [1, 0], ("lake", "port")),
        ([(2, None), (0, "port")], [2, 0], ("0", "1", "2")),
    ],
)
def test_numbering_labels(given, labels, names):
    numbers, found = number_labels(labelled(*given))
    assert (numbers.tolist(), found) == (labels, names)
    assert numbers.dtype == np.int64


def test_labels_of_some_images_are_none(caplog):
    with caplog.at_level(logging.WARNING, "harma"):
        assert number_labels(labelled((1, None), (None, "port"))) == (None, ())
    assert "only some images of t.json have labels: none are used" in caplog.text
    caplog.clear()
    assert number_labels(labelled((None, None))) == (None, ())
    assert number_labels([]) == (None, ())
    assert not caplog.records
