"""The tables of a measured search: what is in them, and texts that look like markup."""

import io

from rich.console import Console
from tests.evaluation.judging.made import ahead, index_of

from harma.evaluation.judging import compared, evaluate_search, save_search, search_tables

SCORES = {f"c{rank:02d}": 0.9 - rank / 50 for rank in range(40)}


def shown(*arguments, width=120):
    console = Console(width=width, file=io.StringIO())
    for table in search_tables(*arguments):
        console.print(table)
    return " ".join(console.file.getvalue().split())


def test_figures_standings_and_queries(tmp_path):
    index = index_of(tmp_path / "index", SCORES)
    queries = [ahead("a [wet] road", {"c00": 1}), ahead("b", {"c03": 1})]
    evaluation = evaluate_search(index, queries, depth=20)
    said = shown(evaluation)
    assert "queries: 2, 0 of them expanded; judgments by chip: 2; to rank 20, exact." in said
    assert "mAP 62.50 [25.00, 100.00]" in said
    assert "MRR 62.50" in said
    assert "weak 40 2 2 5.00 [5.00, 5.00]" in said
    # The worst is what one wants to look at.
    assert said.index("b 1 25.00") < said.index("a [wet] road 1 100.00")
    assert "difference" not in said
    save_search(evaluation, tmp_path / "out")
    said = shown(evaluation, compared(evaluation, tmp_path / "out"))
    assert "mAP 62.50 [25.00, 100.00] 62.50 +0.00 [+0.00, +0.00]" in said


def test_intervals_stand_on_a_line_in_a_terminal_of_80_columns(tmp_path):
    index = index_of(tmp_path / "index", SCORES)
    evaluation = evaluate_search(index, [ahead("a", {"c00": 1}), ahead("b", {"c01": 1})])
    save_search(evaluation, tmp_path / "out")
    said = shown(evaluation, compared(evaluation, tmp_path / "out"), width=80)
    assert "R@100 100.00 [100.00, 100.00] 100.00" in said


def test_of_many_queries_the_worst_are_shown(tmp_path):
    index = index_of(tmp_path / "index", SCORES)
    queries = [ahead(f"query {rank:02d}", {f"c{rank:02d}": 1}) for rank in range(35)]
    said = shown(evaluate_search(index, queries, resamples=50))
    assert "the 30 of 35 with the lowest AP" in said
    assert "query 34" in said
    assert "query 04" not in said
    assert "query 05" in said


def test_an_index_of_few_chips_has_no_standings(tmp_path):
    index = index_of(tmp_path / "index", {"a": 0.5})
    said = shown(evaluate_search(index, [ahead("q", {"a": 1})]))
    assert "clear 0 0 0" in said
    assert "(too few chips) 1 1 1 100.00" in said
