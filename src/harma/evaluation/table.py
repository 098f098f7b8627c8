"""The terminal's table of an evaluation: model, baseline, difference, chance, ceiling."""

from collections.abc import Iterable

from rich.table import Table

from harma.evaluation.retrieval import Evaluation
from harma.metrics import RECALL_KEYS

ROWS = (*RECALL_KEYS, "mR", "dup_mR", "i2t_mAP", "t2i_mAP", "i2t_medr", "t2i_medr")


def rows_of(metrics: Iterable[str]) -> list[str]:
    """Names of metrics in the order they are shown: ours, then the user's own."""
    names = list(metrics)
    ours = [key for key in ROWS if key in names]
    # The recalls of identical captions are many, and their mean is shown.
    users = [key for key in names if key not in ROWS and not key.startswith("dup_")]
    return ours + users


def metrics_table(
    evaluation: Evaluation, *, baseline: str | None = None, title: str | None = None
) -> Table:
    """Metrics with and without adapters, the difference, chance, and what identical captions allow.

    Args:
        evaluation: what to show.
        baseline: heading of the column beside; None takes the evaluation's.
        title: over the table; None names split and size.
    """
    if title is None:
        title = (
            f"{evaluation.split}: {evaluation.num_images:,} images,"
            f" {evaluation.num_captions:,} captions"
        )
    table = Table(
        title=title,
        caption=(
            "percent; medr: median rank; dup_: identical captions relevant to each other's images"
        ),
    )
    table.add_column("metric")
    for heading in _headings(evaluation, baseline):
        table.add_column(heading, justify="right")
    for key in rows_of(evaluation.metrics):
        style = "bold" if key in ("mR", "dup_mR") else None
        table.add_row(key, *_cells(evaluation, key), style=style)
    return table


def _headings(evaluation: Evaluation, baseline: str | None) -> list[str]:
    if evaluation.without_adapters is None:
        return ["model", "chance", "ceiling"]
    return [baseline or evaluation.baseline, "model", "difference", "chance", "ceiling"]


def _cells(evaluation: Evaluation, key: str) -> list[str]:
    """The cells of a metric; "" where chance or ceiling say nothing of it."""
    value = evaluation.metrics[key]
    cells = [f"{value:.2f}"]
    if evaluation.without_adapters is not None:
        bare = evaluation.without_adapters.metrics[key]
        # In the order of the headings.
        cells = [f"{bare:.2f}", f"{value:.2f}", f"{value - bare:+.2f}"]
    for column in (evaluation.chance, evaluation.ceilings):
        cells.append(f"{column[key]:.2f}" if key in column else "")
    return cells
