"""The confusion matrix and the maps as charts."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from harma.evaluation.embedding_charts import (
    FULLEST,
    MANY_POINTS,
    NUMBERED,
    SLANTED,
    Panel,
    _cells,
    _font_size,
    _name_labels,
    _scatter,
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


@pytest.mark.parametrize("num_labels", [NUMBERED, NUMBERED + 1])
def test_cells_of_few_labels_have_numbers(num_labels):
    counts = np.zeros((num_labels, num_labels), dtype=int)
    counts[0, 1] = 1234
    names = tuple(f"l{i}" for i in range(num_labels))
    chart = confusion_chart(Confusion(names, counts, np.full(num_labels, 9999)), "image", "caption")
    assert ("<!-- 1,234 -->" in chart) == (num_labels == NUMBERED)


@pytest.mark.parametrize(("num_labels", "rotation"), [(SLANTED, 45), (SLANTED + 1, 90)])
def test_many_names_stand_upright(num_labels, rotation):
    axes = Figure().subplots()
    names = tuple(f"l{i}" for i in range(num_labels))
    counts = np.zeros((num_labels, num_labels), dtype=int)
    _name_labels(axes, Confusion(names, counts, np.arange(num_labels)), 9)
    assert {label.get_rotation() for label in axes.get_xticklabels()} == {rotation}
    assert [label.get_text() for label in axes.get_yticklabels()][:2] == ["l0 (0)", "l1 (1)"]


def test_many_points_are_small_and_pale():
    axes = Figure().subplots()
    for count in (MANY_POINTS, MANY_POINTS + 1):
        _scatter(axes, np.zeros((count, 2), dtype=np.float32), "red", "o", "x")
    few, many = axes.collections
    assert (few.get_sizes().tolist(), few.get_alpha()) == ([18], 0.75)
    assert (many.get_sizes().tolist(), many.get_alpha()) == ([9], 0.4)
