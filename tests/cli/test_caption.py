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


def test_five_captions_of_what_can_be_read_and_the_status_says_what_cannot(model, images, capsys):
    captions = [f"{word} field" for word in ("a", "red", "green", "blue", "white", "number")]
    (images[0].parents[2] / "captions.txt").write_text("\n".join(captions))
    options = ["caption", model, "images", "--captions", "captions.txt", "--format", "json"]
    run(*options, status=0)
    shown = capsys.readouterr()
    assert "different" not in shown.err
    found = json.loads(shown.out)
    expected = rank_captions(harma.load(model), images, captions, k=5).scores()
    assert [[one["cosine"] for one in image["captions"]] for image in found] == [
        [pytest.approx(one.cosine, abs=1e-6) for one in scores] for scores in expected
    ]
    images[0].write_bytes(b"x")
    run(*options, "--skip-unreadable", status=1)
    assert len(json.loads(capsys.readouterr().out)) == 3
