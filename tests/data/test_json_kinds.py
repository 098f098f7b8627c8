"""JSON files of captions told apart by their outer form, and named where another was expected."""

import pytest
from tests.data.reading import read

from harma.data.json_kinds import is_by_class, is_image_file, json_format, other_format

HARMA = [{"image": "a.jpg", "caption": "x"}]
KARPATHY = {"images": [{"filename": "a.jpg", "split": "train", "sentences": [{"raw": "x"}]}]}
COCO = {
    "images": [{"id": 1, "file_name": "a.jpg"}],
    "annotations": [{"id": 1, "image_id": 1, "caption": "x"}],
}
NWPU = {"airplane": [{"filename": "airplane_001.jpg", "raw": "x", "split": "train"}]}
CONTENTS = {"harma": HARMA, "karpathy": KARPATHY, "coco": COCO, "nwpu": NWPU}
PEOPLE_SAY = {
    "harma": "a list of rows",
    "karpathy": "a Karpathy file",
    "coco": "COCO captions",
    "nwpu": "NWPU-Captions",
}


@pytest.mark.parametrize("form", CONTENTS)
def test_formats(form):
    assert json_format(CONTENTS[form]) == form


@pytest.mark.parametrize("content", [3, "x", None, [], [1], {}, {"a": 1}, {"a": []}, {"a": [1]}])
def test_no_format(content):
    assert json_format(content) is None
    assert other_format(content, "harma") == ""


def test_empty_files_of_images_are_karpathys():
    assert json_format({"images": []}) == "karpathy"
    assert json_format({"images": [], "annotations": []}) == "coco"
    assert json_format({"images": [{"file_name": "a.jpg"}]}) == "coco"


def test_outer_forms():
    assert is_image_file(COCO)
    assert not is_image_file(NWPU)
    assert is_by_class(NWPU)
    assert not is_by_class({**NWPU, "info": {}})


# Each of the four read as each of the others: nobody should have to guess twice.
@pytest.mark.parametrize("read_as", CONTENTS)
@pytest.mark.parametrize("form", CONTENTS)
def test_the_right_format_is_named(root, form, read_as):
    root.json("t.json", CONTENTS[form])
    rows, problems = read(read_as, root, "t.json")
    if form == read_as:
        assert problems == []
        assert len(rows) == 1
    else:
        assert rows == []
        (problem,) = problems
        assert problem.startswith("t.json: holds ")
        assert problem.endswith(f"for {PEOPLE_SAY[form]}, which this is, write format: {form}")


def test_instances_are_no_captions(root):
    instances = {**COCO, "annotations": [{"id": 1, "image_id": 1, "bbox": [0, 0, 1, 1]}]}
    root.json("t.json", instances)
    (problem,) = read("karpathy", root, "t.json")[1]
    assert problem.endswith(
        "this is COCO without captions: take captions_….json in place of instances_….json"
    )
