"""Each operation against loops over pixels that follow SPEC 3."""

import math

import numpy as np
import pytest
import torch
from PIL import Image

from harma.data.augment import OPERATIONS, RandomAugment
from harma.errors import ConfigError

LEVEL = 0.7


@pytest.fixture
def picture():
    """Smooth (so that rounding of positions matters little) with some noise, not square."""
    y, x = np.mgrid[0:24, 0:31]
    channels = [40 + 5 * x, 200 - 6 * y, 30 + 3 * x + 3 * y]
    noise = np.random.default_rng(0).integers(0, 6, (24, 31, 3))
    return (np.stack(channels, axis=-1) + noise).clip(0, 255).astype(np.uint8)


def apply(name, picture, sign=1):
    return np.array(OPERATIONS[name](Image.fromarray(picture), LEVEL, sign))


def table_of(channel, make):
    table = np.array([make(value, channel) for value in range(256)])
    return table.clip(0, 255).astype(np.uint8)[channel]


def by_channel(picture, make):
    return np.stack([table_of(picture[..., c], make) for c in range(3)], axis=-1)


def test_the_ten_operations():
    assert list(OPERATIONS) == [
        "Identity",
        "AutoContrast",
        "Equalize",
        "Brightness",
        "Sharpness",
        "ShearX",
        "ShearY",
        "TranslateX",
        "TranslateY",
        "Rotate",
    ]


def test_identity(picture):
    assert np.array_equal(apply("Identity", picture), picture)


def test_auto_contrast_is_per_channel_without_cut_off(picture):
    def stretch(value, channel):
        low, high = int(channel.min()), int(channel.max())
        return int(value * (255 / (high - low)) - low * (255 / (high - low)))

    assert np.array_equal(apply("AutoContrast", picture), by_channel(picture, stretch))
    flat = np.full((4, 5, 3), 77, np.uint8)
    assert np.array_equal(apply("AutoContrast", flat), flat)


def test_equalize(picture):
    def equalize(value, channel):
        histogram = np.bincount(channel.ravel(), minlength=256)
        step = (histogram.sum() - histogram[np.flatnonzero(histogram)[-1]]) // 255
        return (step // 2 + histogram[:value].sum()) // step if step else value

    assert np.array_equal(apply("Equalize", picture), by_channel(picture, equalize))


def test_brightness(picture):
    expected = (picture.astype(np.float32) * np.float32(1.36)).clip(0, 255).astype(np.uint8)
    assert np.abs(apply("Brightness", picture).astype(int) - expected).max() <= 1


def test_sharpness(picture):
    expected = picture.astype(float)
    for row in range(1, 23):
        for column in range(1, 30):
            around = picture[row - 1 : row + 2, column - 1 : column + 2].astype(float)
            smooth = (around.sum(axis=(0, 1)) + 4 * around[1, 1]) / 13
            expected[row, column] = smooth + 1.36 * (around[1, 1] - smooth)
    assert np.abs(apply("Sharpness", picture).astype(int) - expected.clip(0, 255)).max() <= 1.5


def sampled(picture, source):
    """Bilinear look-up at `source(x, y)` for every pixel centre (x, y), in pixels; grey outside."""
    height, width, _ = picture.shape
    out = np.full(picture.shape, 128.0)
    for row in range(height):
        for column in range(width):
            x, y = source(column + 0.5, row + 0.5)
            if not (0 <= x < width and 0 <= y < height):
                continue
            x, y = x - 0.5, y - 0.5
            left, top = math.floor(x), math.floor(y)
            total = np.zeros(3)
            for i, j in ((0, 0), (0, 1), (1, 0), (1, 1)):
                weight = (1 - abs(y - top - i)) * (1 - abs(x - left - j))
                total += (
                    weight
                    * picture[min(max(top + i, 0), height - 1), min(max(left + j, 0), width - 1)]
                )
            out[row, column] = total
    return out


def rotated(sign, width=31, height=24):
    angle = sign * math.radians(21)

    def source(x, y):
        dx, dy = x - width / 2, y - height / 2
        return (
            width / 2 + math.cos(angle) * dx - math.sin(angle) * dy,
            height / 2 + math.sin(angle) * dx + math.cos(angle) * dy,
        )

    return source


@pytest.mark.parametrize("sign", [-1, 1])
@pytest.mark.parametrize(
    ("name", "source"),
    [
        ("ShearX", lambda sign: lambda x, y: (x + sign * 0.21 * y, y)),
        ("ShearY", lambda sign: lambda x, y: (x, y + sign * 0.21 * x)),
        ("TranslateX", lambda sign: lambda x, y: (x - sign * 7, y)),
        ("TranslateY", lambda sign: lambda x, y: (x, y - sign * 7)),
        ("Rotate", rotated),
    ],
)
def test_maps_of_the_plane(picture, name, source, sign):
    found, expected = apply(name, picture, sign).astype(float), sampled(picture, source(sign))
    # Pillow walks along a row in fixed point: a pixel on the very edge may fall on its other side.
    outside = (found == 128).all(axis=2) != (expected == 128).all(axis=2)
    assert outside.sum() <= 2
    assert np.abs(found - expected)[~outside].max() <= 1.5
    assert (expected == 128).all(axis=2).any(), "the map must leave something grey"


def test_rotation_keeps_the_centre():
    picture = np.zeros((31, 31, 3), np.uint8)
    picture[15, 15] = 255
    assert tuple(np.unravel_index(apply("Rotate", picture)[..., 0].argmax(), (31, 31))) == (15, 15)


def test_draws_two_with_replacement_and_applies_half(monkeypatch):
    from harma.data import augment

    drawn = []
    spies = [
        lambda image, level, sign, name=name: drawn.append((name, level, sign)) or image
        for name in OPERATIONS
    ]
    monkeypatch.setattr(augment, "_DRAWN_FROM", tuple(spies))
    torch.manual_seed(0)
    image = torch.zeros(3, 4, 4, dtype=torch.uint8)
    for _ in range(2000):
        RandomAugment()(image)
    names = [name for name, _, _ in drawn]
    assert 1850 < len(names) < 2150
    assert all(140 < names.count(name) < 260 for name in OPERATIONS)
    assert {level for _, level, _ in drawn} == {0.7}
    assert 900 < sum(sign == 1 for _, _, sign in drawn) < 1100


def test_takes_and_gives_uint8_and_leaves_its_input():
    torch.manual_seed(0)
    image = torch.randint(0, 256, (3, 9, 12), dtype=torch.uint8)
    before = image.clone()
    for _ in range(100):
        out = RandomAugment()(image)
        assert (out.shape, out.dtype) == (image.shape, torch.uint8)
    assert torch.equal(image, before)
    assert RandomAugment(num_ops=0)(image) is image


def test_only_torch_decides():
    image = torch.randint(0, 256, (3, 9, 12), dtype=torch.uint8)
    runs = []
    for _ in range(2):
        torch.manual_seed(3)
        runs.append(torch.stack([RandomAugment()(image) for _ in range(20)]))
    assert torch.equal(*runs)


@pytest.mark.parametrize("arguments", [(-1, 7), (2, 11), (2, -1)])
def test_bad_numbers(arguments):
    with pytest.raises(ConfigError, match="num_ops must be 0 or more, magnitude between 0 and 10"):
        RandomAugment(*arguments)


@pytest.mark.parametrize("arguments", [(0, 7), (1, 0), (3, 10)])
def test_numbers_at_the_edge(arguments):
    num_ops, magnitude = arguments
    assert repr(RandomAugment(*arguments)) == (
        f"RandomAugment(num_ops={num_ops}, magnitude={magnitude})"
    )
