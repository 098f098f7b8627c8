"""The picture of the numbers of a data set."""

from pathlib import Path

import pytest
from PIL import Image

from harma.curation import stats_picture
from harma.curation.stats import data_stats
from harma.curation.stats_picture import check_picture_name, draw_stats
from harma.errors import ConfigError


def test_dollars_in_names_are_drawn_as_they_are(small, row, harma, tmp_path):
    small.json("train.json", [row("a.png", 0, "x", label_name="$\\no$")])
    draw_stats(data_stats(harma, small.path, splits=["train"]), tmp_path / "stats.png")
    assert (tmp_path / "stats.png").is_file()


def test_a_picture_is_a_png(small, harma, tmp_path):
    check_picture_name(Path("a.PNG"))
    with pytest.raises(ConfigError, match=r"the picture is called a.jpg; .* ends in .png"):
        check_picture_name(Path("b") / "a.jpg")
    draw_stats(data_stats(harma, small.path), tmp_path / "stats.png")
    with Image.open(tmp_path / "stats.png") as image:
        assert image.format == "PNG"
        assert image.width > 1000


def test_many_labels_and_sizes_are_cut(small, harma, row, tmp_path, monkeypatch):
    """What is drawn, read off the axes."""
    small.image("b.png", 1, size=(30, 8))
    rows = [row("a.png", 0, "x", label_name="a very long name of a label, no doubt")]
    rows += [row("b.png", 1, "y", label_name="b")]
    small.json("train.json", rows)
    monkeypatch.setattr(stats_picture, "MOST_LABELS", 1)
    monkeypatch.setattr(stats_picture, "MOST_SIZES", 1)
    drawn = {}

    def labels_of(figure, *arguments):
        original(figure, *arguments)
        for axes in figure.axes:
            ticks = [tick.get_text() for tick in axes.get_yticklabels()]
            drawn[axes.get_title(loc="left").partition(" (")[0]] = axes.get_title(loc="left"), ticks

    original = stats_picture._draw_panels
    monkeypatch.setattr(stats_picture, "_draw_panels", labels_of)
    draw_stats(data_stats(harma, small.path, splits=["train"]), tmp_path / "stats.png")
    assert drawn["Labels"] == ("Labels (1 of 2)", ["a very long name of a…"])
    assert drawn["Sizes of images"] == ("Sizes of images (2)", ["others", "10×8"])
    monkeypatch.setattr(stats_picture, "MOST_LABELS", 2)
    draw_stats(data_stats(harma, small.path, splits=["train"]), tmp_path / "stats.png")
    assert drawn["Labels"][0] == "Labels (2)"
