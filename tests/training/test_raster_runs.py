"""A run on 16-bit images: what it was trained on is noted, and read alike from then on."""

import json

import numpy as np
import pytest
from PIL import Image
from tests.data.rasters import describe, write_rasters
from tests.training.runs import tiny_values, trained

import harma
from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.index.index import Index
from harma.index.settings import read_settings
from harma.scenes.rendering import read_rgb

KIND = "unknown sensor, uint16, 3 bands"


@pytest.fixture
def data(tmp_path):
    (tmp_path / "data").mkdir()
    return write_rasters(tmp_path / "data").parent


@pytest.mark.parametrize("method", ["harma", "full"])
def test_a_model_keeps_the_range_of_its_training_images(data, tiny_config, tmp_path, method):
    terms = {"contrastive": 1.0}
    values = tiny_values(tiny_config, data, tmp_path / "run", method=method)
    values["loss"]["terms"] = {**dict.fromkeys(values["loss"]["terms"], 0.0), **terms}
    values["data"]["batch_size"] = 3
    run = trained(values)
    split = load_split(load_description(data / "data.yaml"), "test", data)
    model = harma.load(run)
    assert model.trained_reading["ranges"][0]["kind"] == KIND
    # One file alone, which by itself would be shown in another range.
    (path,) = split.images
    right = np.asarray(read_rgb(path, split.reading))
    assert np.abs(np.asarray(read_rgb(path)).astype(int) - right).max() > 20
    by_array = model.embed_images([right])
    np.testing.assert_allclose(model.embed_images([path]), by_array, atol=1e-6)
    # Saved again, evaluated, and in an index: the same.
    harma.save(model, tmp_path / "again")
    assert harma.load(tmp_path / "again").trained_reading == model.trained_reading
    figures = json.loads((run / "metrics.json").read_text())["test"]["metrics"]
    assert harma.evaluate(run).metrics == pytest.approx(figures)
    Index.build(tmp_path / "index", [path], run, num_workers=0, whole=True)
    (known,) = read_settings(tmp_path / "index").reading.ranges
    assert known == split.reading.ranges[0]
    hit = Index.open(tmp_path / "index").search(image=path, k=1)[0]
    assert hit.score > 0.99


def test_a_model_of_fixed_values_reads_with_them(data, tiny_config, tmp_path):
    describe(data, "stretch: 0,4000\n")
    values = tiny_values(tiny_config, data, tmp_path / "run")
    values["data"]["batch_size"] = 3
    values["loss"]["terms"] = {"contrastive": 1.0, "weighted_triplet": 0.0}
    run = trained(values)
    path = data / "images" / "train500.tif"
    Index.build(tmp_path / "index", [path], run, num_workers=0, whole=True)
    assert str(read_settings(tmp_path / "index").reading.stretch) == "fixed:0,4000"
    Index.build(tmp_path / "said", [path], run, num_workers=0, whole=True, stretch="scene:2,98")
    assert str(read_settings(tmp_path / "said").reading.stretch) == "scene:2,98"


def test_a_model_of_plain_pictures_notes_nothing(model, tmp_path):
    harma.save(model[0], tmp_path / "plain")
    assert harma.load(tmp_path / "plain").trained_reading is None
    Image.new("RGB", (8, 8)).save(tmp_path / "a.png")
    Index.build(tmp_path / "index", [tmp_path / "a.png"], tmp_path / "plain", num_workers=0)
    assert read_settings(tmp_path / "index").reading.ranges == ()
