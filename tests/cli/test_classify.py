"""harma classify."""

import csv
import io
import json
from dataclasses import asdict

import numpy as np
import pytest
from tests.cli.labelled_images import run, write_pictures

import harma
from harma.cli import main
from harma.curation.vocabulary.terms import build_vocabulary
from harma.model.zeroshot import classify


@pytest.fixture(scope="module")
def model(model):
    """Where the tiny model is."""
    return model[1]


@pytest.fixture
def images(tmp_path, monkeypatch):
    """Pictures below the working directory."""
    monkeypatch.chdir(tmp_path)
    return write_pictures(tmp_path / "images")


def test_classes_in_every_format(model, images, capsys):
    run(
        "classify",
        model,
        "images",
        "--classes",
        "river, forest,storageTanks",
        "-k",
        "2",
        "--format",
        "json",
    )
    found = json.loads(capsys.readouterr().out)
    assert [image["image"] for image in found] == [
        f"images/{folder}/{i}.png" for folder in ("river", "storage_tanks") for i in (0, 1)
    ]
    expected = classify(harma.load(model), images, ["river", "forest", "storageTanks"])
    for row, image in enumerate(found):
        best = np.argsort(-expected.cosines[row])[:2]
        assert [one["class"] for one in image["classes"]] == [expected.classes[c] for c in best]
        probabilities = [one["probability"] for one in image["classes"]]
        assert probabilities == pytest.approx(expected.probabilities[row, best], abs=1e-5)
    run("classify", model, "images/*/0.png", "--classes", "river,forest", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(capsys.readouterr().out)))
    assert [row["rank"] for row in rows] == ["1", "2", "1", "2"]
    assert set(rows[0]) == {"image", "rank", "class", "probability", "cosine"}
    run("classify", model, "images/river/0.png", "--classes", "[b]river[/b],forest")
    assert "[b]river[/b]" in capsys.readouterr().out


def test_classes_and_templates_from_files(model, images, tmp_path, capsys):
    (tmp_path / "classes.txt").write_text("river\nforest\n")
    (tmp_path / "templates.txt").write_text("{} from above\n")
    options = ["--classes", "classes.txt", "--templates", "templates.txt", "--format", "json"]
    run("classify", model, "images", *options)
    found = json.loads(capsys.readouterr().out)
    expected = classify(harma.load(model), images, ["river", "forest"], templates=["{} from above"])
    assert found[0]["classes"][0]["cosine"] == pytest.approx(
        float(expected.cosines[0].max()), abs=1e-5
    )
    assert main(["classify", model, "images", "--classes", "clases.txt"]) == 2
    assert "there is no file clases.txt" in capsys.readouterr().err


def vocabulary():
    found = build_vocabulary(
        ["a boat on a river", "boats", "pipes beside tanks"],
        labels=["River", "River", "storage_tanks"],
        min_count=1,
    )
    return json.dumps(asdict(found))


def test_prompts_name_what_a_vocabulary_says_of_classes(model, images, tmp_path, capsys):
    (tmp_path / "terms.json").write_text(vocabulary())
    options = [
        "--classes",
        "river,forest,storageTanks",
        "--vocabulary",
        "terms.json",
        "-k",
        "3",
        "--format",
        "json",
    ]
    run("classify", model, "images/river/0.png", *options)
    shown = capsys.readouterr()
    assert "without terms in terms.json, plain prompts: forest\n" in shown.err
    classes = ["river", "forest", "storageTanks"]
    terms = {"river": ("boat",), "storageTanks": ("pipe",)}
    expected = classify(harma.load(model), images[:1], classes, terms=terms).cosines[0]
    found = {one["class"]: one["cosine"] for one in json.loads(shown.out)[0]["classes"]}
    assert [found[name] for name in classes] == pytest.approx(expected, abs=1e-5)
    plain = classify(harma.load(model), images[:1], classes).cosines[0]
    assert (np.abs(plain - expected) > 1e-5).tolist() == [True, False, True]


