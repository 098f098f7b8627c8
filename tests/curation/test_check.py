from dataclasses import replace

import pytest

from harma.curation.check import check_data
from harma.data.description import DataDescription, load_description
from harma.errors import ConfigError, MissingFileError


def test_nothing_wrong(small, harma):
    told = []
    report = check_data(harma, small.path, progress=lambda done, total: told.append((done, total)))
    assert report.problems == ()
    assert report.sizes == {"train": (2, 3), "val": (1, 2), "test": (1, 1)}
    assert told[-1] == (4, 4)


def test_finds_everything_at_once(broken, harma):
    report = check_data(harma, broken.path, num_workers=2)
    found = [(problem.file, problem.row, problem.what) for problem in report.problems]
    expected = [
        ("train.json", "row 1", "caption '.' is empty after cleaning"),
        ("train.json", "row 2", 'caption is ["x"]; it must be text'),
        ("train.json", "row 3", "image_id 7 names 'b.png' here, but 'a.png' in train.json row 0"),
        ("train.json", "row 4", "caption is null; it must be text"),
        ("train.json", "row 4", "empty.png is empty (0 bytes)"),
        ("train.json", "row 5", "cut.png is truncated or damaged"),
        (
            "train.json",
            "row 6",
            "text.jpg is not an image that can be read (it begins with b'hello')",
        ),
        ("train.json", "row 7", "gone.png is not there"),
        ("train.json", "row 8", "image '../out.png' does not lie in the image folder"),
        ("train.json", "row 9", 'is "text"; a row is an object'),
        (
            "val.json",
            "row 1",
            "a.png of val is in train too (train.json row 0); keep it in one split only",
        ),
        ("test.json", "", "is not JSON (Expecting value: line 1 column 2 (char 1))"),
    ]
    assert [place[:2] for place in found] == [place[:2] for place in expected]
    for (_, _, what), (_, _, part) in zip(found, expected, strict=True):
        assert part in what
    assert report.sizes == {"train": (5, 6), "val": (2, 2), "test": (0, 0)}


def test_an_image_in_two_files_of_a_split(small, harma, row):
    small.json("more.json", [row("a.png", 1, "x")])
    report = check_data(replace(harma, train=("train.json", "more.json")), small.path)
    (problem,) = report.problems
    assert str(problem).startswith("more.json row 0: image ")
    assert (
        "a.png is in train.json row 0 too: its pairs count as each other's negatives"
        in problem.what
    )


def test_a_shared_file_is_reported_once(small):
    small.json(
        "d.json",
        {"images": [{"split": "train", "filename": "a.png", "sentences": [{"raw": "x"}]}, 3]},
    )
    description = DataDescription(name="k", format="karpathy", train=("d.json",), val=("d.json",))
    problems = check_data(description, small.path).problems
    assert [str(problem).split(";")[0] for problem in problems] == ["d.json row 1: is 3"]


def test_dropping_and_choosing(broken, harma):
    report = check_data(harma, broken.path, splits=["train"], empty_captions="drop")
    assert list(report.sizes) == ["train"]
    assert report.dropped == ("train.json row 1: caption '.' is empty after cleaning",)
    assert "row 1" not in {problem.row for problem in report.problems}


def test_what_cannot_be_checked(small, harma):
    with pytest.raises(MissingFileError, match="the data root .* is not a folder"):
        check_data(harma, small.path / "nowhere")
    with pytest.raises(ConfigError, match="small has no files for split 'dev'"):
        check_data(harma, small.path, splits=["dev"])
    with pytest.raises(
        ConfigError, match="data set harma-json names no annotation files; add train, val or test"
    ):
        check_data(load_description("harma-json"), small.path)


def test_an_image_of_two_splits_that_cannot_be_read_is_told_where_it_is_named_first(small, harma):
    (small.path / "images" / "c.png").write_bytes(b"")
    small.json("test.json", [{"image": "c.png", "caption": ["x"]}])
    problems = check_data(harma, small.path).problems
    assert [(problem.file, problem.what.split(" is ")[1]) for problem in problems] == [
        ("val.json", "empty (0 bytes); copy it again or remove it"),
        ("test.json", "in val too (val.json row 0); keep it in one split only"),
    ]


def test_no_worker_is_one(small, harma):
    assert check_data(harma, small.path, num_workers=0).problems == ()
