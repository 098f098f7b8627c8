"""COCO captions: images with their captions, and everything wrong with its place."""

import pytest
from tests.data.reading import read

from harma.curation.check import check_data
from harma.curation.convert import convert
from harma.data.annotations import load_split
from harma.data.caption_lists import read_texts
from harma.data.description import DataDescription

IMAGES = [{"id": 7, "file_name": "a.png"}, {"id": 3, "file_name": "sub/b.png", "license": 1}]


def annotation(image_id, caption, **more):
    return {"id": 0, "image_id": image_id, "caption": caption, **more}


def coco(images=IMAGES, annotations=None, **more):
    if annotations is None:
        annotations = [annotation(3, "one"), annotation(7, "two"), annotation(3, "three")]
    return {"info": {}, "images": images, "annotations": annotations, **more}


def test_rows(root):
    root.json("t.json", coco())
    rows, problems = read("coco", root, "t.json")
    assert problems == []
    assert [(row.image, row.captions, row.image_id, row.whole) for row in rows] == [
        ("a.png", ("two",), 7, True),
        ("sub/b.png", ("one", "three"), 3, True),
    ]
    assert str(rows[1].place) == "t.json row 1"


def test_ids_may_be_text(root):
    images = [{"id": "x", "file_name": "a.png"}]
    root.json("t.json", coco(images, [annotation("x", "one")]))
    rows, problems = read("coco", root, "t.json")
    assert (problems, rows[0].captions, rows[0].image_id) == ([], ("one",), None)


# The file is the split, several files make one too.
def test_splits_and_lists_of_texts(root):
    for name in ("a.png", "sub/b.png"):
        root.image(name)
    root.json("captions_train2017.json", coco())
    root.json("captions_val2017.json", coco(IMAGES[:1], [annotation(7, "four")]))
    description = DataDescription(
        "x", "coco", train=("captions_train2017.json",), val=("captions_val2017.json",)
    )
    train = load_split(description, "train", root.path)
    assert train.image_names == ("a.png", "sub/b.png")
    assert train.captions == ("two", "one", "three")
    assert load_split(description, "val", root.path).captions == ("four",)
    assert read_texts(root.path / "captions_train2017.json") == ["two", "one", "three"]
    made = convert(description, root.path, "csv", root.path, splits=["train"])
    assert made.files["train.csv"].splitlines()[1:] == [
        "a.png,two", "sub/b.png,one", "sub/b.png,three",
    ]  # fmt: skip
    assert made.lost[0] == "keys that no format of HarMA has: info (of the file), license"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (coco(annotations=[annotation(8, "x")]), "annotation 0: image_id is 8, which is the id of"),
        (coco(annotations=[annotation(None, "x")]), "annotation 0: image_id is null; it must be"),
        (coco(annotations=[annotation(7, 3)]), "annotation 0: caption is 3; it must be text"),
        (coco(annotations=[annotation(7, None)]), "annotation 0: caption is null; it must be"),
        (coco(annotations=["x"]), "this is COCO without captions"),
        (coco(annotations=[annotation(7, "x"), "x"]), 'annotation 1: is "x"; an annotation is'),
        (coco([*IMAGES, {"id": 7, "file_name": "c.png"}]), "row 2: id is 7, as that of t.json row"),
        (coco([*IMAGES, {"id": 9}]), "row 2: file_name is missing; it must be a relative path"),
        (coco([*IMAGES, {"file_name": "c.png"}]), "row 2: id is missing; it must be a number"),
        (coco([*IMAGES, {"id": [1], "file_name": "c.png"}]), "row 2: id is [1]; it must be"),
        (coco([*IMAGES, 3]), "row 2: is 3; an image is an object with id and file_name"),
        ({"images": IMAGES}, "this is COCO without captions"),
        ({"images": 3}, "format coco is an object with images (id, file_name) and annotations"),
        ([], "format coco is an object with images"),
        (3, "holds 3; format coco"),
    ],
)
def test_bad_values(root, content, message):
    root.json("t.json", content)
    problems = read("coco", root, "t.json")[1]
    assert any(message in problem for problem in problems), problems


@pytest.mark.parametrize("data", [b"", b"{", b"[" * 100_000, b"\xed\xa0\x80"])
def test_files_that_are_no_json(root, data):
    (root.path / "t.json").write_bytes(data)
    (problem,) = read("coco", root, "t.json")[1]
    assert "is not JSON" in problem or "is not UTF-8" in problem


def test_problems_of_images_and_annotations(root):
    for name in ("a.png", "sub/b.png"):
        root.image(name)
    root.json("t.json", coco(annotations=[annotation(7, "x"), annotation(9, "y")]))
    report = check_data(DataDescription("x", "coco", train=("t.json",)), root.path)
    assert {problem.row for problem in report.problems} == {"row 1", "annotation 1"}
    assert report.sizes["train"] == (1, 1)
