"""The picture of the numbers of a data set."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harma.curation import stats_picture
from harma.curation.stats import DataStats, SplitStats, data_stats
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


def split_of(name, **numbers):
    usual = {
        "num_images": 4,
        "num_captions": 8,
        "num_distinct": 6,
        "num_shared": 2,
        "num_dropped": 0,
        "captions_per_image": {1: 3, 5: 1},
        "caption_lengths": {2: 6, 4: 2},
        "num_words": 20,
        "vocabulary": 9,
        "top_captions": (),
        "labels": {},
        "image_sizes": {(10, 8): 4},
        "equal_files": (),
    }
    return SplitStats(split=name, **{**usual, **numbers})


TRAIN = split_of("train", labels={"sea": 3, "land": 1})
TEST = split_of(
    "test",
    num_images=1,
    num_captions=2,
    num_distinct=2,
    num_shared=0,
    captions_per_image={2: 1},
    caption_lengths={3: 1, 6: 1},
    num_words=9,
    labels={"land": 1},
    image_sizes={(30, 20): 1},
)


@pytest.fixture
def axes_of(tmp_path, monkeypatch):
    """What is drawn of some splits: title → axes."""

    def draw(*splits):
        drawn = {}

        def keep(figure, *arguments):
            original(figure, *arguments)
            drawn.update(
                {axes.get_title(loc="left").partition(" (")[0]: axes for axes in figure.axes}
            )
            drawn["title"] = figure.get_suptitle()

        monkeypatch.setattr(stats_picture, "_draw_panels", keep)
        words = (("river", 7), ("lake", 2))
        draw_stats(DataStats("x", splits, words, 1234, ()), tmp_path / "stats.png")
        return drawn

    original = stats_picture._draw_panels
    return draw


def test_lengths_are_shares_of_the_captions_of_their_split(axes_of):
    drawn = axes_of(TRAIN, TEST)
    axes = drawn["Words of a caption"]
    assert drawn["title"] == "x: 5 images, 10 captions, 1,234 words"
    assert [line.get_label() for line in axes.lines] == ["train (mean 2.5)", "test (mean 4.5)"]
    assert axes.lines[0].get_xdata().tolist() == list(range(8))
    assert axes.lines[0].get_ydata().tolist() == [0, 0, 75, 0, 25, 0, 0, 0]
    assert axes.lines[1].get_ydata().tolist() == [0, 0, 0, 50, 0, 0, 50, 0]
    assert axes.get_xlim() == (0, 7)
    assert axes.get_ylim()[0] == 0


def test_bars_of_splits_stand_side_by_side(axes_of):
    axes = axes_of(TRAIN, TEST)["Captions of an image"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "2", "5"]
    assert axes.get_xlim() == pytest.approx((-0.6, 2.6))
    train, test = axes.containers
    assert [bar.get_height() for bar in train] == [75, 0, 25]
    assert [bar.get_height() for bar in test] == [0, 100, 0]
    # 0.8 of the room for both, each a little narrower than its half.
    assert [bar.get_x() + bar.get_width() / 2 for bar in train] == pytest.approx([-0.2, 0.8, 1.8])
    assert [bar.get_x() + bar.get_width() / 2 for bar in test] == pytest.approx([0.2, 1.2, 2.2])
    assert train[0].get_width() == pytest.approx(0.4 * 0.92)


def test_repeated_captions_are_counted_and_in_percent(axes_of):
    axes = axes_of(TRAIN, TEST)["Repeated captions"]
    heights = [[bar.get_height() for bar in container] for container in axes.containers]
    assert heights == [[75, 25], [100, 0]]
    assert [text.get_text() for text in axes.texts] == ["6", "2", "2", "0"]
    assert axes.get_ylim() == (0, 108)


def test_words_labels_and_sizes_begin_at_the_top(axes_of):
    drawn = axes_of(TRAIN, TEST)
    words = drawn["Words"]
    assert [text.get_text() for text in words.get_yticklabels()] == ["lake", "river"]
    assert [bar.get_width() for bar in words.containers[0]] == [2, 7]
    assert words.get_ylim() == pytest.approx((-0.6, 1.6))
    labels = drawn["Labels"]
    assert [text.get_text() for text in labels.get_yticklabels()] == ["sea", "land"]
    train, test = labels.containers
    assert [bar.get_width() for bar in train] == [3, 1]
    # The bars of a split begin where those of the last one end.
    assert [(bar.get_x(), bar.get_width()) for bar in test] == [(3, 0), (1, 1)]
    assert np.allclose([bar.get_y() + bar.get_height() / 2 for bar in train], [1, 0])
    assert labels.get_ylim() == pytest.approx((-0.6, 1.6))
    sizes = drawn["Sizes of images"]
    assert [text.get_text() for text in sizes.get_yticklabels()] == ["30×20", "10×8"]
    assert [bar.get_width() for bar in sizes.containers[0]] == [1, 4]
    assert sizes.get_ylim() == pytest.approx((-4.4, 1.6))


def test_a_split_without_captions_is_drawn_as_nothing(axes_of):
    nothing = split_of(
        "val",
        num_images=0,
        num_captions=0,
        num_distinct=0,
        num_shared=0,
        captions_per_image={},
        caption_lengths={},
        num_words=0,
        image_sizes={},
    )
    drawn = axes_of(nothing)
    assert "Labels" not in drawn
    assert drawn["Words of a caption"].lines[0].get_ydata().tolist() == [0, 0]
    assert drawn["Captions of an image"].get_xlim() == pytest.approx((-0.6, 0.6))


@pytest.mark.parametrize(
    ("length", "shown"), [(22, "x" * 22), (23, "x" * 21 + "…"), (40, "x" * 21 + "…")]
)
def test_long_names_of_labels_are_cut(axes_of, length, shown):
    axes = axes_of(split_of("train", labels={"x" * length: 1}))["Labels"]
    assert [text.get_text() for text in axes.get_yticklabels()] == [shown]


@pytest.mark.parametrize(
    ("labels", "size"),
    [(1, (1430, 990)), (30, (1430, 1100)), (50, (1430, 1430))],
)
def test_the_picture_is_as_high_as_its_labels_need(axes_of, tmp_path, labels, size):
    axes_of(split_of("train", labels={f"label {number}": 1 for number in range(labels)}))
    with Image.open(tmp_path / "stats.png") as image:
        assert image.size == size
