"""The data set of spectral scenes: GeoTIFFs that say what they hold, with captions."""

import json

import numpy as np
import pytest
import rasterio

from harma.cli import main
from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.data.synthetic.spectral_dataset import make_spectral_scenes
from harma.errors import ConfigError, DataError
from harma.scenes.model_bands import BAND_SETS
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.windows import Window

FEW = {"train": 3, "val": 2, "test": 2, "size": 16, "captions": 2}


def test_scenes_are_read_as_reflectance(tmp_path):
    data = make_spectral_scenes(tmp_path / "a", **FEW)
    split = load_split(load_description(data), "train", data.parent)
    assert (split.num_images, split.num_captions) == (3, 6)
    path = split.images[0]
    with rasterio.open(path) as dataset:
        assert dataset.descriptions == ("B02", "B03", "B04", "B08")
        stored = dataset.read()
        assert dataset.crs.to_epsg() == 32632
    with open_scene(str(path), Reading(values=BAND_SETS["sentinel-2-4"])) as scene:
        values, nodata = scene.read_values(Window(0, 0, 16, 16))
        assert scene.facts.bands == (3, 2, 1)
    assert nodata == 0
    np.testing.assert_allclose(np.moveaxis(values, -1, 0), stored * 1e-4 - 0.1, atol=1e-6)


def test_the_same_arguments_give_the_same_values_and_are_kept(tmp_path):
    first = make_spectral_scenes(tmp_path / "a", **FEW).parent
    second = make_spectral_scenes(tmp_path / "b", **FEW).parent
    name = "images/test_00001.tif"
    with rasterio.open(first / name) as one, rasterio.open(second / name) as two:
        np.testing.assert_array_equal(one.read(), two.read())
    assert (first / "train.json").read_bytes() == (second / "train.json").read_bytes()
    before = (first / name).stat().st_mtime_ns
    make_spectral_scenes(first, **FEW)
    assert (first / name).stat().st_mtime_ns == before
    (first / name).unlink()
    make_spectral_scenes(first, **FEW)
    assert (first / name).is_file()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"train": 0}, "train is 0; it must be 1 or more"),
        ({"captions": 0}, "captions is 0; it must be 1 or more"),
        ({"size": 8}, "size is 8; it must be 16 to 1024 pixels"),
        ({"seed": -1}, "seed is -1; it must not be negative"),
    ],
)
def test_arguments_are_checked(tmp_path, changes, message):
    with pytest.raises(ConfigError, match=message):
        make_spectral_scenes(tmp_path / "a", **{**FEW, **changes})


def test_other_files_are_not_replaced(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(DataError, match="holds other files too"):
        make_spectral_scenes(tmp_path, **FEW)


def test_the_command_draws_them(tmp_path, capsys):
    options = [f"--{name}={value}" for name, value in FEW.items()]
    assert main(["data", "scenes", str(tmp_path / "a"), "--look", "spectral", *options]) == 0
    assert "data.yaml" in capsys.readouterr().out
    assert json.loads((tmp_path / "a" / "made_from.json").read_text())["spectral"] == 1
