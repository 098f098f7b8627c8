"""The plots of a comparison: cost against figures, validation curves, a forest of differences."""

import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from harma.comparison.differences import COMPARED_METRICS, Difference, between
from harma.comparison.results import Cost, Result
from harma.comparison.tables import SPLIT_TITLES
from harma.evaluation.chart_style import in_legend, svg
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
PLOT_INK = "#1c2321"


@contextmanager
def _names_as_words() -> Iterator[None]:
    """While plots are made or written: two dollar signs in the name of a row are no formula."""
    with matplotlib.rc_context({"text.parse_math": False, "svg.hashsalt": "harma"}):
        yield


@_names_as_words()
def make_plots(
    results: Sequence[Result], split: str, pairs: Sequence[Difference], reference: str
) -> dict[str, Figure]:
    """Every plot there is data for, by its file's name.

    Args:
        results: the rows.
        split: whose figures are shown; curves are always of validation.
        pairs: differences of the rows on that split.
        reference: the row that differences are taken to.
    """
    shown = [result for result in results if split in result.figures]
    plots: dict[str, Figure] = {}
    if any(result.row.trains for result in shown):
        plots["parameters"] = _scatter(
            results, split, "trained parameters", lambda cost: cost.trained, log=True
        )
        label = "training time to the best validation, seconds"
        plots["time"] = _scatter(results, split, label, lambda cost: cost.best_seconds)
    if any(result.row.trains and "val" in result.figures for result in results):
        plots["curves_epochs"] = _curves(results, "epoch", "epoch")
        plots["curves_time"] = _curves(results, "seconds", "training time, seconds")
    if any(reference in (pair.a, pair.b) for pair in pairs):
        plots["differences"] = _forest(shown, pairs, reference, split)
    return plots


@_names_as_words()
def write_pngs(plots: dict[str, Figure], directory: Path) -> None:
    """Write each plot as NAME.png."""
    for name, figure in plots.items():
        with replacing(directory / f"{name}.png") as temporary:
            figure.savefig(temporary, format="png", dpi=150, facecolor="white")


@_names_as_words()
def as_svg(figure: Figure, says: str) -> str:
    """A plot for a page: text and axes in the page's own colour, no background.

    Args:
        figure: the plot.
        says: what it shows, for who cannot see it.
    """
    return svg(figure, says, ink=PLOT_INK)


def metrics_shown(results: Sequence[Result], split: str) -> tuple[str, ...]:
    """mR, and dup_mR beside it where captions repeat."""
    for result in results:
        figures = result.figures.get(split)
        if figures and abs(figures["mR"].mean - figures["dup_mR"].mean) > 1e-9:
            return COMPARED_METRICS
    return COMPARED_METRICS[:1]


# -- what all plots share -------------------------------------------------------------------------


class _Look(NamedTuple):
    """How a row is drawn in every plot, by its place among the rows."""

    color: str
    marker: str
    line: str


