"""The table of an evaluation."""

import io
from dataclasses import replace

from rich.console import Console

from harma.evaluation import metrics_table
from harma.evaluation.retrieval import with_baseline
from harma.evaluation.table import rows_of


def text_of(table):
    console = Console(width=140, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_the_table_shows_both_models_and_metrics_of_ones_own(evaluation):
    mine = replace(evaluation, metrics={**evaluation.metrics, "mine": 4.25})
    bare = replace(
        evaluation.without_adapters, metrics={**evaluation.without_adapters.metrics, "mine": 1.0}
    )
    text = text_of(metrics_table(replace(mine, without_adapters=bare)))
    assert "without adapters" in text
    assert "+3.25" in text
    assert "dup_i2t" not in text


def test_the_column_beside_is_named_by_the_evaluation(evaluation):
    bare = evaluation.without_adapters
    assert "without adapters" in text_of(metrics_table(evaluation))
    trained = with_baseline(evaluation, bare, "before training")
    assert "before training" in text_of(metrics_table(trained))
    assert "at first" in text_of(metrics_table(trained, baseline="at first"))
    alone = text_of(metrics_table(bare, title="Mine"))
    assert "difference" not in alone
    assert "without adapters" not in alone
    assert "Mine" in alone


def test_cells_are_baseline_model_difference_chance_ceiling(evaluation):
    key = "t2i_R@1"
    text = text_of(metrics_table(evaluation))
    cells = next(line for line in text.splitlines() if f" {key} " in line).split("│")[2:-1]
    value, bare = evaluation.metrics[key], evaluation.without_adapters.metrics[key]
    expected = [bare, value, value - bare, evaluation.chance[key], evaluation.ceilings[key]]
    assert [float(cell) for cell in cells] == [round(number, 2) for number in expected]


def test_our_metrics_come_first_and_those_of_identical_captions_are_their_mean():
    names = ["mine", "dup_i2t_R@1", "dup_mR", "mR", "i2t_R@1", "t2i_medr"]
    assert rows_of(names) == ["i2t_R@1", "mR", "dup_mR", "t2i_medr", "mine"]
