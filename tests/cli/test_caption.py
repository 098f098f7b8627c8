"""harma caption."""

import json

import pytest
from tests.cli.labelled_images import run, write_pictures

import harma
from harma.model.caption_ranking import rank_captions


@pytest.fixture(scope="module")
def model(model):
    """Where the tiny model is."""
    return model[1]


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Pictures below the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_pictures(tmp_path / "images")


def test_captions(model, images, tmp_path, capsys):
    captions = ["a river", "trees", "a road beside a river"]
    (tmp_path / "captions.json").write_text(json.dumps([*captions, "trees"]))
    run("caption", model, "images", "--captions", "captions.json", "-k", "2", "--format", "json")
    shown = capsys.readouterr()
    assert "4 captions, 3 of them different" in shown.err
    expected = rank_captions(harma.load(model), images, captions, k=2)
    found = json.loads(shown.out)
    assert [[one["caption"] for one in image["captions"]] for image in found] == [
        [captions[number] for number in row] for row in expected.order
    ]
    run("caption", model, "images", "--captions", "captions.json")
    assert "a road beside a river" in capsys.readouterr().out
