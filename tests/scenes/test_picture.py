import warnings

import numpy as np
import pytest
import torch
from PIL import Image

from harma.errors import DataError, MissingFileError
from harma.scenes import picture as images
from harma.scenes.picture import (
    MAX_PIXELS,
    picture_size,
    read_image,
    rgb_array,
    to_rgb,
    to_uint8_rgb,
)


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
    Image.new("RGB", (4, 4), (10, 200, 30)).convert("P", palette=Image.Palette.ADAPTIVE).save(
        tmp_path / "p.png"
    )
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
        (np.full((2, 3), True), 255),
        (np.full((2, 3, 3), False), 0),
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
    with pytest.raises(
        DataError, match=r"1, 3 or 4 channels in its last axis; got shape \(2, 2, 5\)"
    ):
        to_uint8_rgb(np.zeros((2, 2, 5)))
    with pytest.raises(DataError, match=r"a path, a Pillow picture or an array .* got str"):
        to_uint8_rgb("picture")


# -- modes and scales


def saved(tmp_path, picture, name="picture.png", **options):
    picture.save(tmp_path / name, **options)
    return np.asarray(read_image(tmp_path / name))


def test_sixteen_bits_take_the_full_range_of_the_type(tmp_path):
    values = np.array([[0, 257, 32768, 65535]], dtype=np.uint16)
    for name in ("grey.png", "grey.tif"):
        assert saved(tmp_path, Image.fromarray(values), name)[0, :, 0].tolist() == [0, 1, 128, 255]
    # The range of the type, not of the picture: two pictures of one sensor stay comparable.
    assert saved(tmp_path, Image.fromarray(values // 2), "dark.png")[0, :, 0].tolist() == [
        0,
        0,
        64,
        127,
    ]


def test_eight_bits_in_a_larger_type_stay_as_they_are(tmp_path):
    values = np.array([[0, 7, 255]])
    for dtype in (np.uint16, np.int32):
        assert saved(tmp_path, Image.fromarray(values.astype(dtype)), "p.tif")[
            0, :, 0
        ].tolist() == [0, 7, 255]


def test_integers_beyond_sixteen_bits_are_stretched(tmp_path):
    values = np.array([[-100, 0, 100_000]], dtype=np.int32)
    assert saved(tmp_path, Image.fromarray(values), "p.tif")[0, :, 0].tolist() == [0, 0, 255]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 0.25, 1.0], [0, 64, 255]),
        ([0.0, 0.5, 0.5], [0, 128, 128]),
        ([0.0, 1.0, 255.0], [0, 1, 255]),
        ([-1.0, 0.0, 1.0], [0, 128, 255]),
        ([0.5, 100.25, 200.0], [0, 128, 255]),
        ([0.0, np.nan, np.inf], [0, 0, 0]),
        ([3000.0, np.nan, 4000.0], [0, 0, 255]),
        ([7e8, 7e8, 7e8], [0, 0, 0]),
        ([np.nan, np.nan, np.nan], [0, 0, 0]),
    ],
)
def test_floats(tmp_path, values, expected):
    array = np.array([values], dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert rgb_array(array)[0, :, 0].tolist() == expected
        assert saved(tmp_path, Image.fromarray(array), "p.tif")[0, :, 0].tolist() == expected


def test_colours_of_an_array_are_scaled_together():
    array = np.zeros((1, 2, 3), np.uint16)
    array[0, 0], array[0, 1] = (100, 200, 300), (65535, 257, 0)
    assert rgb_array(array).tolist() == [[[0, 1, 1], [255, 1, 0]]]


def test_transparent_pixels_become_black_and_others_keep_their_colour(tmp_path):
    pixels = np.array(
        [[[200, 100, 50, 0], [200, 100, 50, 1], [200, 100, 50, 128], [200, 100, 50, 255]]], np.uint8
    )
    expected = [[0, 0, 0], [200, 100, 50], [200, 100, 50], [200, 100, 50]]
    for name in ("p.png", "p.tif"):
        assert saved(tmp_path, Image.fromarray(pixels), name)[0].tolist() == expected
    assert rgb_array(pixels)[0].tolist() == expected
    assert rgb_array(pixels.astype(np.uint16) * 257)[0].tolist() == expected
    assert rgb_array(pixels / np.float32(255))[0].tolist() == expected


@pytest.mark.parametrize("transparency", [1, bytes([255, 0])])
def test_palettes_with_transparency(tmp_path, transparency):
    picture = Image.new("P", (2, 1))
    picture.putpalette([10, 20, 30, 200, 100, 50])
    picture.putdata([0, 1])
    assert saved(tmp_path, picture, transparency=transparency)[0].tolist() == [
        [10, 20, 30],
        [0, 0, 0],
    ]
    assert saved(tmp_path, picture, "opaque.png")[0].tolist() == [[10, 20, 30], [200, 100, 50]]


def test_one_transparent_colour(tmp_path):
    pixels = np.array([[[1, 2, 3], [9, 9, 9]]], np.uint8)
    assert saved(tmp_path, Image.fromarray(pixels), transparency=(9, 9, 9))[0].tolist() == [
        [1, 2, 3],
        [0, 0, 0],
    ]


def test_inverted_cmyk_jpeg(tmp_path):
    array = saved(
        tmp_path, Image.new("RGB", (8, 8), (250, 10, 10)).convert("CMYK"), "p.jpg", quality=95
    )
    assert np.abs(array[4, 4].astype(int) - (250, 10, 10)).max() < 12


def test_the_first_of_several_pages(tmp_path):
    pages = [Image.new("RGB", (4, 4), color) for color in ("red", "blue")]
    pages[0].save(tmp_path / "p.tif", save_all=True, append_images=pages[1:])
    assert np.asarray(read_image(tmp_path / "p.tif"))[0, 0].tolist() == [255, 0, 0]


def test_orientation_turns_the_right_way(tmp_path):
    picture = Image.fromarray(np.array([[[255] * 3, [0] * 3]], np.uint8))
    exif = picture.getexif()
    exif[0x0112] = 6  # to be turned clockwise by 90 degrees
    for name in ("p.png", "p.tif"):
        assert saved(tmp_path, picture, name, exif=exif)[:, 0, 0].tolist() == [255, 0]


@pytest.mark.filterwarnings("ignore:Corrupt EXIF")
def test_damaged_exif_does_not_spoil_a_picture(tmp_path):
    Image.new("RGB", (8, 4), "red").save(
        tmp_path / "p.jpg", exif=b"Exif\x00\x00MM\x00*\x00\x00\xff\xff"
    )
    assert read_image(tmp_path / "p.jpg").size == picture_size(tmp_path / "p.jpg") == (8, 4)


def test_an_absurdly_large_picture_has_no_size(tmp_path, monkeypatch):
    Image.new("RGB", (8, 4)).save(tmp_path / "p.png")
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 10)
    with pytest.raises(DataError, match=r"p\.png is absurdly large, .*; cut it into smaller"):
        picture_size(tmp_path / "p.png")


