"""The page of a comparison."""

import re

from harma.comparison.compare import collect, write_outcome
from harma.comparison.report import _figures
from harma.comparison.runs import rate_runs


def page_of(plan):
    write_outcome(collect(plan))
    return (plan.output / "report.html").read_text()


def test_the_page_stands_alone_and_says_which_split_it_shows(finished):
    page = page_of(finished)
    assert not re.search(r"""(src|href)=["'](?!#|data:)""", page), "no request to elsewhere"
    assert not re.search(r"url\((?!#)|@import|<script", page)
    assert "a_b &amp; c" in page
    assert "Validation split." in page
    assert "Test split." not in page
    assert "2 runs failed" in page
    assert "killed by SIGKILL, probably out of memory" in page
    assert "arXiv 2308.12509" in page
    assert page.count('<svg role="img" aria-label="') == page.count("<svg") == 5
    assert not re.findall(r"<th(?! scope=)[ >]", page)
    assert "How seeds scatter is not in it" in page
    assert "that seed's luck" not in page, "every row has two"
    assert "prefers-color-scheme: dark" in page
    assert "<dt>runs</dt><dd>9 of 13 ended</dd>" in page
    assert "<dt>budget</dt><dd>3 epochs</dd>" in page


def test_the_best_mean_of_a_column_is_marked_and_the_chosen_rate(finished):
    page = page_of(finished)
    best = max(collect(finished).results[:3], key=lambda result: result.figures["val"]["mR"].mean)
    assert f'<td class="best">{best.figures["val"]["mR"].mean:.2f} ' in page
    rates = page[page.index("<h2>Learning rates</h2>") : page.index("<h2>Published</h2>")]
    assert len(re.findall(r'<td class="best">0\.01: \d', rates)) == 2
    assert len(re.findall(r"<td>0\.1: \d", rates)) == 2


def test_names_of_rows_are_words_everywhere(make, finish):
    """Not HTML, and no formula of matplotlib."""
    names = (r"$\frac$", "<script>x</script>", "_first [bold]", "x [/red]")
    plan = make({name: {"method": "harma"} for name in names}, learning_rates=[0.01])
    for row in plan.rows:
        finish(rate_runs(plan, row)[0])
    page = page_of(plan)
    assert "<script" not in page
    assert "<!-- $\\frac$ -->" in page
    assert "<!--  _first [bold] -->" in page, "in a legend"
    assert "that seed's luck" in page


def test_minutes_and_the_epochs_they_became_are_stated(make, finish):
    plan = make({"harma": None}, budget={"minutes": 2})
    assert "<dd>2 minutes of training each</dd>" in page_of(plan)


def test_a_comparison_without_any_run_can_be_shown(make):
    assert "waiting" in page_of(make({"none": None, "harma": None}))


def test_of_two_rows_one_is_the_best_and_of_one_row_none(finished):
    none, harma = collect(finished).results[:2]
    rows = _figures([none, harma], "val").rows
    best = max((none, harma), key=lambda result: result.figures["val"]["mR"].mean)
    assert [row.name for row in rows if row.cells["mR"].best] == [best.row.name]
    (alone,) = _figures([harma], "val").rows
    assert not any(cell.best for cell in alone.cells.values())