@pytest.mark.parametrize(
    ("content", "options", "message"),
    [
        (
            None,
            [],
            (
                "the vocabulary v.json is not there; `harma data vocabulary DATA --json v.json`"
                " writes one"
            ),
        ),
        ("{", [], "v.json: it is not JSON"),
        ("[]", [], "v.json is no vocabulary"),
        (
            '{"terms": [{"text": "boat"}], "labels": ["sea"]}',
            [],
            r"terms[0] needs a text, and tfidf",
        ),
        (
            '{"terms": [], "labels": []}',
            [],
            "has no labels; make it of a data set whose images have label_name",
        ),
        (
            '{"terms": [{"text": "boat", "tfidf": {"sea": 1}}], "labels": ["sea"]}',
            [],
            "its labels are sea",
        ),
        ("", ["--terms", "2"], "--terms is given without --vocabulary"),
    ],
)
def test_vocabularies_that_cannot_be_used(
    model, images, tmp_path, capsys, content, options, message
):
    if content:
        (tmp_path / "v.json").write_text(content)
    given = options or ["--vocabulary", "v.json"]
    run("classify", model, "images", "--classes", "river,forest", *given, status=2)
    assert message in capsys.readouterr().err


def test_accuracy_of_folders(model, images, capsys):
    run("classify", model, "images", "--classes", "river,storage tanks", "--folder-labels")
    table = capsys.readouterr().out
    predicted = classify(harma.load(model), images, ["river", "storage tanks"]).predicted
    right = int((predicted == [0, 0, 1, 1]).sum())
    line = next(line for line in table.splitlines() if "all images" in line)
    assert line.split() == ["all", "images", str(right), "4", f"{25 * right:.2f}"]
    assert "images/river" not in table
    run(
        "classify",
        model,
        "images",
        "--classes",
        "river,storage tanks",
        "--folder-labels",
        "--format",
        "json",
    )
    shown = capsys.readouterr()
    assert [image["label"] for image in json.loads(shown.out)] == ["river"] * 2 + [
        "storage_tanks"
    ] * 2
    assert "mean of classes" in shown.err
    run("classify", model, "images", "--classes", "river,forest", "--folder-labels", status=2)
    assert "1 labels are none of the classes: storage_tanks" in capsys.readouterr().err


def test_the_status_says_that_images_were_left_out(model, images, capsys):
    images[0].write_bytes(b"x")
    options = ["classify", model, "images", "--classes", "river,storage tanks"]
    run(*options, "--skip-unreadable", status=1)
    assert "1 images cannot be read and are left out" in capsys.readouterr().err
    run(*options, "--skip-unreadable", "--folder-labels", status=1)
    run(*options, status=2)


def test_three_classes_unless_said_otherwise_and_what_names_a_file(model, images, capsys):
    def names(given):
        options = ["--classes", given, "--format", "json"]
        run("classify", model, "images/river/0.png", *options)
        (image,) = json.loads(capsys.readouterr().out)
        assert "label" not in image
        return {one["class"] for one in image["classes"]}

    assert len(names("river,forest,sea,field")) == 3
    assert names("river,forest.txt") == {"river", "forest.txt"}, "a comma makes it a list"
    folder = images[0].parents[2]
    (folder / "classes").write_text("sea\nfield\n")
    assert names("classes") == {"sea", "field"}, "a file, whatever its suffix"
    for given in ("gone.json", "gone.csv", "gone.TXT"):
        run("classify", model, "images", "--classes", given, status=2)
        assert f"there is no file {given}" in capsys.readouterr().err


def test_right_of_each_class_in_percent(model, images, capsys):
    """The tiny model knows nothing: its answers are counted class by class."""
    run("classify", model, "images", "--classes", "river,storage_tanks", "--folder-labels")
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    predicted = classify(harma.load(model), images, ["river", "storage_tanks"]).predicted
    for name, number, picked in (("river", 0, predicted[:2]), ("storage_tanks", 1, predicted[2:])):
        right = int((picked == number).sum())
        assert [name, str(right), "2", f"{50 * right:.2f}"] in lines
