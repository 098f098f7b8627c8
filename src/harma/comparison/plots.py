"""The plots of a comparison."""

import html
import io
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harma.comparison.differences import Difference, between
from harma.comparison.rows import Result
from harma.comparison.tables import MEANS, SPLITS
from harma.evaluation.chart_style import in_legend
from harma.ground.files import replacing

# Readable on white and on dark; after ten rows the markers tell rows apart.
COLORS = (
    "#2b8cbe",
    "#d9662b",
    "#4d9a3f",
    "#b04fa0",
    "#a3861c",
    "#d04a4a",
    "#6675d8",
    "#1a9a8e",
    "#a87850",
    "#838a90",
)
MARKERS = ("o", "s", "^", "D", "v", "P", "X")
LINES = ("-", "--", "-.", ":")
INK = "#1c2321"


@contextmanager
def _words() -> Iterator[None]:
    """While plots are made or written: names of rows are words, and two dollar signs in them are no formula."""
    with matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "harma"}):
        yield


@_words()
def make_plots(
    results: Sequence[Result], split: str, found: Sequence[Difference], reference: str
) -> dict[str, Figure]:
    """Every plot there is data for, by its file's name.

    Args:
        results: the rows.
        split: whose figures are shown; curves are always of validation.
        found: differences of the rows on that split.
        reference: the row that differences are taken to.
    """
    with_figures = [r for r in results if split in r.figures]
    trained = [r for r in with_figures if r.row.trains]
    plots: dict[str, Figure] = {}
    if trained:
        plots["parameters"] = _scatter(
            results, split, "trained parameters", lambda r: r.cost.trained, log=True
        )
        plots["time"] = _scatter(
            results,
            split,
            "training time to the best validation, seconds",
            lambda r: r.cost.best_seconds,
        )
    if any(r.row.trains and "val" in r.figures for r in results):
        plots["curves_epochs"] = _curves(results, "epoch", "epoch")
        plots["curves_time"] = _curves(results, "seconds", "training time, seconds")
    if len(with_figures) > 1 and any({d.a, d.b} & {reference} for d in found):
        plots["differences"] = _forest(with_figures, found, reference, split)
    return plots


@_words()
def write_pngs(plots: dict[str, Figure], directory: Path) -> None:
    """Write each plot as NAME.png."""
    for name, figure in plots.items():
        with replacing(directory / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=150, facecolor="white")


@_words()
def as_svg(figure: Figure, says: str) -> str:
    """A plot for a page: text and axes in the page's own colour, no background.

    Args:
        figure: the plot.
        says: what it shows, for who cannot see it.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    text = buffer.getvalue()
    text = text[text.index("<svg") :].replace(INK, "currentColor")
    return text.replace("<svg ", f'<svg role="img" aria-label="{html.escape(says)}" ', 1)


def metrics_shown(results: Sequence[Result], split: str) -> tuple[str, ...]:
    """mR, and dup_mR beside it where captions repeat."""
    repeat = any(
        abs(r.figures[split]["mR"].mean - r.figures[split]["dup_mR"].mean) > 1e-9
        for r in results
        if split in r.figures
    )
    return MEANS if repeat else MEANS[:1]


def _panels(metrics: Sequence[str], height: float = 4.2) -> tuple[Figure, list[Axes]]:
    figure = Figure(figsize=(3.2 + 3.9 * len(metrics), height), layout="constrained")
    axes = [axis for row in figure.subplots(1, len(metrics), squeeze=False) for axis in row]
    for axis in axes:
        _dress(axis)
    return figure, axes


def _dress(axes: Axes) -> None:
    axes.grid(color="#8a8f8c", alpha=0.25, linewidth=0.8)
    axes.set_axisbelow(True)
    axes.tick_params(colors=INK, labelsize=9)
    for side, spine in axes.spines.items():
        spine.set_visible(side in ("left", "bottom"))
        spine.set_color(INK)


def _legend(figure: Figure, axes: Axes) -> None:
    """One legend beside all panels, so that no label can lie on another."""
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_color(INK)


def _wrapped(name: str) -> str:
    """A row's name in lines that leave room for the panels."""
    return in_legend(textwrap.fill(name, 34))


def _name(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, color=INK, fontsize=9)
    axes.set_ylabel(y, color=INK, fontsize=9)


def _title(figure: Figure, title: str) -> None:
    """One title over all panels, at the left."""
    figure.suptitle(title, color=INK, fontsize=10, x=0.01, horizontalalignment="left")


