"""Towers of several channels: widened from pictures with the answer unchanged, or loaded."""

import math

import numpy as np
import pytest
import torch
from tests.backbones.small import small_config, small_parts  # noqa: F401
from tests.backbones.stand_ins import stirred, write_ms_clip
from torch import nn

from harma.backbones import load_backbone
from harma.backbones.channels import set_channels
from harma.errors import BackboneError, ConfigError, DataError, WeightsError
from harma.scenes.model_bands import BAND_SETS


@pytest.fixture
def rgb(tiny_config, tmp_path):
    backbone = load_backbone(tiny_config)
    stirred(backbone)
    backbone.save(tmp_path / "rgb")
    return f"local-dir:{tmp_path / 'rgb'}"


def of_bands(rgb, bands, **more):
    return load_backbone({"architecture": rgb, "preprocess": {"bands": bands, **more}})


@pytest.mark.parametrize("bands", ["sentinel-2-4", "sentinel-2-10", "sentinel-2-12"])
def test_a_widened_model_answers_as_that_of_pictures(rgb, bands):
    wide = of_bands(rgb, bands)
    channels = list(BAND_SETS[bands].colors)
    pixels = torch.randn(3, len(BAND_SETS[bands].names), 32, 32)
    with torch.no_grad():
        expected = load_backbone(rgb).encode_image(pixels[:, channels])
        np.testing.assert_allclose(wide.encode_image(pixels), expected, atol=1e-5, rtol=1e-5)


def test_colours_of_a_widened_model_get_the_numbers_of_pictures(rgb):
    wide = of_bands(rgb, "sentinel-2-4").preprocess
    plain = load_backbone(rgb).preprocess
    reflectance = 0.21
    # What a picture shows as 0 to 1 is reflectance from 0 to 0.3.
    for color, channel in enumerate((2, 1, 0)):
        as_picture = (reflectance / 0.3 - plain.mean[color]) / plain.std[color]
        as_band = (reflectance - wide.mean[channel]) / wide.std[channel]
        assert as_band == pytest.approx(as_picture)
    assert wide.mean[3] == BAND_SETS["sentinel-2-4"].mean[3]
    said = of_bands(rgb, "sentinel-2-4", mean=[0.1, 0.2, 0.3, 0.4], std=[1, 2, 3, 4]).preprocess
    assert said.mean == (0.1, 0.2, 0.3, 0.4)


def test_bands_without_colours_share_the_kernels(rgb):
    wide = of_bands(rgb, "sentinel-1")
    kernel = load_backbone(rgb).weights()["visual.conv1.weight"]
    own = wide.weights()["visual.conv1.weight"]
    np.testing.assert_allclose(own[:, 0], kernel.mean(1) * 1.5, rtol=1e-5)
    np.testing.assert_array_equal(own[:, 0], own[:, 1])


def test_a_saved_model_of_bands_opens_as_it_was(rgb, tmp_path):
    wide = of_bands(rgb, "sentinel-2-10")
    wide.save(tmp_path / "ten")
    again = load_backbone(tmp_path / "ten")
    assert again.preprocess == wide.preprocess
    assert again.weights_hash() == wide.weights_hash()
    # What is called so opens the same from pictures' weights.
    assert load_backbone(wide.reference).weights_hash() == wide.weights_hash()


def test_pixels_of_other_channels_are_refused(rgb):
    with pytest.raises(DataError, match=r"takes floating point \(B, 4, 32, 32\)"):
        of_bands(rgb, "sentinel-2-4").encode_image(torch.zeros(1, 3, 32, 32))


def test_a_mapping_of_bands(rgb):
    bands = {"names": ["red", "nir"], "unit": "stored", "mean": [1.0, 2.0], "std": [3.0, 4.0]}
    preprocess = of_bands(rgb, bands).preprocess
    assert preprocess.shape == (2, 32, 32)
    assert preprocess.std == (3.0, 4.0)
    with pytest.raises(ConfigError, match=r"2 bands need as many numbers in mean and std"):
        of_bands(rgb, {**bands, "mean": [1.0]})
    with pytest.raises(ConfigError, match="the names B04 say no band"):
        of_bands(rgb, {**bands, "names": ["B04", "nir"]})


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("name", ["ViT-B-16-SigLIP", "RN50", "convnext_base"])
def test_other_towers_are_widened_too(name, tmp_path):
    load_backbone(small_config(name)).save(tmp_path / "rgb")
    plain = load_backbone(tmp_path / "rgb")
    wide = of_bands(f"local-dir:{tmp_path / 'rgb'}", "sentinel-2-4")
    pixels = torch.randn(2, 4, *plain.preprocess.size)
    with torch.no_grad():
        expected = plain.encode_image(pixels[:, [2, 1, 0]])
        np.testing.assert_allclose(wide.encode_image(pixels), expected, atol=1e-4, rtol=1e-4)


def test_a_tower_without_convolutions_is_refused():
    with pytest.raises(BackboneError, match="of mine does not begin with a convolution"):
        set_channels(nn.Linear(3, 4), 4, "mine")


def test_llama3_ms_clip_opens_with_every_weight(tiny_config, tmp_path):
    plain = load_backbone(tiny_config)
    stirred(plain)
    reference = write_ms_clip(tmp_path / "ms.pt", plain)
    bands = {"preprocess": {"bands": "sentinel-2-10", "resize_mode": "shortest"}}
    what = {"file": str(tmp_path / "ms.pt"), "architecture": tiny_config, "quick_gelu": False}
    backbone = load_backbone({**what, **bands})
    pixels = torch.randn(2, 10, 32, 32)
    with torch.no_grad():
        np.testing.assert_allclose(
            backbone.encode_image(pixels), reference.encode_image(pixels), atol=1e-5, rtol=1e-5
        )
        token_ids = backbone.tokenize(["a lake", "a burnt forest"])
        np.testing.assert_allclose(
            backbone.encode_text(token_ids), reference.encode_text(token_ids), atol=1e-5, rtol=1e-5
        )
    scale = float(backbone.weights()["logit_scale"])
    assert scale == pytest.approx(math.log(1 / 0.05))
    # A name that is no copy is told, and other bands do not fit.
    state = torch.load(tmp_path / "ms.pt", weights_only=True)
    torch.save({**state, "image_encoder.head.weight": torch.ones(1)}, tmp_path / "more.pt")
    with pytest.raises(WeightsError, match=r"1 unexpected \(image_encoder.head.weight\)"):
        load_backbone({**what, **bands, "file": str(tmp_path / "more.pt")})
    with pytest.raises(WeightsError, match=r"visual.conv1.weight \(32, 10, 16, 16\)"):
        load_backbone({**what, "preprocess": {"bands": "sentinel-2-12"}})


def test_a_dual_encoder_takes_no_bands(tiny_dual):
    with pytest.raises(ConfigError, match="is a dual encoder, which reads pictures alone"):
        load_backbone({**tiny_dual, "preprocess": {"bands": "sentinel-2-4"}})
