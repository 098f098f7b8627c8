"""harma explain."""

import numpy as np
import pytest
from PIL import Image

import harma
from harma.cli import main
from harma.cli.explain import _in_words
from harma.evaluation.relevance import Relevance, relevance
from harma.scenes.reading import Reading
from harma.scenes.reading_values import reading_values
from harma.scenes.stretch_rule import parse_stretch


@pytest.fixture
def image(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    # Of one seed: in other noise an untrained model may see nothing that speaks for a text.
    noise = np.random.default_rng(0).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    Image.fromarray(noise).save("a.png")
    return "a.png"


def test_it_writes_the_map_and_says_where_it_peaks(model, image, tmp_path, capsys):
    assert (
        main(["explain", model[1], image, "a river", "--output", "out/map.png", "--grid", "4"]) == 0
    )
    said = capsys.readouterr().out
    assert "of 4" in said
    assert "written: out/map.png" in said
    with Image.open(tmp_path / "out" / "map.png") as picture:
        assert picture.format == "PNG"


def test_a_raster_is_shown_as_those_that_the_model_was_trained_on(model, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    ramp = np.linspace(500, 1500, 40 * 60).reshape(40, 60)
    Image.fromarray(ramp.astype(np.uint16)).save("a.tif")
    loaded = harma.load(model[1])
    loaded.trained_reading = reading_values(Reading(stretch=parse_stretch("0,3000")))
    harma.save(loaded, "trained")
    seen = []

    def keep(model, picture, *more, **options):
        seen.append(np.asarray(picture).max())
        return relevance(model, picture, *more, **options)

    monkeypatch.setattr("harma.evaluation.relevance.relevance", keep)
    for name in (model[1], "trained"):
        command = ["explain", name, "a.tif", "a river", "--output", "map.png", "--grid", "3"]
        assert main(command) == 0
    assert seen == [255, 128], "of 1500 in 0 to 3000: half"


def test_where_it_falls_most_and_where_it_does_not():
    cells = np.full((4, 4), -0.2, dtype=np.float32)
    found = Relevance(0.3, cells, np.zeros((8, 8, 3), dtype=np.uint8))
    assert _in_words(found) == "it falls nowhere: no part of the image speaks for the text"
    cells[1, 3] = 0.25
    assert _in_words(found) == "it falls most, by 0.250, around row 2 and column 4 of 4"


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"--output": "map.jpg"}, "error: --output is map.jpg; name a .png file"),
        ({"--output": "a.png"}, "error: --output is the image itself"),
        ({"--grid": "100"}, "error: grid is 100; allowed are 3 to 64"),
        ({"text": ""}, "error: the text is empty"),
        ({"image": "b.png"}, "error: image b.png is not there"),
    ],
)
def test_errors_come_before_the_model_is_opened(image, changes, message, capsys):
    values = {"image": image, "text": "a river", "--output": "map.png", "--grid": "4", **changes}
    options = [part for key in ("--output", "--grid") for part in (key, values[key])]
    assert main(["explain", "no/such/model", values["image"], values["text"], *options]) == 2
    assert message in capsys.readouterr().err
