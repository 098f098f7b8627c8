"""Images that verbs are given: unreadable ones, addresses, how answers are printed."""

import csv
import io
import json

import pytest
from tests.cli.labelled_images import run, write_pictures

from harma.cli import main
from harma.cli.images import ImageAnswers, print_answers, shown


@pytest.fixture(scope="module")
def model(model):
    """Where the tiny model is."""
    return model[1]


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Pictures below the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_pictures(tmp_path / "images")


def test_what_cannot_be_read_is_named_and_left_out_only_when_asked(model, images, capsys):
    images[0].write_bytes(b"x")
    options = ["classify", model, "images", "--classes", "river,forest", "--format", "json"]
    run(*options, status=2)
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "1 of 4 images cannot be read" in shown.err
    run(*options, "--skip-unreadable", status=1)
    shown = capsys.readouterr()
    assert len(json.loads(shown.out)) == 3
    assert "1 images cannot be read and are left out" in shown.err
    assert "0.png" in shown.err


def test_addresses_are_not_images(model, capsys):
    assert main(["classify", model, "https://example.org/a.tif", "--classes", "a,b"]) == 2
    assert "is an address; images are read from files" in capsys.readouterr().err


ANSWERS = [
    ImageAnswers("a.png", [{"class": "sea", "cosine": 0.25}, {"class": "[b]x", "cosine": 0.125}]),
    ImageAnswers("b.png", [{"class": "lake", "cosine": 0.5}]),
]


def test_answers_as_json(capsys):
    print_answers([*ANSWERS, ImageAnswers("c.png", [], label="")], "classes", "json")
    printed = json.loads(capsys.readouterr().out)
    assert printed[1] == {"image": "b.png", "classes": [{"class": "lake", "cosine": 0.5}]}
    assert printed[2] == {"image": "c.png", "label": "", "classes": []}


def test_answers_as_csv_have_a_row_each(capsys):
    print_answers(ANSWERS, "classes", "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [list(row.values()) for row in rows] == [
        ["a.png", "1", "sea", "0.25"],
        ["a.png", "2", "[b]x", "0.125"],
        ["b.png", "1", "lake", "0.5"],
    ]


def test_a_table_names_an_image_once_and_takes_nothing_for_markup(capsys):
    print_answers(ANSWERS, "classes", "table")
    lines = [line.split() for line in capsys.readouterr().out.splitlines() if line.strip()]
    assert lines[0] == ["image", "class", "cosine"]
    assert lines[2:] == [
        ["a.png", "1", "sea", "0.250"],
        ["2", "[b]x", "0.125"],
        ["b.png", "1", "lake", "0.500"],
    ]


def test_paths_are_printed_from_here_if_they_lie_below(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert shown(tmp_path / "a" / "b.png") == "a/b.png"
    assert shown(tmp_path.parent / "b.png") == str(tmp_path.parent / "b.png")
