import pickle

import numpy as np
import pytest
import torch
from PIL import Image
from torchvision.transforms import InterpolationMode
from torchvision.transforms.v2 import functional as F

from harma.data.transforms import (
    INTERPOLATIONS,
    RESIZE_MODES,
    eval_resize,
    eval_transform,
    train_transform,
    value_train_transform,
    value_transform,
)
from harma.errors import ConfigError
from harma.scenes.picture import to_uint8_rgb

MEAN, STD = (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711)


@pytest.fixture
def picture():
    y, x = np.mgrid[0:50, 0:80]
    pixels = np.stack([3 * x, 5 * y, 128 + 60 * np.sin(x / 5) * np.cos(y / 7)], axis=-1)
    return Image.fromarray(pixels.astype(np.uint8))


def as_levels(pixels):
    """Pixels back to 8-bit values, (H, W, 3)."""
    mean, std = torch.tensor(MEAN).view(3, 1, 1), torch.tensor(STD).view(3, 1, 1)
    return ((pixels * std + mean) * 255).permute(1, 2, 0).numpy()


def test_normalizes_as_the_formula_says():
    image = torch.arange(256, dtype=torch.uint8).repeat(3, 1, 1)
    found = eval_transform((1, 256), MEAN, STD)(image)
    expected = (image.double() / 255 - torch.tensor(MEAN).view(3, 1, 1).double()) / torch.tensor(
        STD
    ).view(3, 1, 1)
    assert found.dtype == torch.float32
    assert found.is_contiguous()
    torch.testing.assert_close(found.double(), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("size", [(32, 32), (20, 40), (100, 90)])
@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear"])
def test_squash_resizes_as_pillow(picture, size, interpolation):
    found = eval_transform(size, MEAN, STD, interpolation=interpolation)(to_uint8_rgb(picture))
    expected = picture.resize((size[1], size[0]), getattr(Image.Resampling, interpolation.upper()))
    assert found.shape == (3, *size)
    assert np.abs(as_levels(found) - np.asarray(expected)).max() <= 1.01


def test_shortest_cuts_and_longest_pads(picture):
    image = to_uint8_rgb(picture)
    covering = as_levels(eval_transform((32, 32), MEAN, STD, resize_mode="shortest")(image))
    whole = np.asarray(picture.resize((51, 32), Image.Resampling.BICUBIC))
    assert np.abs(covering - whole[:, 10:42]).max() <= 1.01
    fitting = as_levels(eval_transform((32, 32), MEAN, STD, resize_mode="longest")(image))
    assert (
        np.abs(fitting[6:26] - np.asarray(picture.resize((32, 20), Image.Resampling.BICUBIC))).max()
        <= 1.01
    )
    assert np.abs(fitting[:6]).max() < 1e-3
    assert np.abs(fitting[26:]).max() < 1e-3


@pytest.mark.parametrize("mode", RESIZE_MODES)
@pytest.mark.parametrize("source", [(7, 90), (90, 7), (1, 1), (33, 32)])
@pytest.mark.parametrize("size", [(32, 32), (16, 48), (48, 16)])
def test_every_shape_comes_out_right(mode, source, size):
    image = torch.full((3, *source), 255, dtype=torch.uint8)
    assert eval_transform(size, MEAN, STD, resize_mode=mode)(image).shape == (3, *size)


def test_open_clip_gives_the_same(picture):
    open_clip = pytest.importorskip("open_clip.transform")
    for mode in RESIZE_MODES:
        theirs = open_clip.image_transform(
            32, is_train=False, mean=MEAN, std=STD, resize_mode=mode
        )(picture)
        ours = eval_transform((32, 32), MEAN, STD, resize_mode=mode)(to_uint8_rgb(picture))
        assert np.abs(as_levels(theirs) - as_levels(ours)).max() <= 1.01, mode


def test_train_crops_between_half_and_all(picture):
    """On an image that holds its own coordinates, the crop can be read off the result."""
    y, x = torch.meshgrid(torch.arange(200), torch.arange(200), indexing="ij")
    image = torch.stack([x, y, torch.zeros_like(x)]).to(torch.uint8)
    transform = train_transform((20, 20), (0, 0, 0), (1, 1, 1), augment=False)
    torch.manual_seed(0)
    areas, ratios, flips = [], [], []
    for _ in range(300):
        pixels = transform(image) * 255
        width = float((pixels[0, 10, -3] - pixels[0, 10, 2]) / 15 * 20)
        height = float((pixels[1, -3, 10] - pixels[1, 2, 10]) / 15 * 20)
        areas.append(abs(width) * height / 200**2)
        ratios.append(abs(width) / height)
        flips.append(width < 0)
    assert 0.47 < min(areas) < 0.56
    assert 0.9 < max(areas) < 1.03
    assert 0.72 < min(ratios) < max(ratios) < 1.4
    assert 110 < sum(flips) < 190


def test_train_gives_pixels_and_leaves_its_input(picture):
    image = to_uint8_rgb(picture)
    before = image.clone()
    transform = train_transform((32, 24), MEAN, STD)
    for _ in range(50):
        pixels = transform(image)
        assert (pixels.shape, pixels.dtype, pixels.is_contiguous()) == (
            (3, 32, 24),
            torch.float32,
            True,
        )
    assert torch.equal(image, before)


@pytest.mark.parametrize("make", [train_transform, eval_transform])
def test_travels_to_worker_processes(picture, make):
    transform = make((32, 32), MEAN, STD)
    copy = pickle.loads(pickle.dumps(transform))
    outs = []
    for each in (transform, copy):
        torch.manual_seed(1)
        outs.append(each(to_uint8_rgb(picture)))
    assert torch.equal(*outs)


@pytest.mark.parametrize("interpolation", INTERPOLATIONS)
def test_every_interpolation_runs(picture, interpolation):
    assert train_transform((16, 16), MEAN, STD, interpolation=interpolation)(
        to_uint8_rgb(picture)
    ).shape == (3, 16, 16)


@pytest.mark.parametrize(
    ("arguments", "options", "message"),
    [
        (
            ((32, 32), MEAN, STD),
            {"interpolation": "lanczos"},
            "interpolation is 'lanczos'; allowed are bicubic, bilinear, nearest",
        ),
        (
            ((32, 32), MEAN, STD),
            {"resize_mode": "crop"},
            "resize_mode is 'crop'; allowed are squash, shortest, longest",
        ),
        (((0, 32), MEAN, STD), {}, r"size is \(0, 32\); it must be \(height, width\)"),
        (((32, 0), MEAN, STD), {}, r"size is \(32, 0\); it must be \(height, width\)"),
        (((32, 32), MEAN[:1], STD), {}, "both need three numbers"),
        (((32, 32), MEAN, STD[:2]), {}, "both need three numbers"),
        (((32, 32), MEAN, (1, 1, -1)), {}, "std above 0"),
        (((32, 32), MEAN, (0, 1, 1)), {}, "std above 0"),
    ],
)
def test_bad_options(arguments, options, message):
    with pytest.raises(ConfigError, match=message):
        eval_transform(*arguments, **options)


@pytest.mark.parametrize("size", [(1, 4), (4, 1)])
def test_a_side_may_be_one_pixel(size):
    image = torch.full((3, 8, 8), 255, dtype=torch.uint8)
    assert torch.equal(eval_transform(size, (0, 0, 0), (1, 1, 1))(image), torch.ones(3, *size))


# -- values of bands ------------------------------------------------------------------------------


BAND_MEAN, BAND_STD = (0.1, 0.2, 0.3, 0.4, 0.5), (0.01, 0.02, 0.03, 0.04, 0.05)


@pytest.fixture
def values():
    generator = torch.Generator().manual_seed(0)
    spread = torch.randn(5, 20, 30, generator=generator)
    scaled = spread * torch.tensor(BAND_STD).view(5, 1, 1)
    return scaled + torch.tensor(BAND_MEAN).view(5, 1, 1)


def test_values_are_standardised_as_the_formula_says(values):
    found = value_transform((20, 30), BAND_MEAN, BAND_STD)(values)
    mean, std = torch.tensor(BAND_MEAN).view(5, 1, 1), torch.tensor(BAND_STD).view(5, 1, 1)
    torch.testing.assert_close(found, (values - mean) / std)


def test_three_bands_are_resized_as_pictures_are(picture):
    # But for what 8 bits round.
    image = to_uint8_rgb(picture)
    levels = (torch.tensor(MEAN) * 255).tolist(), (torch.tensor(STD) * 255).tolist()
    for mode in RESIZE_MODES:
        as_picture = eval_transform((24, 24), MEAN, STD, resize_mode=mode)(image)
        as_values = value_transform((24, 24), *levels, resize_mode=mode)(image.float())
        if mode == "longest":  # padded with black there, with the mean here
            as_picture, as_values = as_picture[:, 6:18], as_values[:, 6:18]
        torch.testing.assert_close(as_values, as_picture, atol=0.02, rtol=0)


def test_what_has_no_data_is_the_mean_and_touches_nothing_else(values):
    values[:, :, 15:] = torch.nan
    found = value_transform((20, 30), BAND_MEAN, BAND_STD)(values)
    assert (found[:, :, 15:] == 0).all()
    smaller = value_transform((10, 15), BAND_MEAN, BAND_STD)(values)
    assert torch.isfinite(smaller).all()
    padded = value_transform((30, 30), BAND_MEAN, BAND_STD, resize_mode="longest")(values)
    assert (padded[:, :5] == 0).all()


def test_crops_and_flips_of_values_are_those_of_pictures(picture):
    image = to_uint8_rgb(picture)
    levels = (torch.tensor(MEAN) * 255).tolist(), (torch.tensor(STD) * 255).tolist()
    flips = set()
    for seed in range(6):
        torch.manual_seed(seed)
        as_picture = train_transform((24, 24), MEAN, STD, augment=False)(image)
        torch.manual_seed(seed)
        as_values = value_train_transform((24, 24), *levels)(image.float())
        torch.testing.assert_close(as_values, as_picture, atol=0.02, rtol=0)
        flips.add(bool(as_values[0, 12, 0] > as_values[0, 12, -1]))
    assert flips == {True, False}


def test_transforms_of_values_can_be_sent_to_workers(values):
    for make in (value_transform, value_train_transform):
        transform = make((8, 8), BAND_MEAN, BAND_STD)
        assert pickle.loads(pickle.dumps(transform))(values).shape == (5, 8, 8)


def test_statistics_of_bands_are_checked():
    with pytest.raises(ConfigError, match="both need a number for each band"):
        value_transform((8, 8), (0.1, 0.2), (0.1,))
    with pytest.raises(ConfigError, match="std above 0"):
        value_train_transform((8, 8), (0.1, 0.2), (0.1, 0.0))


@pytest.mark.parametrize("interpolation", ["bicubic", "bilinear", "nearest"])
@pytest.mark.parametrize("seed", range(20))
def test_resized_as_torchvision_does(seed, interpolation):
    """To the last bit; importing torchvision would take as long as importing torch."""
    drawn = np.random.default_rng(seed)
    height, width, *size = (int(side) for side in drawn.integers(1, 120, 4))
    picture = torch.from_numpy(drawn.integers(0, 256, (height, width, 3), dtype=np.uint8))
    values = torch.from_numpy(drawn.normal(size=(4, height, width)).astype(np.float32))
    for image in (picture.permute(2, 0, 1), values):
        expected = F.resize(image, size, InterpolationMode(interpolation), antialias=True)
        squashed = eval_resize(tuple(size), interpolation=interpolation)(image)
        assert torch.equal(squashed, expected)
        for resize_mode in ("shortest", "longest"):
            resize = eval_resize(tuple(size), interpolation=interpolation, resize_mode=resize_mode)
            between = RESIZE_MODES[resize_mode]((height, width), tuple(size))
            expected = F.resize(image, between, InterpolationMode(interpolation), antialias=True)
            assert torch.equal(resize(image), F.center_crop(expected, size))
