"""The charts of the report: curves, recall by label and by term."""

from collections.abc import Sequence
from typing import Any

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harma.evaluation.breakdown import LabelRecall, TermRecall
from harma.evaluation.chart_style import COLOURS, IMAGE, OTHER, TEXT, charting, svg

MOST_LABELS = 60


def curves(lines: Sequence[dict[str, Any]]) -> str:
    """Loss by step and validation mR by epoch of a log's events; "" without steps."""
    steps = [(line["step"], line["loss"]) for line in lines if line["event"] == "step"]
    checks = [
        (line["epoch"], line["mR"], line["dup_mR"])
        for line in lines
        if line["event"] == "validation"
    ]
    if not steps:
        return ""
    with charting():
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(*zip(*steps, strict=True), color=IMAGE, linewidth=1)
        left.set(xlabel="step", ylabel="loss", title="Training loss")
        if checks:
            epochs, strict, dup = zip(*checks, strict=True)
            right.plot(epochs, strict, color=TEXT, marker="o", markersize=3, label="mR")
            right.plot(
                epochs,
                dup,
                color=COLOURS[2],
                marker="s",
                markersize=3,
                label="dup_mR",
                linestyle="--",
            )
            right.legend()
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        right.set(xlabel="epoch", ylabel="percent", title="Validation")
        return svg(figure, "Training loss by step, and validation mR by epoch")


def most_images(recalls: Sequence[LabelRecall], most: int = MOST_LABELS) -> tuple[LabelRecall, ...]:
    """Of many labels those of most images, whose recall is surest, in the order given."""
    places = sorted(range(len(recalls)), key=lambda i: (-recalls[i].i2t.num_images, i))[:most]
    return tuple(recalls[i] for i in sorted(places))


def label_chart(recalls: Sequence[LabelRecall]) -> str:
    """Recall at 10 by label, both directions, with intervals; "" without labels.

    Args:
        recalls: of the labels to draw; see `most_images`.
    """
    if not recalls:
        return ""
    with charting():
        figure = Figure(figsize=(10, 1.2 + 0.34 * len(recalls)), layout="constrained")
        axes = figure.subplots()
        _dots(axes, [r.i2t for r in recalls], -0.15, IMAGE, "o", "image to text")
        _dots(axes, [r.t2i for r in recalls], 0.15, TEXT, "s", "text to image")
        _rows(axes, [f"{r.label} ({r.i2t.num_images:,})" for r in recalls])
        axes.set(xlabel="recall at 10, percent")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return svg(
            figure,
            f"Recall at 10 of {len(recalls)} labels, both directions; the table below has the"
            " figures",
        )


def term_chart(recalls: Sequence[TermRecall], overall: float) -> str:
    """Recall at 10 of the captions that have a term, with intervals and that of all captions; "" without terms."""
    if not recalls:
        return ""
    with charting():
        figure = Figure(figsize=(10, 1.2 + 0.24 * len(recalls)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(
            overall, color=OTHER, linestyle="--", linewidth=1, label=f"all captions, {overall:.1f}"
        )
        _dots(axes, [r.t2i for r in recalls], 0, TEXT, "s", "captions with the term")
        _rows(axes, [f"{r.term} ({r.t2i.num_queries:,} of {r.t2i.num_images:,})" for r in recalls])
        axes.set(xlabel="text to image, recall at 10, percent")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return svg(
            figure,
            f"Recall at 10 of the captions with each of {len(recalls)} terms; the table below has"
            " the figures",
        )


def _dots(
    axes: Any, recalls: Sequence[Any], shift: float, colour: str, marker: str, name: str
) -> None:
    shown = [(row, recall) for row, recall in enumerate(recalls) if recall.num_queries]
    places = [row + shift for row, _ in shown]
    axes.hlines(
        places,
        [r.intervals[2][0] for _, r in shown],
        [r.intervals[2][1] for _, r in shown],
        color=colour,
        linewidth=2,
        alpha=0.45,
    )
    axes.plot(
        [r.at[2] for _, r in shown],
        places,
        linestyle="",
        marker=marker,
        color=colour,
        markersize=6,
        label=name,
    )


def _rows(axes: Any, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    axes.set(xlim=(-1, 101), ylim=(len(names) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=OTHER, alpha=0.25)
