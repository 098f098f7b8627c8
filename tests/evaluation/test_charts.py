"""Charts of recall and of training."""

import re
from dataclasses import replace

import numpy as np
import pytest

from harma.evaluation.breakdown import LabelRecall, TermRecall, by_label, recall_of
from harma.evaluation.charts import curves, label_chart, most_images, term_chart


def test_the_labels_of_most_images_are_kept_in_order(evaluation, split):
    labels = np.array([0, 1, 1, 2, 3, 3, 4, 5, 5, 5, 6, 7])
    recalls = by_label(evaluation, replace(split, labels=labels, label_names=tuple("abcdefgh")))
    assert [recall.label for recall in most_images(recalls, 4)] == ["a", "b", "d", "f"]
    many = recalls * 10
    assert len(most_images(many)) == 60
    assert "<svg" in label_chart(most_images(many))


def recall(share, count):
    hits = np.full((count, 3), share)
    return recall_of(hits, np.arange(count))


def test_charts_say_what_they_show_and_name_their_rows():
    chart = label_chart([LabelRecall("port", recall(0.5, 1200), recall(0.2, 0))])
    assert 'aria-label="Recall at 10 of 1 labels, both directions' in chart
    assert "<!-- port (1,200) -->" in chart
    chart = term_chart([TermRecall("ship", recall(0.5, 30))], 41.27)
    assert "<!-- ship (30 of 30) -->" in chart
    assert "<!-- all captions, 41.3 -->" in chart


def test_nothing_to_show_is_no_chart():
    assert label_chart([]) == term_chart([], 1.0) == curves([]) == ""


@pytest.mark.parametrize("validations", [0, 2])
def test_curves_are_of_steps_and_validations(validations):
    events = [{"event": "step", "step": i, "loss": 1 / i} for i in range(1, 5)]
    for epoch in range(validations):
        events.append({"event": "validation", "epoch": epoch, "mR": 1.0, "dup_mR": 2.0})
    chart = curves(events)
    assert "<!-- Training loss -->" in chart
    assert len(re.findall(r"<!-- (dup_)?mR -->", chart)) == validations, "both in the legend"