def _scatter(
    results: Sequence[Result], split: str, label: str, place: Any, *, log: bool = False
) -> Figure:
    """A metric against what it costs; the bare backbone, which costs nothing, is a line."""
    metrics = metrics_shown(results, split)
    figure, panels = _panels(metrics)
    for axes, metric in zip(panels, metrics, strict=True):
        for i, result in enumerate(results):
            if split not in result.figures:
                continue
            value = result.figures[split][metric]
            if not result.row.trains:
                axes.axhline(
                    value.mean,
                    color=INK,
                    linewidth=1,
                    linestyle="--",
                    label=_wrapped(result.row.name),
                )
            elif result.cost is not None and (x := place(result)):
                axes.errorbar(
                    x,
                    value.mean,
                    yerr=value.deviation,
                    color=COLORS[i % len(COLORS)],
                    marker=MARKERS[i % len(MARKERS)],
                    markersize=8,
                    capsize=3,
                    linestyle="none",
                    elinewidth=1.2,
                    label=_wrapped(result.row.name),
                )
        if log:
            _log_axis(axes)
        _name(axes, label, f"{metric}, percent")
    _title(figure, SPLITS[split])
    _legend(figure, panels[0])
    return figure


def _log_axis(axes: Axes) -> None:
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    if high / low < 10:  # at least two decades, so that there are labels
        axes.set_xlim(low / 3, high * 3)
    axes.xaxis.set_major_formatter(FuncFormatter(lambda x, _: _count(x)))
    axes.xaxis.set_minor_formatter(FuncFormatter(lambda x, _: ""))


def _count(x: float) -> str:
    for size, name in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if x >= size:
            return f"{x / size:g}{name}"
    return f"{x:g}"


def _curves(results: Sequence[Result], key: str, label: str) -> Figure:
    """Validation of every row as it trains: mean over seeds, and the range of the seeds."""
    metrics = metrics_shown(results, "val")
    figure, panels = _panels(metrics)
    for axes, metric in zip(panels, metrics, strict=True):
        for i, result in enumerate(results):
            if not result.row.trains and "val" in result.figures:
                axes.axhline(
                    result.figures["val"][metric].mean,
                    color=INK,
                    linewidth=1,
                    linestyle="--",
                    label=_wrapped(result.row.name),
                )
            elif result.runs:
                _curve(axes, result, key, metric, i)
        if key == "epoch":
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _name(axes, label, f"{metric}, percent")
    _title(figure, "Validation; the band is the range of the seeds")
    _legend(figure, panels[0])
    return figure


def _curve(axes: Axes, result: Result, key: str, metric: str, i: int) -> None:
    events = [run.events("validation") for run in result.runs]
    # Runs that patience ended early share the first validations only.
    count = min(len(one) for one in events)
    x = np.mean([[event[key] for event in one[:count]] for one in events], axis=0)
    y = np.array([[event[metric] for event in one[:count]] for one in events])
    color = COLORS[i % len(COLORS)]
    axes.plot(
        x,
        y.mean(axis=0),
        color=color,
        marker=MARKERS[i % len(MARKERS)],
        markersize=4,
        linewidth=1.6,
        linestyle=LINES[(i // len(COLORS)) % len(LINES)],
        label=_wrapped(result.row.name),
    )
    if len(y) > 1:
        axes.fill_between(x, y.min(axis=0), y.max(axis=0), color=color, alpha=0.15, linewidth=0)


def _forest(
    results: Sequence[Result], found: Sequence[Difference], reference: str, split: str
) -> Figure:
    """Each row minus the reference with its interval."""
    metrics = metrics_shown(results, split)
    names = [r.row.name for r in results if r.row.name != reference]
    figure, panels = _panels(metrics, height=1.3 + 0.34 * len(names))
    for number, (axes, metric) in enumerate(zip(panels, metrics, strict=True)):
        axes.axvline(0, color=INK, linewidth=1)
        for place, name in enumerate(names):
            difference = between(found, metric, name, reference)
            if difference is None:
                continue
            color = COLORS[0] if difference.clear else COLORS[-1]
            axes.plot([difference.low, difference.high], [place, place], color=color, linewidth=2.4)
            axes.plot(
                difference.point,
                place,
                color=color,
                marker="o" if difference.clear else "D",
                markersize=7,
            )
        axes.set_yticks(
            range(len(names)), [_wrapped(name) if number == 0 else "" for name in names]
        )
        axes.set_ylim(len(names) - 0.4, -0.6)
        _name(axes, f"{metric}, points", "")
    _title(figure, f"{SPLITS[split]}, minus {reference}")
    return figure
