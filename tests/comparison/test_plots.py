"""Plots: which there are, and that what is drawn is the figures."""

import numpy as np
import pytest
from PIL import Image

from harma.comparison.compare import collect
from harma.comparison.plots import make_plots, metrics_shown, write_pngs


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
