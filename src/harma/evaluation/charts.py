"""Charts of the report: training curves, figures by label and by term."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from harma.evaluation.breakdown import LabelRecall, Recall, TermRecall
from harma.evaluation.chart_style import (
    COLOURS,
    IMAGE_COLOUR,
    OTHER_COLOUR,
    TEXT_COLOUR,
    charting,
    svg,
)

MOST_LABELS = 60


def curves(events: Sequence[dict[str, Any]]) -> str:
    """Loss by step and validation mR by epoch of a log's events; "" without steps."""
    steps = [event for event in events if event["event"] == "step"]
    validations = [event for event in events if event["event"] == "validation"]
    # A run of the bare backbone has no steps.
    if not steps:
        return ""
    with charting():
        figure = Figure(figsize=(10, 3.2), layout="constrained")
        left, right = figure.subplots(1, 2)
        left.plot(
            [event["step"] for event in steps],
            [event["loss"] for event in steps],
            color=IMAGE_COLOUR,
            linewidth=1,
        )
        left.set(xlabel="step", ylabel="loss", title="Training loss")
        if validations:
            _curve(right, validations, "mR", TEXT_COLOUR, "o-")
            _curve(right, validations, "dup_mR", COLOURS[2], "s--")
            right.legend()
        # There is no epoch and a half.
        right.xaxis.set_major_locator(MaxNLocator(integer=True))
        right.set(xlabel="epoch", ylabel="percent", title="Validation")
        return svg(figure, "Training loss by step, and validation mR by epoch")


def _curve(axes: Axes, events: Sequence[dict[str, Any]], key: str, color: str, style: str) -> None:
    epochs = [event["epoch"] for event in events]
    values = [event[key] for event in events]
    axes.plot(epochs, values, style, color=color, markersize=3, label=key)


def most_images(recalls: Sequence[LabelRecall], most: int = MOST_LABELS) -> tuple[LabelRecall, ...]:
    """Of many labels those of most images, whose recall is surest, in the order given."""
    largest_first = sorted(range(len(recalls)), key=lambda i: (-recalls[i].i2t.num_images, i))
    return tuple(recalls[i] for i in sorted(largest_first[:most]))


def label_chart(recalls: Sequence[LabelRecall]) -> str:
    """Recall at 10 by label, both directions, with intervals; "" without labels.

    Args:
        recalls: of the labels to draw; see `most_images`.
    """
    if not recalls:
        return ""
    with charting():
        # As high as its rows need: names must not lie on each other.
        figure = Figure(figsize=(10, 1.2 + 0.34 * len(recalls)), layout="constrained")
        axes = figure.subplots()
        i2t = [recall.i2t for recall in recalls]
        t2i = [recall.t2i for recall in recalls]
        _dots(axes, i2t, -0.15, color=IMAGE_COLOUR, marker="o", label="image to text")
        _dots(axes, t2i, 0.15, color=TEXT_COLOUR, marker="s", label="text to image")
        _name_rows(axes, [f"{recall.label} ({recall.i2t.num_images:,})" for recall in recalls])
        axes.set(xlabel="recall at 10, percent")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return svg(
            figure,
            f"Recall at 10 of {len(recalls)} labels, both directions; the table below has the"
            " figures",
        )


def term_chart(recalls: Sequence[TermRecall], overall: float) -> str:
    """Recall at 10 of the captions that have a term, beside that of all captions; "" without terms.

    Args:
        recalls: of the terms to draw.
        overall: recall at 10 of all captions, in percent.
    """
    if not recalls:
        return ""
    with charting():
        figure = Figure(figsize=(10, 1.2 + 0.24 * len(recalls)), layout="constrained")
        axes = figure.subplots()
        axes.axvline(
            overall,
            color=OTHER_COLOUR,
            linestyle="--",
            linewidth=1,
            label=f"all captions, {overall:.1f}",
        )
        t2i = [recall.t2i for recall in recalls]
        _dots(axes, t2i, 0, color=TEXT_COLOUR, marker="s", label="captions with the term")
        _name_rows(
            axes,
            [f"{r.term} ({r.t2i.num_queries:,} of {r.t2i.num_images:,})" for r in recalls],
        )
        axes.set(xlabel="text to image, recall at 10, percent")
        axes.legend(loc="lower left", bbox_to_anchor=(0, 1), ncols=2, borderaxespad=0.2)
        return svg(
            figure,
            f"Recall at 10 of the captions with each of {len(recalls)} terms; the table below has"
            " the figures",
        )


def _dots(
    axes: Axes, recalls: Sequence[Recall], shift: float, *, color: str, marker: str, label: str
) -> None:
    """A dot and its interval in each row that has queries, `shift` below the middle of the row."""
    # Without queries there is no recall to draw; the row keeps its name.
    rows = [row for row, recall in enumerate(recalls) if recall.num_queries]
    places = [row + shift for row in rows]
    lows = [recalls[row].intervals[2][0] for row in rows]
    highs = [recalls[row].intervals[2][1] for row in rows]
    axes.hlines(places, lows, highs, color=color, linewidth=2, alpha=0.45)
    at_10 = [recalls[row].at[2] for row in rows]
    axes.plot(at_10, places, linestyle="", marker=marker, color=color, markersize=6, label=label)


def _name_rows(axes: Axes, names: Sequence[str]) -> None:
    axes.set_yticks(range(len(names)), names)
    # The first row on top.
    axes.set(xlim=(-1, 101), ylim=(len(names) - 0.4, -0.6))
    axes.tick_params(axis="y", length=0)
    axes.grid(axis="x", color=OTHER_COLOUR, alpha=0.25)
