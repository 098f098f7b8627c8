"""harma data check: how problems are listed."""

import json

import pytest
from tests.curation.conftest import broken, harma, root, row, small

from harma.cli import main

__all__ = ["broken", "harma", "root", "row", "small"]


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


def test_images_may_lie_elsewhere(small, description, capsys):
    elsewhere = small.path / "pictures"
    (small.path / "images").rename(elsewhere)
    assert main(["data", "check", description]) == 1
    assert "4 problems" in capsys.readouterr().out.splitlines()[-1]
    assert main(["data", "check", description, "--images", str(elsewhere)]) == 0
    assert capsys.readouterr().out.splitlines()[-1] == "0 problems"


def test_captions_that_are_too_long_are_counted(small, description, capsys):
    rare = "antidisestablishmentarianism " * 30
    small.json("val.json", [{"image": "c.png", "caption": ["a bridge", "word " * 40, rare]}])
    assert main(["data", "check", description, "--splits", "val"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "val: 1 images, 3 captions",
        "long: 1 captions have more than 30 words; those behind are left out in training"
        " (data.max_words)",
        "long: 1 captions have more than 77 tokens in their first words; CLIP does not read those"
        " behind",
        "0 problems",
    ]