def test_result_is_a_plain_picture(tmp_path):
    Image.new("RGB", (8, 4), "red").save(tmp_path / "p.png")
    assert type(read_image(str(tmp_path / "p.png"))) is Image.Image
    assert to_rgb(Image.new("YCbCr", (2, 2))).mode == "RGB"


def test_tensor_of_a_picture():
    picture = Image.fromarray(np.arange(24, dtype=np.uint8).reshape(2, 4, 3))
    tensor = to_uint8_rgb(picture)
    assert (tensor.shape, tensor.dtype) == ((3, 2, 4), torch.uint8)
    assert torch.equal(tensor, torch.arange(24, dtype=torch.uint8).view(2, 4, 3).permute(2, 0, 1))
    array = np.zeros((2, 2, 3), np.uint8)
    to_uint8_rgb(array).fill_(9)
    assert array.max() == 0, "the tensor has memory of its own"


# -- what cannot be read


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((3, 8, 8), np.uint8), r"got shape \(3, 8, 8\); channels come last: transpose it"),
        (
            np.zeros((4,), np.uint8),
            r"is \(H, W\), or has 1, 3 or 4 channels in its last axis; got shape \(4,\)",
        ),
        (np.zeros((0, 4, 3), np.uint8), r"got shape \(0, 4, 3\)"),
        (np.zeros((2, 2), np.complex64), "got array of complex64"),
        (np.array([["a"]]), "got array of <U1"),
        (np.array([[None]]), "got array of object"),
        (None, "got NoneType"),
        ([[1]], "got list"),
    ],
)
def test_what_is_no_picture(image, message):
    with pytest.raises(DataError, match=message):
        rgb_array(image)


def noise(tmp_path, name, **options):
    Image.effect_noise((64, 64), 50).convert("RGB").save(tmp_path / name, **options)
    return tmp_path / name


