"""Plots: which there are, and that what is drawn is the figures."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from harma.comparison.compare import collect
from harma.comparison.differences import Difference
from harma.comparison.plots import (
    COLORS,
    LINES,
    MARKERS,
    _by_seed,
    _count,
    _interval,
    _log_axis,
    _look,
    make_plots,
    metrics_shown,
    write_pngs,
)


@pytest.fixture
def plots(finished):
    outcome = collect(finished)
    return outcome, make_plots(outcome.results, "val", outcome.shown, "harma")


def test_there_is_a_plot_for_all_there_is_data_for(plots, tmp_path):
    outcome, made = plots
    assert list(made) == ["parameters", "time", "curves_epochs", "curves_time", "differences"]
    write_pngs(made, tmp_path)
    for name in made:
        assert np.asarray(Image.open(tmp_path / f"{name}.png")).std() > 5, "something is drawn"
    bare = outcome.results[:1]
    assert make_plots(bare, "val", [], "harma") == {}
    assert list(make_plots(outcome.results[1:2], "val", [], "harma")) == list(made)[:4]


def test_points_stand_where_the_figures_say(plots):
    outcome, made = plots
    axes = made["time"].axes[0]
    harma = outcome.results[1]
    points = [tuple(line.get_xydata()[0]) for line in axes.lines if line.get_marker() == "s"]
    assert points == [(45, pytest.approx(harma.figures["val"]["mR"].mean))]
    line = next(line for line in axes.lines if line.get_linestyle() == "--")
    assert line.get_ydata()[0] == pytest.approx(outcome.results[0].figures["val"]["mR"].mean)


def test_curves_are_means_over_seeds(plots):
    outcome, made = plots
    harma = outcome.results[1]
    line = next(line for line in made["curves_time"].axes[0].lines if line.get_label() == "harma")
    assert line.get_xdata().tolist() == [15, 30, 45]
    expected = [run.best().value for run in harma.runs]
    assert line.get_ydata()[-1] == pytest.approx(np.mean(expected))


def test_dup_mr_is_shown_where_captions_repeat(plots):
    outcome, _ = plots
    assert metrics_shown(outcome.results, "val") == ("mR", "dup_mR")
    assert metrics_shown(outcome.results, "test") == ("mR",)


def test_the_band_is_the_range_of_the_seeds(plots):
    outcome, made = plots
    harma = outcome.results[1]
    values = [[event["mR"] for event in run.events("validation")] for run in harma.runs]
    (band,) = made["curves_time"].axes[0].collections[:1]
    drawn = band.get_paths()[0].vertices[:, 1]
    assert drawn.min() == pytest.approx(np.min(values))
    assert drawn.max() == pytest.approx(np.max(values))
    alone = make_plots(outcome.results[1:2], "val", [], "harma")["curves_time"]
    assert len(alone.axes[0].collections) == 1


def test_seeds_share_as_many_validations_as_the_shortest_has():
    events = [[{"mR": 1.0}, {"mR": 2.0}, {"mR": 3.0}], [{"mR": 5.0}, {"mR": 6.0}]]
    assert _by_seed(events, "mR").tolist() == [[1, 2], [5, 6]]


def test_counts_have_a_letter_from_a_thousand_on():
    shown = [_count(x) for x in (999, 1000, 1500, 1e6, 2.5e6, 1e9)]
    assert shown == ["999", "1k", "1.5k", "1M", "2.5M", "1G"]


@pytest.mark.parametrize(
    ("limits", "expected"),
    [((1000, 9000), (1000 / 3, 27000)), ((1000, 10000), (1000, 10000))],
)
def test_an_axis_of_counts_shows_two_decades(limits, expected):
    axes = Figure().subplots()
    axes.set_xlim(*limits)
    _log_axis(axes)
    assert axes.get_xscale() == "log"
    assert axes.get_xlim() == pytest.approx(expected)


def test_rows_look_different_for_long():
    assert _look(0) == (COLORS[0], MARKERS[0], LINES[0])
    assert _look(9) == (COLORS[9], MARKERS[2], LINES[0])
    assert _look(10) == (COLORS[0], MARKERS[3], LINES[1])
    assert len({_look(place) for place in range(70)}) == 70


@pytest.mark.parametrize(("low", "marker"), [(0.5, "o"), (-0.5, "D")])
def test_what_is_not_clear_is_a_grey_diamond(low, marker):
    axes = Figure().subplots()
    _interval(axes, 2, Difference("val", "mR", "a", "b", 1.0, low, 1.5))
    line, dot = axes.lines
    assert line.get_xydata().tolist() == [[low, 2], [1.5, 2]]
    assert dot.get_xydata().tolist() == [[1, 2]]
    assert dot.get_marker() == marker
    assert dot.get_color() == line.get_color() == (COLORS[0] if marker == "o" else COLORS[-1])
