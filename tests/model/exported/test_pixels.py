"""Pixels by Pillow: torchvision's, up to a level of 255 here and there."""

import numpy as np
import pytest
from PIL import Image

from harma.backbones.preprocess import Preprocess
from harma.data.transforms import eval_transform
from harma.model.exported.pixels import pixels_of
from harma.scenes.picture import to_uint8_rgb


def theirs(array, preprocess):
    transform = eval_transform(
        preprocess.size,
        preprocess.mean,
        preprocess.std,
        interpolation=preprocess.interpolation,
        resize_mode=preprocess.resize_mode,
    )
    return transform(to_uint8_rgb(array)).numpy()


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "nearest"])
@pytest.mark.parametrize("mode", ["squash", "shortest", "longest"])
@pytest.mark.parametrize("shape", [(70, 51), (20, 33), (32, 28), (31, 64)])
def test_as_torchvision_has_them(interpolation, mode, shape):
    # Smooth as pictures are: of noise every rounding shows.
    rows, columns = np.mgrid[: shape[0], : shape[1]]
    waves = np.stack([rows * 3 + columns, rows + columns * 2, rows * columns // 9], axis=-1)
    array = (waves % 256).astype(np.uint8)
    preprocess = Preprocess(size=(32, 28), interpolation=interpolation, resize_mode=mode)
    ours = pixels_of(array, preprocess)
    assert ours.dtype == np.float32
    assert ours.shape == (3, 32, 28)
    level = 1 / 255 / min(preprocess.std)
    assert np.abs(ours - theirs(array, preprocess)).max() <= level * 1.01


def test_a_picture_of_any_mode():
    grey = Image.new("L", (10, 10), 128)
    pixels = pixels_of(grey, Preprocess(size=(8, 8), mean=(0.5,) * 3, std=(0.5,) * 3))
    assert np.allclose(pixels, (128 / 255 - 0.5) / 0.5, atol=1e-5)
