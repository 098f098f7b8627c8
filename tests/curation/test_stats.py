import json

import pytest
from PIL import Image

from harma.curation.stats import data_stats, stats_record
from harma.curation.stats_picture import draw_stats
from harma.data.description import DataDescription
from harma.errors import ConfigError, DataError


def test_numbers_of_a_small_data_set(small, harma):
    stats = data_stats(harma, small.path)
    train, val, test = stats.splits
    assert (train.num_images, train.num_captions, train.num_distinct, train.num_shared) == (
        2,
        3,
        3,
        0,
    )
    assert train.captions_per_image == {1: 1, 2: 1}
    assert train.caption_lengths == {2: 2, 3: 1}  # "a river", "two houses", "a wide river"
    assert (train.num_words, train.vocabulary) == (7, 5)
    assert train.image_sizes == {(10, 8): 2}
    assert val.top_captions == (("a bridge", 2),)
    assert (val.num_distinct, val.num_shared) == (1, 0)  # twice, but of one image
    assert (test.labels, test.equal_files) == ({}, ())
    assert stats.vocabulary == 7
    assert dict(stats.top_words) == {
        "river": 2,
        "bridge": 2,
        "wide": 1,
        "houses": 1,
        "dock": 1,
    }  # "a" and "two" stop


def test_equal_captions_and_files_are_counted(small, row, harma):
    small.image("b.png", 0)  # as a.png
    small.image("d.png", 0)
    small.json(
        "train.json", [row("a.png", 0, "A lake."), row("b.png", 1, "a lake"), row("b.png", 1, "!")]
    )
    stats = data_stats(harma, small.path)
    train = stats.splits[0]
    assert (train.num_distinct, train.num_shared, train.num_dropped) == (1, 2, 1)
    assert train.equal_files == (("a.png", "b.png"),)
    assert stats.equal_files == (("train a.png", "train b.png", "test d.png"),)


def test_labels_are_counted_and_long_captions_are_not_cut(root, row, harma):
    root.image("a.png")
    root.image("b.png")
    root.json(
        "train.json",
        [row("a.png", 0, "x " * 40, label_name="sea"), row("b.png", 1, "y", label_name="land")],
    )
    train = data_stats(harma, root.path, splits=["train"]).splits[0]
    assert train.labels == {"land": 1, "sea": 1}
    assert train.caption_lengths == {1: 1, 40: 1}


def test_json_and_picture(small, harma, tmp_path):
    stats = data_stats(harma, small.path)
    content = json.loads(json.dumps(stats_record(stats)))
    assert content["splits"][0]["image_sizes"] == {"10×8": 2}
    draw_stats(stats, tmp_path / "stats.png")
    with Image.open(tmp_path / "stats.png") as image:
        assert image.format == "PNG"
        assert image.width > 1000


def test_progress_is_told(small, harma):
    told = []
    data_stats(
        harma, small.path, splits=["test"], progress=lambda done, total: told.append((done, total))
    )
    assert told == [(1, 1)]


def test_no_files_and_a_file_that_is_no_image(small, harma):
    with pytest.raises(ConfigError, match="names no annotation files"):
        data_stats(DataDescription(name="x"), small.path)
    small.text("images/a.png", "no image")
    with pytest.raises(DataError, match=r"a\.png cannot be read"):
        data_stats(harma, small.path)


def test_equal_files_of_one_split_alone_are_not_told_as_those_of_several(small, harma):
    small.image("b.png", 0)  # as a.png
    stats = data_stats(harma, small.path)
    assert stats.splits[0].equal_files == (("a.png", "b.png"),)
    assert stats.equal_files == ()


def test_no_worker_is_one(small, harma):
    assert data_stats(harma, small.path, num_workers=0).splits[0].num_images == 2


def test_the_most_frequent_words_and_captions_are_named(root, row, harma):
    """Of 51 that are as frequent, the last of the alphabet is left out."""
    words = [f"q{first}{second}" for first in "abcdefg" for second in "stuvwxyz"][:51]
    root.image("a.png")
    root.json("train.json", [row("a.png", 0, word) for word in words])
    stats = data_stats(harma, root.path, splits=["train"])
    assert [word for word, _ in stats.top_words] == words[:50]
    assert [text for text, _ in stats.splits[0].top_captions] == words[:50]
