"""The tables of a comparison for a paper: LaTeX with booktabs."""

import re
from collections.abc import Sequence

from harma.comparison.published import PublishedRow, published_note
from harma.comparison.results import FIGURES, Result, Spread
from harma.comparison.tables import (
    COST_COLUMNS,
    SETTING_COLUMNS,
    SPLIT_TITLES,
    cost_cells,
    missing_figures,
    setting_cells,
)

SPECIAL = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    # The end of a row would take the first three, at the start of the next one, for its options.
    "[": "{[}",
    "]": "{]}",
    "*": "{*}",
    "|": r"\textbar{}",
}


def escape(text: str) -> str:
    """Text as LaTeX shows it, on one line."""
    shown = "".join(SPECIAL.get(letter, letter) for letter in " ".join(text.split()))
    return re.sub("(?<=-)-", "{}-", shown)  # two hyphens would become a dash


def latex_table(
    results: Sequence[Result], split: str, published: Sequence[PublishedRow] = ()
) -> str:
    """The figures of a split: means, standard deviations, the best mean of each column bold.

    Args:
        results: the rows.
        split: shown.
        published: rows below, marked as published.
    """
    best = _best_means(results, split)
    lines = [
        f"% {SPLIT_TITLES[split]}, percent. Needs \\usepackage{{booktabs}}.",
        r"\begin{tabular}{l" + "r" * (len(FIGURES) + 1) + "}",
        r"\toprule",
        r" & & \multicolumn{3}{c}{image to text} & \multicolumn{3}{c}{text to image} & & \\",
        r"\cmidrule(lr){3-5}\cmidrule(lr){6-8}",
        r"method & trained & R@1 & R@5 & R@10 & R@1 & R@5 & R@10 & mR & dup.\ mR \\",
        r"\midrule",
    ]
    lines += [_line(result, split, best) for result in results]
    if published:
        # Below a line of their own, so that nobody takes them for measured here.
        heading = r"\emph{Published, test split, not measured here}"
        lines.append(r"\midrule")
        lines.append(rf"\multicolumn{{{len(FIGURES) + 2}}}{{l}}{{{heading}}} \\")
        lines += [_published_line(row) for row in published]
        lines.append(f"% {published_note()}")
    lines += [r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join(lines)


def latex_cost_table(results: Sequence[Result]) -> str:
    """What trains, and what it takes.

    Args:
        results: the rows.
    """
    columns = [*SETTING_COLUMNS, *COST_COLUMNS]
    lines = [
        "% What trains, and what it takes. Needs \\usepackage{booktabs}.",
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\toprule",
        _joined(["method", *columns]),
        r"\midrule",
    ]
    for result in results:
        cells = {**setting_cells(result), **cost_cells(result)}
        lines.append(_joined([result.row.name, *cells.values()]))
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _joined(cells: Sequence[str]) -> str:
    """A line of cells as words."""
    return " & ".join(escape(cell) for cell in cells) + r" \\"


def _best_means(results: Sequence[Result], split: str) -> dict[str, float]:
    """The highest mean of each column; {} where there is one row, which is not the best of any."""
    shown = [result for result in results if split in result.figures]
    if len(shown) < 2:
        return {}
    best = {}
    for key in FIGURES:
        best[key] = max(_mean(result, split, key) for result in shown)
    return best


def _mean(result: Result, split: str, key: str) -> float:
    """As it is printed, so that what looks the same is bold the same."""
    return round(result.figures[split][key].mean, 2)


def _line(result: Result, split: str, best: dict[str, float]) -> str:
    # Thin spaces between thousands: a comma would be a decimal point to some readers.
    trained = ""
    if result.cost:
        trained = f"{result.cost.trained:,}".replace(",", r"\,")
    figures = result.figures.get(split)
    if figures is None:
        cells = [escape(missing_figures(result, split)), *[""] * (len(FIGURES) - 1)]
    else:
        bold = {key: _mean(result, split, key) == best.get(key) for key in FIGURES}
        cells = [_cell(figures[key], bold=bold[key]) for key in FIGURES]
    return " & ".join([escape(result.row.name), trained, *cells]) + r" \\"


def _cell(value: Spread, *, bold: bool) -> str:
    # Two digits, as the field prints them.
    mean = f"{value.mean:.2f}"
    if bold:
        mean = rf"\textbf{{{mean}}}"
    if value.deviation is None:
        return mean
    return rf"{mean} {{\scriptsize $\pm$ {value.deviation:.2f}}}"


def _published_line(row: PublishedRow) -> str:
    # Some sources print mR alone.
    recalls = [f"{value:.2f}" for value in row.recalls] or [""] * 6
    cells = [escape(row.method), escape(row.trained), *recalls, f"{row.mean_recall:.2f}", ""]
    return " & ".join(cells) + rf" \\ % {row.source}"
