"""NWPU-Captions: images by class with five captions, and everything wrong with its place."""

import pytest
from tests.data.reading import read

from harma.curation.check import check_data
from harma.curation.convert import convert
from harma.data.annotations import load_split, read_split
from harma.data.caption_lists import read_texts
from harma.data.description import DataDescription
from harma.errors import HarmaError


def entry(filename="airplane_001.jpg", split="train", **more):
    five = {"raw": "one", **{f"raw_{number}": f"raw {number}" for number in (1, 2, 3, 4)}}
    ids = {"imgid": 0, "sentids": 0, **{f"sentids_{number}": number for number in (1, 2, 3, 4)}}
    return {"filename": filename, "split": split, **five, **ids, **more}


def test_rows_and_splits(root):
    content = {
        "airplane": [entry(), entry("airplane_002.jpg", "val")],
        "storage tank": [entry("x/tank.jpg", raw_10="eleven", raw_4="five")],
    }
    root.json("dataset_nwpu.json", content)
    rows, problems = read("nwpu", root, "dataset_nwpu.json")
    assert problems == []
    # A path in the file stays as it is.
    assert [(row.image, row.label_name) for row in rows] == [
        ("airplane/airplane_001.jpg", "airplane"),
        ("x/tank.jpg", "storage tank"),
    ]
    assert rows[0].captions == ("one", "raw 1", "raw 2", "raw 3", "raw 4")
    assert rows[1].captions == ("one", "raw 1", "raw 2", "raw 3", "five", "eleven")
    assert str(rows[1].place) == "dataset_nwpu.json storage tank row 0"
    (row,), _ = read("nwpu", root, "dataset_nwpu.json", split="val")
    assert row.image == "airplane/airplane_002.jpg"


def test_a_data_set(root):
    names = {"train": "bridge_1.png", "val": "bridge_2.png", "test": "bridge_3.png"}
    for name in names.values():
        root.image(f"bridge/{name}")
    root.json("d.json", {"bridge": [entry(name, split) for split, name in names.items()]})
    files = ("d.json",)
    description = DataDescription("x", "nwpu", train=files, val=files, test=files)
    report = check_data(description, root.path)
    assert report.problems == ()
    assert report.sizes == {"train": (1, 5), "val": (1, 5), "test": (1, 5)}
    split = load_split(description, "test", root.path)
    assert (split.image_names, split.label_names) == (("bridge/bridge_3.png",), ("bridge",))
    assert len(read_texts(root.path / "d.json")) == 15
    made = convert(description, root.path, "harma", root.path)
    assert made.lost == ()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ({"a": [entry(split="dev")]}, 'd.json a row 0: split is "dev"; it must be one of train'),
        ({"a": [entry(), "x"]}, 'd.json a row 1: is "x"; a row is an object with filename'),
        ({"a": [entry(3)]}, "d.json a row 0: filename is 3; it must be the name of a file"),
        ({"a": [entry(raw_2=None)]}, "d.json a row 0: raw_2 is null; it must be text"),
        ({"a": 3}, "format nwpu is an object of classes, each a list of images"),
        ({}, "format nwpu is an object of classes"),
        ([], "format nwpu is an object of classes"),
    ],
)
def test_bad_values(root, content, message):
    root.json("d.json", content)
    (problem,) = read("nwpu", root, "d.json")[1]
    assert message in problem


def test_images_without_captions_are_named(root):
    root.image("a/x.png")
    root.json("d.json", {"a": [{"filename": "x.png", "split": "train"}]})
    description = DataDescription("x", "nwpu", train=("d.json",))
    (problem,) = check_data(description, root.path).problems
    assert "image 'a/x.png' has no caption" in str(problem)


def test_images_in_one_folder(root, tmp_path):
    for name in ("bridge_1.png", "farm_1.png"):
        root.image(name)
    content = {
        "bridge": [entry("bridge_1.png")],
        "farm": [entry("farm_1.png"), entry("farm_2.png", "val")],
    }
    root.json("d.json", content)
    description = DataDescription("x", "nwpu", train=("d.json",))
    split = load_split(description, "train", root.path)
    assert split.image_names == ("bridge_1.png", "farm_1.png")
    assert split.label_names == ("bridge", "farm")
    made = convert(description, root.path, "csv", root.path / "csv")
    assert made.files["train.csv"].splitlines()[1] == "bridge_1.png,one,bridge"
    # Where both are there the class's folder is meant.
    root.image("bridge/bridge_1.png")
    reading = read_split(description, "train", root.path)
    assert reading.split.image_names == ("bridge/bridge_1.png", "farm/farm_1.png")


def test_a_name_that_no_file_can_have(root):
    name = 300 * "x" + ".png"
    root.json("d.json", {"bridge": [entry(name)]})
    description = DataDescription("x", "nwpu", train=("d.json",))
    with pytest.raises(HarmaError, match="x{300}.png"):
        load_split(description, "train", root.path)
