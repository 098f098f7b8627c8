import numpy as np
import pytest
from PIL import Image

from harma.curation.audit.looks import look_at, small_grey
from harma.errors import DataError, MissingFileError


def test_hashes_of_files_and_of_pixels(tmp_path):
    picture = Image.effect_noise((20, 10), 60).convert("RGB")
    picture.save(tmp_path / "a.png")
    picture.save(tmp_path / "b.png", compress_level=1)
    # The same bytes in other rows are another picture.
    Image.frombytes("RGB", (10, 20), picture.tobytes()).save(tmp_path / "c.png")
    looks = look_at([tmp_path / name for name in ("a.png", "b.png", "c.png")], num_workers=2)
    assert looks.pixels[0] == looks.pixels[1] != looks.pixels[2]
    assert len(set(looks.files)) == 3
    assert looks.sizes.tolist() == [[20, 10], [20, 10], [10, 20]]
    assert looks.grey.shape == (3, 64, 64)


def test_every_pixel_counts_when_a_picture_is_squeezed():
    pixels = np.zeros((640, 640), np.uint8)
    pixels[::10, ::10] = 255  # one of a hundred: a mean of 2.55
    grey = small_grey(Image.fromarray(pixels))
    assert grey.shape == (64, 64)
    assert grey[8:-8, 8:-8].min() >= 1


def test_an_image_that_cannot_be_read_is_named(tmp_path):
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(DataError, match=r"a\.png is not an image"):
        look_at([tmp_path / "a.png"])
    with pytest.raises(MissingFileError, match=r"b\.png is not there"):
        look_at([tmp_path / "b.png"])


def test_no_worker_is_one(tmp_path):
    Image.new("RGB", (4, 3)).save(tmp_path / "a.png")
    assert look_at([tmp_path / "a.png"], num_workers=0).sizes.tolist() == [[4, 3]]
