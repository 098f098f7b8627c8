"""The tables of a comparison for a paper: LaTeX with booktabs."""

import re
from collections.abc import Sequence

from harma.comparison.published import PublishedRow, published_note
from harma.comparison.rows import FIGURES, Result, Spread
from harma.comparison.tables import COST, SETTING, SPLITS, missing_figures

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
    shown = [result for result in results if split in result.figures]
    best = (
        {key: max(_mean(r, split, key) for r in shown) for key in FIGURES} if len(shown) > 1 else {}
    )
    lines = [
        f"% {SPLITS[split]}, percent. Needs \\usepackage{{booktabs}}.",
        r"\begin{tabular}{l" + "r" * (len(FIGURES) + 1) + "}",
        r"\toprule",
        r" & & \multicolumn{3}{c}{image to text} & \multicolumn{3}{c}{text to image} & & \\",
        r"\cmidrule(lr){3-5}\cmidrule(lr){6-8}",
        r"method & trained & R@1 & R@5 & R@10 & R@1 & R@5 & R@10 & mR & dup.\ mR \\",
        r"\midrule",
    ]
    lines += [_line(result, split, best) for result in results]
    if published:
        width = len(FIGURES) + 2
        lines += [
            r"\midrule",
            (
                rf"\multicolumn{{{width}}}{{l}}{{\emph{{Published, test split, not measured"
                r" here}} \\"
            ),
        ]
        lines += [_published_line(row) for row in published]
        lines += [rf"% {published_note()}"]
    lines += [r"\bottomrule", r"\end{tabular}", ""]
    return "\n".join(lines)


def latex_cost_table(results: Sequence[Result]) -> str:
    """What trains, and what it takes.

    Args:
        results: the rows.
    """
    columns = {**SETTING, **COST}
    lines = [
        "% What trains, and what it takes. Needs \\usepackage{booktabs}.",
        r"\begin{tabular}{l" + "r" * len(columns) + "}",
        r"\toprule",
        " & ".join(["method", *(escape(name) for name in columns)]) + r" \\",
        r"\midrule",
    ]
    for result in results:
        lines.append(
            " & ".join(
                escape(text) for text in (result.row.name, *(c(result) for c in columns.values()))
            )
        )
        lines[-1] += r" \\"
    return "\n".join([*lines, r"\bottomrule", r"\end{tabular}", ""])


def _mean(result: Result, split: str, key: str) -> float:
    """As it is printed, so that what looks the same is bold the same."""
    return round(result.figures[split][key].mean, 2)


def _line(result: Result, split: str, best: dict[str, float]) -> str:
    trained = f"{result.cost.trained:,}".replace(",", r"\,") if result.cost else ""
    found = result.figures.get(split)
    if found is None:
        cells = [escape(missing_figures(result, split)), *[""] * (len(FIGURES) - 1)]
    else:
        cells = [
            _cell(found[key], bold=_mean(result, split, key) == best.get(key)) for key in FIGURES
        ]
    return " & ".join([escape(result.row.name), trained, *cells]) + r" \\"


def _cell(value: Spread, *, bold: bool) -> str:
    mean = rf"\textbf{{{value.mean:.2f}}}" if bold else f"{value.mean:.2f}"
    return mean + (
        rf" {{\scriptsize $\pm$ {value.deviation:.2f}}}" if value.deviation is not None else ""
    )


def _published_line(row: PublishedRow) -> str:
    recalls = [f"{value:.2f}" for value in row.recalls] or [""] * 6
    return (
        " & ".join(
            [escape(row.method), escape(row.trained), *recalls, f"{row.mean_recall:.2f}", ""]
        )
        + rf" \\ % {row.source}"
    )
