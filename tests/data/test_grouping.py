"""Rows grouped by image: what contradicts itself, and what becomes of empty captions."""

from pathlib import Path

import numpy as np
import pytest

from harma.data.annotations import load_split, read_split
from harma.data.description import DataDescription
from harma.data.grouping import GroupingRules, group_by_image
from harma.data.rows import Annotation, Problem, RowPlace
from harma.errors import DataError


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("a.png", 1), ("b.png", 1)],
            "image_id 1 names 'b.png' here, but 'a.png' in train.json row 0",
        ),
        (
            [("a.png", 1), ("./a.png", 2)],
            "image 'a.png' has image_id 2 here, but 1 in train.json row 0",
        ),
    ],
)
def test_contradicting_ids(small, harma, row, rows, message):
    small.json("train.json", [row(image, image_id, "x") for image, image_id in rows])
    with pytest.raises(DataError) as error:
        load_split(harma, "train", small.path)
    assert str(error.value) == f"train.json row 1: {message}"


def test_contradicting_labels(small, harma, row):
    small.json(
        "train.json",
        [row("a.png", 1, "x", label_name="port"), row("a.png", 1, "y", label_name="pier")],
    )
    with pytest.raises(
        DataError,
        match="row 1: image 'a.png' has label_name 'pier' here, but 'port' in train.json row 0",
    ):
        load_split(harma, "train", small.path)


def test_an_image_in_two_rows(small, harma):
    small.json(
        "val.json", [{"image": "c.png", "caption": ["x"]}, {"image": "c.png", "caption": ["y"]}]
    )
    with pytest.raises(
        DataError,
        match="val.json row 1: image 'c.png' is in val.json row 0 too; give an image one row",
    ):
        load_split(harma, "val", small.path)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "sub/../../x.png", ".", "sub/.."])
def test_images_stay_in_the_image_folder(small, harma, name):
    small.json("val.json", [{"image": name, "caption": ["x"]}])
    with pytest.raises(
        DataError,
        match=r"val.json row 0: image '.*' does not lie in the image folder .*images; name a",
    ):
        load_split(harma, "val", small.path)


def test_absolute_paths_within_the_image_folder(small, harma):
    small.json("val.json", [{"image": str(small.path / "images/c.png"), "caption": ["x"]}])
    assert load_split(harma, "val", small.path).image_names == ("c.png",)
    assert load_split(harma, "val", small.path, images="/").image_names[0].endswith("images/c.png")


def test_empty_captions_are_an_error(small, harma, row):
    small.json("train.json", [row("a.png", 1, "x"), row("a.png", 1, " . "), row("b.png", 2, ".")])
    with pytest.raises(DataError) as error:
        load_split(harma, "train", small.path)
    assert (
        str(error.value)
        == "train.json row 1: caption ' . ' is empty after cleaning; correct it, or drop such"
        " captions with empty_captions: drop (1 more; `harma data check` lists them all)"
    )


def test_empty_captions_can_be_dropped(small, harma, row):
    small.json("train.json", [row("a.png", 1, "x"), row("a.png", 1, "."), row("b.png", 2, ".")])
    split = load_split(harma, "train", small.path, empty_captions="drop")
    assert (split.image_names, split.captions) == (("a.png",), ("x",))
    assert split.dropped == (
        "train.json row 1: caption '.' is empty after cleaning",
        "train.json row 2: caption '.' is empty after cleaning",
        "train.json row 2: image 'b.png' has no caption left",
    )


def test_images_without_captions(small, harma):
    small.json(
        "val.json", [{"image": "c.png", "caption": []}, {"image": "d.png", "caption": ["x"]}]
    )
    with pytest.raises(
        DataError, match="val.json row 0: image 'c.png' has no caption; give it one, or drop"
    ):
        load_split(harma, "val", small.path)
    split = load_split(harma, "val", small.path, empty_captions="drop")
    assert split.image_names == ("d.png",)
    assert split.dropped == ("val.json row 0: image 'c.png' has no caption left",)


def test_nothing_left(small, harma):
    small.json("val.json", [{"image": "c.png", "caption": ["."]}])
    with pytest.raises(DataError, match="val.json: no image of split val has a caption"):
        load_split(harma, "val", small.path, empty_captions="drop")
    description = DataDescription(name="k", format="karpathy", test=("d.json",))
    small.json(
        "d.json", {"images": [{"split": "train", "filename": "a.png", "sentences": [{"raw": "x"}]}]}
    )
    with pytest.raises(DataError, match="d.json: no image of split test has a caption"):
        load_split(description, "test", small.path)


def test_reading_keeps_images_of_faulty_rows(small, harma, row):
    small.json(
        "train.json", [row("a.png", 1, None), row("b.png", 2, "x"), {"caption": "x", "image_id": 3}]
    )
    reading = read_split(harma, "train", small.path)
    assert [str(place) for place in reading.places.values()] == [
        "train.json row 0",
        "train.json row 1",
    ]
    assert [problem.row for problem in reading.problems] == ["row 0", "row 2"]
    assert reading.split.image_names == ("b.png",)


def annotation(file, index, image, *captions, **more):
    return Annotation(RowPlace(file, f"row {index}"), image, captions, **more)


def grouped(*items, drop_empty=False, max_words=30):
    rules = GroupingRules(Path("/images"), max_words, drop_empty)
    return group_by_image(items, rules, split="train", files=("a.json", "b.json"))


def test_the_file_is_part_of_an_images_key():
    """Ids and rows of two files may repeat each other's; that the image comes twice is told."""
    reading = grouped(
        annotation("a.json", 0, "x.png", "one", image_id=1),
        annotation("b.json", 0, "y.png", "two", image_id=1),
        annotation("b.json", 1, "./x.png", "three", image_id=2),
    )
    assert reading.problems == ()
    assert reading.split.image_names == ("x.png", "y.png", "x.png")
    assert reading.places[Path("/images/x.png")] == RowPlace("a.json", "row 0")
    assert reading.repeated == ((Path("/images/x.png"), RowPlace("b.json", "row 1")),)
    assert reading.files == ("a.json", "b.json")


def test_what_one_row_does_not_say_contradicts_nothing():
    reading = grouped(
        annotation("a.json", 0, "x.png", "one", label_name="port"),
        annotation("a.json", 1, "x.png", "two", label=3),
        annotation("a.json", 2, "x.png", "three", label_name="pier"),
    )
    # The third differs from the first; its captions are left out, those of the others stay.
    assert [problem.row for problem in reading.problems] == ["row 2"]
    assert reading.split.captions == ("one", "two")


def test_captions_are_cut_and_owned():
    reading = grouped(
        annotation("a.json", 0, "x.png", "One, two three"),
        annotation("a.json", 1, "y.png", "four"),
        annotation("a.json", 2, "x.png", "five six seven"),
        max_words=2,
    )
    assert reading.split.captions == ("one two", "five six", "four")
    assert reading.split.caption_to_image.tolist() == [0, 0, 1]
    assert reading.split.caption_to_image.dtype == np.int64
    assert reading.split.image_sources == ("a.json row 0", "a.json row 1")


def test_a_faulty_row_is_not_told_as_empty_once_more():
    problem = Problem("a.json", "row 0", "caption is null")
    rows = (problem, annotation("a.json", 0, "x.png", faulty=True))
    assert grouped(*rows).problems == (problem,)
    assert grouped(*rows, drop_empty=True).split.dropped == ()
