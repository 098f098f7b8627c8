"""Metrics of the user's own."""

import numpy as np
import pytest

from harma.errors import ConfigError
from harma.evaluation import evaluate
from harma.evaluation.retrieval import embed_split
from harma.evaluation.user_metrics import compute_metrics, find_metrics


def mean_cosine(images, captions, caption_to_image):
    """A metric of one's own: a number."""
    return float((images[caption_to_image] * captions).sum(axis=1).mean())


def two_figures(images, captions, caption_to_image):
    """A metric of one's own: several numbers."""
    return {"first": 1.0, "second": np.float32(2.0)}


def test_own_metrics_stand_beside_ours(split, model):
    model = model[0]
    functions = find_metrics([f"{__name__}.mean_cosine", f"{__name__}.two_figures"])
    metrics = evaluate(model, split, metrics=functions).metrics
    assert -1 <= metrics["mean_cosine"] <= 1
    assert (metrics["first"], metrics["second"]) == (1.0, 2.0)
    embedded = embed_split(model, split)
    expected = mean_cosine(
        embedded.images, model.embed_texts(split.captions), split.caption_to_image
    )
    assert metrics["mean_cosine"] == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda *_: "good", "the metric mine returned 'good' for mine; it must return a number"),
        (lambda *_: {"mR": 1.0}, "the metric mine returned mR, a name that is in use"),
        (lambda *_: True, "returned True"),
    ],
)
def test_own_metrics_that_return_something_else(function, message):
    empty = np.empty((0, 2), dtype=np.float32)
    with pytest.raises(ConfigError, match=message):
        compute_metrics({"mine": function}, empty, empty, np.empty(0, dtype=np.int64), {"mR": 3.0})


def test_own_metrics_that_cannot_be_found():
    with pytest.raises(
        ConfigError, match=r"train\.metrics is 'nowhere\.at_all', which cannot be imported"
    ):
        find_metrics(["nowhere.at_all"])
    with pytest.raises(ConfigError, match="names two functions called mean_cosine"):
        find_metrics([f"{__name__}.mean_cosine"] * 2)


def test_two_functions_may_not_return_one_name():
    empty = np.empty((0, 2), dtype=np.float32)
    functions = {"one": lambda *_: {"x": 1.0}, "two": lambda *_: {"x": 2.0}}
    with pytest.raises(ConfigError, match="the metric two returned x, a name that is in use"):
        compute_metrics(functions, empty, empty, np.empty(0, dtype=np.int64), {})
