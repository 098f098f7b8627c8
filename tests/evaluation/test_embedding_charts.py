"""The confusion matrix and the maps as charts."""

import numpy as np
import pytest

from harma.evaluation.embedding_charts import (
    FULLEST,
    Panel,
    _cells,
    _font_size,
    confusion_chart,
    map_chart,
)
from harma.evaluation.embedding_map import pca_map
from harma.evaluation.wrong_answers import Confusion


def test_the_fullest_cell_is_the_largest_share_of_its_row():
    cells = _cells(Confusion(("a", "b"), np.array([[0, 3], [2, 0]]), np.array([30, 4])))
    assert cells[..., 3].tolist() == [[0, pytest.approx(FULLEST * 0.2)], [FULLEST, 0]]
    empty = _cells(Confusion(("a", "b"), np.zeros((2, 2), dtype=int), np.zeros(2, dtype=int)))
    assert (empty[..., 3] == 0).all()


def test_rows_name_the_label_and_its_queries():
    counts = np.array([[0, 3], [2, 0]])
    chart = confusion_chart(
        Confusion(("port", "sea"), counts, np.array([3000, 4])), "image", "caption"
    )
    assert "<!-- port (3,000) -->" in chart
    assert "<!-- label of the wrong caption ranked first -->" in chart
    assert "<!-- 3 -->" in chart
    assert confusion_chart(Confusion(("a",), counts[:1, :1], np.array([3])), "image", "x") == ""


def test_many_labels_have_small_letters():
    assert [_font_size(n) for n in (12, 13, 30, 31)] == [9, 8, 8, 6]


def test_maps_are_coloured_by_label_or_by_modality(evaluation, split):
    embedded = evaluation.embedded
    places = pca_map(embedded)
    panels = [Panel("one", places, by_label=False), Panel("two", places, by_label=True)]
    chart = map_chart(panels, embedded, split)
    assert 'aria-label="Maps of the embeddings: one, two"' in chart
    assert f"<!-- images ({split.num_images}) -->" in chart
    assert f"<!-- captions ({len(embedded.distinct)} distinct) -->" in chart
    for label in set(split.labels.tolist()):
        assert f"<!-- {split.label_names[label]} -->" in chart
