import numpy as np
import pytest
from PIL import Image

from harma.data.images import read_image, to_uint8_rgb
from harma.errors import DataError, MissingFileError


@pytest.mark.parametrize(
    ("mode", "color", "expected"),
    [
        ("RGB", (10, 20, 30), (10, 20, 30)),
        ("L", 7, (7, 7, 7)),
        ("RGBA", (200, 100, 50, 255), (200, 100, 50)),
        ("RGBA", (200, 100, 50, 0), (0, 0, 0)),
        ("LA", (9, 255), (9, 9, 9)),
        ("1", 1, (255, 255, 255)),
        ("I;16", 65535, (255, 255, 255)),
        ("I;16", 200, (200, 200, 200)),
        ("F", 1.0, (255, 255, 255)),
        ("CMYK", (0, 255, 255, 0), (255, 0, 0)),
    ],
)
def test_every_mode_becomes_rgb(tmp_path, mode, color, expected):
    path = tmp_path / "picture.tif"
    Image.new(mode, (4, 3), color).save(path)
    array = np.asarray(read_image(path))
    assert array.shape == (3, 4, 3)
    assert tuple(array[1, 1]) == expected


def test_palette_pictures(tmp_path):
    Image.new("RGB", (4, 4), (10, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE).save(tmp_path / "p.png")
    assert tuple(np.asarray(read_image(tmp_path / "p.png"))[0, 0]) == (10, 200, 30)


def test_exif_orientation_is_followed(tmp_path):
    image = Image.new("RGB", (6, 4))
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert read_image(tmp_path / "turned.jpg").size == (4, 6)


@pytest.mark.parametrize(
    ("array", "expected"),
    [
        (np.full((2, 3), 9, np.uint8), 9),
        (np.full((2, 3, 1), 65535, np.uint16), 255),
        (np.full((2, 3, 3), 0.5, np.float32), 128),
        (np.dstack([np.full((2, 3, 3), 100), np.full((2, 3), 255)]).astype(np.uint8), 100),
        (np.dstack([np.full((2, 3, 3), 100), np.zeros((2, 3))]).astype(np.uint8), 0),
    ],
)
def test_arrays(array, expected):
    tensor = to_uint8_rgb(array)
    assert tensor.shape == (3, 2, 3)
    assert tensor[0, 0, 0] == expected


def test_what_cannot_be_read_is_named_with_its_reason(tmp_path):
    Image.effect_noise((64, 64), 50).save(tmp_path / "good.png")
    data = (tmp_path / "good.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "text.jpg").write_text("hello")
    for name, error, message in [
        ("cut.png", DataError, r"cut.png is truncated or damaged \(.*\); copy it again"),
        ("empty.png", DataError, r"empty.png is empty \(0 bytes\)"),
        ("text.jpg", DataError, r"text.jpg is not an image that can be read"),
        ("gone.png", MissingFileError, r"gone.png is not there"),
        (".", MissingFileError, r"is a directory, not an image file"),
    ]:
        with pytest.raises(error, match=message):
            read_image(tmp_path / name)
    with pytest.raises(DataError, match=r"has 64×64 pixels, more than the 100 allowed"):
        read_image(tmp_path / "good.png", max_pixels=100)
    with pytest.raises(DataError, match=r"1, 3 or 4 channels in its last axis; got shape \(2, 2, 5\)"):
        to_uint8_rgb(np.zeros((2, 2, 5)))
    with pytest.raises(DataError, match=r"a path, a Pillow picture or an array .* got str"):
        to_uint8_rgb("picture")
