"""The table of an evaluation."""

from collections.abc import Iterable

from rich.table import Table

from harma.evaluation.retrieval import Evaluation
from harma.metrics import RECALL_KEYS

ROWS = (*RECALL_KEYS, "mR", "dup_mR", "i2t_mAP", "t2i_mAP", "i2t_medr", "t2i_medr")


def rows_of(metrics: Iterable[str]) -> list[str]:
    """Names of metrics in the order they are shown: ours, then the user's own."""
    names = list(metrics)
    return [key for key in ROWS if key in names] + [
        key for key in names if key not in ROWS and not key.startswith("dup_")
    ]


def metrics_table(
    evaluation: Evaluation, *, baseline: str = "without adapters", title: str | None = None
) -> Table:
    """Metrics with and without adapters, the difference, chance, and what identical captions allow.

    Args:
        evaluation: what to show.
        baseline: heading of the column beside.
        title: over the table; None names split and size.
    """
    bare = evaluation.without_adapters
    table = Table(
        title=title
        or f"{evaluation.split}: {evaluation.num_images:,} images, {evaluation.num_captions:,} captions",
        caption=(
            "percent; medr: median rank; dup_: identical captions relevant to each other's images"
        ),
    )
    table.add_column("metric")
    for heading in [
        *([baseline] if bare else []),
        "model",
        *(["difference"] if bare else []),
        "chance",
        "ceiling",
    ]:
        table.add_column(heading, justify="right")
    for key in rows_of(evaluation.metrics):
        cells = [f"{bare.metrics[key]:.2f}"] if bare else []
        cells.append(f"{evaluation.metrics[key]:.2f}")
        if bare:
            cells.append(f"{evaluation.metrics[key] - bare.metrics[key]:+.2f}")
        for column in (evaluation.chance, evaluation.ceilings):
            cells.append(f"{column[key]:.2f}" if key in column else "")
        table.add_row(key, *cells, style="bold" if key in ("mR", "dup_mR") else None)
    return table