@pytest.mark.parametrize("name", ["p.jpg", "p.png", "p.tif", "p.gif", "p.bmp", "p.webp"])
def test_a_file_cut_anywhere_gives_our_error_or_a_picture(tmp_path, name):
    data = noise(tmp_path, name).read_bytes()
    cut = tmp_path / f"cut{name}"
    refused = []
    for length in range(1, len(data) - 1, max(1, len(data) // 25)):
        cut.write_bytes(data[:length])
        try:
            read_image(cut)
        except DataError as error:
            refused.append(str(error))
    assert len(refused) >= 15
    assert all(str(cut) in message for message in refused)


def test_no_file_stays_open(tmp_path, recwarn):
    import gc

    good, bad = noise(tmp_path, "p.tif"), tmp_path / "bad.tif"
    bad.write_bytes(good.read_bytes()[:3000])
    read_image(good)
    with pytest.raises(DataError):
        read_image(bad)
    gc.collect()
    assert not [w for w in recwarn if issubclass(w.category, ResourceWarning)]


@pytest.mark.parametrize("side", [9_500, 13_400, 100_000])
def test_absurdly_large_pictures_are_refused_before_they_are_decoded(tmp_path, side):
    """A PNG of a few bytes whose header claims side × side pixels.

    Pillow warns of the first and stops at the last.
    """
    import struct
    import zlib

    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    (tmp_path / "huge.png").write_bytes(
        b"\x89PNG\r\n\x1a\n"
        + struct.pack(">I", len(header))
        + chunk
        + struct.pack(">I", zlib.crc32(chunk))
        + b"\0\0\0\0IEND\xaeB`\x82"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error", Image.DecompressionBombWarning)
        with pytest.raises(DataError) as error:
            read_image(tmp_path / "huge.png", max_pixels=MAX_PIXELS if side > 13_377 else 10_000)
    assert "huge.png" in str(error.value)
    assert "allowed; cut it into smaller images" in str(error.value)


def test_names_that_no_file_can_have(tmp_path):
    with pytest.raises(DataError, match="cannot be read .File name too long."):
        read_image(tmp_path / ("x" * 5000))


@pytest.mark.shared
def test_aerial_images_with_infrared_as_alpha_keep_their_colours(shared_dir):
    path = shared_dir / "data/scenes/m_4709963_se_14_1_20200831.tif"
    with Image.open(path) as image:
        bands = np.asarray(image)
    assert np.array_equal(np.asarray(read_image(path)), bands[..., :3])


UPRIGHT = np.array([[10, 20, 30], [40, 50, 60]], np.uint8)
# What lies in the file for each EXIF orientation, so that a viewer shows UPRIGHT.
STORED = {
    1: UPRIGHT,
    2: UPRIGHT[:, ::-1],
    3: UPRIGHT[::-1, ::-1],
    4: UPRIGHT[::-1],
    5: UPRIGHT.T,
    6: np.rot90(UPRIGHT, 1),
    7: UPRIGHT[::-1, ::-1].T,
    8: np.rot90(UPRIGHT, -1),
}


@pytest.mark.parametrize("orientation", STORED)
def test_every_exif_orientation(tmp_path, orientation):
    picture = Image.fromarray(np.ascontiguousarray(STORED[orientation]))
    exif = picture.getexif()
    exif[0x0112] = orientation
    picture.save(tmp_path / "p.png", exif=exif)
    assert np.asarray(read_image(tmp_path / "p.png"))[..., 0].tolist() == UPRIGHT.tolist()
    assert picture_size(tmp_path / "p.png") == (3, 2)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 255], [0, 255]),  # 8 bits in a larger type
        ([0, 256], [0, 1]),  # one more than 8 bits: the range of 16
        ([0, 65535], [0, 255]),
        ([0, 65536], [0, 255]),  # one more than 16 bits: stretched
        ([-1, 100], [0, 255]),  # below zero: stretched
        ([100, 200], [100, 200]),
    ],
)
def test_where_the_ranges_of_integers_end(values, expected):
    array = np.array([values], dtype=np.int64)
    assert rgb_array(array)[0, :, 0].tolist() == expected


def test_a_mode_that_cannot_be_converted_is_named_with_its_file(tmp_path, monkeypatch):
    """No file that Pillow writes has such a mode: one is given another mode when it is opened."""
    with pytest.raises(DataError, match=r"^a picture of mode La cannot be converted to RGB"):
        to_rgb(Image.new("La", (4, 3)))
    Image.new("L", (4, 3)).save(tmp_path / "p.png")
    monkeypatch.setattr(images, "upright", lambda image: Image.new("La", image.size))
    with pytest.raises(DataError, match=r"image .*p\.png: a picture of mode La cannot be"):
        read_image(tmp_path / "p.png")


def test_the_most_pixels_are_allowed_and_one_more_is_not(tmp_path):
    Image.new("L", (8, 4)).save(tmp_path / "p.png")
    assert read_image(tmp_path / "p.png", max_pixels=32).size == (8, 4)
    with pytest.raises(DataError, match="has 8×4 pixels, more than the 31 allowed"):
        read_image(tmp_path / "p.png", max_pixels=31)


def test_files_that_have_no_size(tmp_path):
    with pytest.raises(MissingFileError, match=r"gone\.png is not there"):
        picture_size(tmp_path / "gone.png")
    (tmp_path / "text.png").write_text("hello")
    with pytest.raises(DataError, match=r"text\.png cannot be read .*; copy it again"):
        picture_size(tmp_path / "text.png")


def test_a_device_is_no_picture():
    with pytest.raises(DataError, match="image /dev/null is a device or pipe, not an image file"):
        read_image("/dev/null")