def _look(place: int) -> _Look:
    return _Look(
        color=COLORS[place % len(COLORS)],
        marker=MARKERS[place % len(MARKERS)],
        line=LINES[(place // len(COLORS)) % len(LINES)],
    )


def _panels(metrics: Sequence[str], height: float = 4.2) -> tuple[Figure, list[Axes]]:
    """A figure with a panel for each metric."""
    figure = Figure(figsize=(3.2 + 3.9 * len(metrics), height), layout="constrained")
    panels = list(figure.subplots(1, len(metrics), squeeze=False).flat)
    for axes in panels:
        axes.grid(color="#8a8f8c", alpha=0.25, linewidth=0.8)
        axes.set_axisbelow(True)
        axes.tick_params(colors=PLOT_INK, labelsize=9)
        for side, spine in axes.spines.items():
            spine.set_visible(side in ("left", "bottom"))
            spine.set_color(PLOT_INK)
    return figure, panels


def _legend(figure: Figure, axes: Axes) -> None:
    """One legend beside all panels, so that no label can lie on another."""
    handles, labels = axes.get_legend_handles_labels()
    legend = figure.legend(handles, labels, loc="outside right upper", frameon=False, fontsize=9)
    for text in legend.get_texts():
        text.set_color(PLOT_INK)


def _wrapped(name: str) -> str:
    """A row's name in lines that leave room for the panels."""
    return in_legend(textwrap.fill(name, 34))


def _name_axes(axes: Axes, x: str, y: str) -> None:
    axes.set_xlabel(x, color=PLOT_INK, fontsize=9)
    axes.set_ylabel(y, color=PLOT_INK, fontsize=9)


def _title(figure: Figure, title: str) -> None:
    """One title over all panels, at the left."""
    figure.suptitle(title, color=PLOT_INK, fontsize=10, x=0.01, horizontalalignment="left")


def _bare_line(axes: Axes, result: Result, split: str, metric: str) -> None:
    """The bare backbone, which costs nothing and does not change: a line across."""
    axes.axhline(
        result.figures[split][metric].mean,
        color=PLOT_INK,
        linewidth=1,
        linestyle="--",
        label=_wrapped(result.row.name),
    )


# -- recall against cost --------------------------------------------------------------------------


def _scatter(
    results: Sequence[Result],
    split: str,
    label: str,
    place: Callable[[Cost], float | None],
    *,
    log: bool = False,
) -> Figure:
    """A metric against what it costs."""
    metrics = metrics_shown(results, split)
    figure, panels = _panels(metrics)
    for axes, metric in zip(panels, metrics, strict=True):
        for i, result in enumerate(results):
            if split not in result.figures:
                continue
            if not result.row.trains:
                _bare_line(axes, result, split, metric)
                continue
            x = place(result.cost) if result.cost else None
            if x:
                _dot(axes, x, result, split, metric, _look(i))
        # Parameters of methods lie decades apart.
        if log:
            _log_axis(axes)
        _name_axes(axes, label, f"{metric}, percent")
    _title(figure, SPLIT_TITLES[split])
    _legend(figure, panels[0])
    return figure


def _dot(axes: Axes, x: float, result: Result, split: str, metric: str, look: _Look) -> None:
    """A row's mean, with its standard deviation over seeds."""
    value = result.figures[split][metric]
    axes.errorbar(
        x,
        value.mean,
        yerr=value.deviation,
        color=look.color,
        marker=look.marker,
        markersize=8,
        capsize=3,
        linestyle="none",
        elinewidth=1.2,
        label=_wrapped(result.row.name),
    )


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


# -- curves ---------------------------------------------------------------------------------------


def _curves(results: Sequence[Result], key: str, label: str) -> Figure:
    """Validation of every row as it trains: mean over seeds, and the range of the seeds."""
    metrics = metrics_shown(results, "val")
    figure, panels = _panels(metrics)
    for axes, metric in zip(panels, metrics, strict=True):
        for i, result in enumerate(results):
            if not result.row.trains and "val" in result.figures:
                _bare_line(axes, result, "val", metric)
            elif result.runs:
                _curve(axes, result, key, metric, _look(i))
        if key == "epoch":
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        _name_axes(axes, label, f"{metric}, percent")
    _title(figure, "Validation; the band is the range of the seeds")
    _legend(figure, panels[0])
    return figure


def _curve(axes: Axes, result: Result, key: str, metric: str, look: _Look) -> None:
    events = [run.events("validation") for run in result.runs]
    x = _by_seed(events, key).mean(axis=0)
    y = _by_seed(events, metric)
    axes.plot(
        x,
        y.mean(axis=0),
        color=look.color,
        marker=look.marker,
        markersize=4,
        linewidth=1.6,
        linestyle=look.line,
        label=_wrapped(result.row.name),
    )
    if len(y) > 1:
        # The range, since a deviation of two or three seeds says little.
        low = y.min(axis=0)
        high = y.max(axis=0)
        axes.fill_between(x, low, high, color=look.color, alpha=0.15, linewidth=0)


def _by_seed(events: Sequence[Sequence[dict[str, Any]]], key: str) -> "np.ndarray[Any, Any]":
    """A value of the validations of each seed (seeds, validations)."""
    # Runs that patience ended early share the first validations only.
    count = min(len(of_seed) for of_seed in events)
    rows = []
    for of_seed in events:
        rows.append([event[key] for event in of_seed[:count]])
    return np.array(rows, dtype=np.float64)


# -- differences ----------------------------------------------------------------------------------


def _forest(
    shown: Sequence[Result], pairs: Sequence[Difference], reference: str, split: str
) -> Figure:
    """Each row minus the reference with its interval."""
    metrics = metrics_shown(shown, split)
    names = [result.row.name for result in shown if result.row.name != reference]
    figure, panels = _panels(metrics, height=1.3 + 0.34 * len(names))
    for axes, metric in zip(panels, metrics, strict=True):
        axes.axvline(0, color=PLOT_INK, linewidth=1)
        for place, name in enumerate(names):
            difference = between(pairs, metric, name, reference)
            if difference is not None:
                _interval(axes, place, difference)
        axes.set_yticks(range(len(names)), [""] * len(names))
        # The first row on top, as in the tables.
        axes.set_ylim(len(names) - 0.4, -0.6)
        _name_axes(axes, f"{metric}, points", "")
    # The first panel has the names of all of them.
    panels[0].set_yticklabels([_wrapped(name) for name in names])
    _title(figure, f"{SPLIT_TITLES[split]}, minus {reference}")
    return figure


def _interval(axes: Axes, place: int, difference: Difference) -> None:
    """A dot where 0 is outside the interval, a grey diamond where it is not."""
    color = COLORS[-1]
    marker = "D"
    if difference.clear:
        color = COLORS[0]
        marker = "o"
    axes.plot([difference.low, difference.high], [place, place], color=color, linewidth=2.4)
    axes.plot(difference.point, place, color=color, marker=marker, markersize=7)
