import json
from dataclasses import replace

import pytest

from harma.cli import main
from harma.curation.check import check_data
from harma.data.description import DataDescription, load_description
from harma.errors import ConfigError, MissingFileError


@pytest.fixture
def broken(small, row):
    """Everything that can be wrong, once."""
    images = small.path / "images"
    small.json(
        "train.json",
        [
            row("a.png", 7, "A river."),
            row("b.png", 3, "."),
            row("b.png", 3, ["x"]),
            row("b.png", 7, "x"),
            row("empty.png", 8, None),
            row("cut.png", 9, "x"),
            row("text.jpg", 10, "x"),
            row("gone.png", 11, "x"),
            row("../out.png", 12, "x"),
            "text",
            row("good.png", 13, "x"),
            row("good.png", 13, "y"),
        ],
    )
    small.json(
        "val.json", [{"image": "c.png", "caption": ["x"]}, {"image": "a.png", "caption": ["y"]}]
    )
    small.text("test.json", "[")
    (images / "empty.png").write_bytes(b"")
    (images / "cut.png").write_bytes((images / "a.png").read_bytes()[:-30])
    (images / "text.jpg").write_text("hello")
    small.image("good.png")
    return small


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


# -- harma data check


@pytest.fixture
def description(small):
    return str(small.text("data.yaml", "train: train.json\nval: val.json\ntest: test.json\n"))


def test_command_without_problems(small, description, capsys):
    assert main(["data", "check", description]) == 0
    out, err = capsys.readouterr()
    assert out.splitlines() == [
        "train: 2 images, 3 captions",
        "val: 1 images, 2 captions",
        "test: 1 images, 1 captions",
        "0 problems",
    ]
    assert err == ""


def test_command_groups_problems_by_file(broken, description, capsys, tmp_path):
    assert (
        main(
            [
                "data",
                "check",
                description,
                "--json",
                str(tmp_path / "p.json"),
                "--splits",
                "val",
                "test",
            ]
        )
        == 1
    )
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "test.json: 1 problem"
    assert lines[1].endswith("is not JSON (Expecting value: line 1 column 2 (char 1))")
    assert lines[2:] == ["val: 2 images, 2 captions", "test: 0 images, 0 captions", "1 problem"]
    assert json.loads((tmp_path / "p.json").read_text()) == [
        {
            "file": "test.json",
            "row": "",
            "what": "is not JSON (Expecting value: line 1 column 2 (char 1))",
        }
    ]


def test_command_never_cuts_lines(broken, description, capsys):
    assert (
        main(["data", "check", description, "--root", str(broken.path), "--empty-captions", "drop"])
        == 1
    )
    out = capsys.readouterr().out
    assert (
        "  row 4   caption is null; it must be text" in out
        or "  row 4  caption is null; it must be text" in out
    )
    assert f"image {broken.path}/images/gone.png is not there" in out
    assert "dropped: 1 without words" in out
    assert out.splitlines()[-1] == "11 problems"


def test_command_needs_a_root(capsys):
    assert main(["data", "check", "ucm"]) == 2
    assert (
        "error: --root is not given; name the folder that holds ucm's files"
        in capsys.readouterr().err
    )
