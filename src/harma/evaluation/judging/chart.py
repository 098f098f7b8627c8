"""Chart of a measured search (SVG): precision by recall over all queries, and AP of each."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure as Picture

from harma.evaluation.chart_style import IMAGE_COLOUR, OTHER_COLOUR, TEXT_COLOUR, charting, svg
from harma.evaluation.judging.evaluate import SearchEvaluation
from harma.evaluation.judging.scores import RECALLS, precision_by_recall

# Rows of queries; of more, those with the lowest AP, as in the table.
MOST_QUERIES = 40
# Characters of a query's name.
MOST_NAME = 40


def search_chart(evaluation: SearchEvaluation) -> str:
    """The chart as SVG.

    Args:
        evaluation: of the search.
    """
    precisions = precision_by_recall(evaluation.qrels(), evaluation.run())
    worst_last = sorted(evaluation.queries, key=lambda found: -found.figures["AP"])
    shown = worst_last[-MOST_QUERIES:]
    with charting():
        figure = Picture(figsize=(10, max(3.6, 1.2 + 0.24 * len(shown))), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(RECALLS, precisions, "o-", color=IMAGE_COLOUR, markersize=4)
        left.set(xlabel="recall", ylabel="precision", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
        left.set_title("Precision by recall, mean over queries")
        names = [found.query.id for found in shown]
        _rows(right, names, [found.figures["AP"] for found in shown])
        mean = evaluation.figures["AP"].mean
        right.axvline(mean, color=OTHER_COLOUR, linestyle="--", linewidth=1)
        right.set_title(f"AP of each query; mean {mean:.3f}")
        return svg(
            figure,
            f"Precision by recall, and AP of {len(shown)} queries; search.json has the figures",
        )


def _rows(axes: Axes, names: list[str], values: list[float]) -> None:
    """A dot in each row, the first on top."""
    axes.plot(values, range(len(values)), "s", color=TEXT_COLOUR, markersize=5)
    axes.set_yticks(range(len(names)), [_short(name) for name in names])
    axes.set(xlim=(-0.02, 1.02), ylim=(len(names) - 0.4, -0.6), xlabel="AP")
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=OTHER_COLOUR, alpha=0.25)


def _short(name: str) -> str:
    # A name of several lines would lie on those of others.
    line = " ".join(name.split())
    if len(line) <= MOST_NAME:
        return line
    return f"{line[: MOST_NAME - 1]}…"
