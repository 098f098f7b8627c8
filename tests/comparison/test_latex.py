"""Tables in LaTeX: columns, escapes, what is bold."""

import re

from harma.comparison.compare import collect
from harma.comparison.latex import escape, latex_cost_table, latex_table
from harma.comparison.published import published_rows


def columns(text):
    """How many columns each line has that is not a heading of several."""
    lines = [line for line in text.splitlines() if r" \\" in line and "multicolumn" not in line]
    return [len(re.split(r"(?<!\\)&", line)) for line in lines]


def test_the_costs_of_a_row(finished):
    text = latex_cost_table(collect(finished).results)
    assert (
        r"method & lr & seeds & trained & share \% & s per epoch & s to best & peak MB & saved MB"
        in text
    )
    assert r"a\_b \& c & 0.01 & 2/2 & 4,000 & 4.00 & 15 & 45 & 500 & 0.002" in text
    assert set(columns(text)) == {13}
    assert "{l" + "r" * 12 + "}" in text


def test_nothing_at_the_start_of_a_row_is_taken_for_an_option():
    assert escape("[a] *b*") == "{[}a{]} {*}b{*}"
    assert escape("a---b|c\nd") == r"a-{}-{}-b\textbar{}c d"
    assert escape("100% of $x_1^2$ #{~\\}") == (
        r"100\% of \$x\_1\textasciicircum{}2\$ \#\{\textasciitilde{}\textbackslash{}\}"
    )


def test_names_are_escaped_and_the_best_mean_is_bold(finished):
    outcome = collect(finished)
    text = latex_table(outcome.results, "val", published_rows("rsitmd"))
    assert r"a\_b \& c & 4\,000 & " in text
    best = max(outcome.results[:3], key=lambda result: result.figures["val"]["mR"].mean)
    line = next(line for line in text.splitlines() if line.startswith(escape(best.row.name)))
    value = best.figures["val"]["mR"]
    deviation = rf"{{\scriptsize $\pm$ {value.deviation:.2f}}}"
    assert rf"\textbf{{{value.mean:.2f}}} {deviation}" in line
    worst = next(line for line in text.splitlines() if line.startswith("none"))
    assert "textbf" not in worst
    assert "failed" in text
    assert "waiting" in text
    assert "textbf" not in latex_table(outcome.results[1:2], "val"), "of one row none is the best"
    # Of two one is, or both in a column where both are printed alike.
    assert latex_table(outcome.results[:2], "val").count("textbf") >= 7


def test_every_line_has_the_same_columns(finished):
    text = latex_table(collect(finished).results, "val", published_rows("rsitmd"))
    assert columns(text) == [10] * (1 + 5 + 14)
    assert "{l" + "r" * 9 + "}" in text
    assert r"\toprule" in text
    assert r"\multicolumn{10}{l}{\emph{Published, test split, not measured here}}" in text
