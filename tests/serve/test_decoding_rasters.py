"""Uploaded rasters: told from pictures, read as files of an index are."""

import json
import struct

import numpy as np
import pytest
from tests.serve.pictures import NAMES, encoded, noise, raster, whole_pictures

from harma.errors import DataError
from harma.scenes.model_bands import BAND_SETS
from harma.scenes.reading import Reading
from harma.scenes.rendering import read_rgb, read_values
from harma.serve.decoding import MOST_SIDE
from harma.serve.decoding_rasters import asking, raster_size, seen_of

WANTED = Reading(values=BAND_SETS["sentinel-2-4"])


@pytest.mark.parametrize(
    ("body", "size"),
    [
        (raster(), (30, 20)),
        (raster(dtype="uint8"), (30, 20)),
        (raster(("VV", "VH"), dtype="float32"), (30, 20)),
        (raster(NAMES[:3], dtype="uint8"), None),
        (encoded(noise(), "TIFF"), None),
        (encoded(noise("L"), "TIFF"), None),
        (encoded(noise(), "PNG"), None),
        (raster()[:100], None),
        (b"II*\0", None),
        (b'<VRTDataset rasterXSize="1" rasterYSize="1"/>', None),
        (b"", None),
    ],
)
def test_a_raster_has_more_than_a_picture(body, size):
    assert raster_size(body) == size


@pytest.mark.parametrize("compress", ["none", "deflate", "lzw", "zstd"])
def test_it_is_read_as_a_file_of_an_index(tmp_path, compress):
    body = raster(compress=compress)
    (tmp_path / "a.tif").write_bytes(body)
    values = seen_of(asking(body, WANTED), MOST_SIDE)
    assert values.dtype == np.float32
    np.testing.assert_array_equal(values, read_values(tmp_path / "a.tif", WANTED))
    picture = seen_of(asking(body, Reading()), MOST_SIDE)
    np.testing.assert_array_equal(picture, read_rgb(tmp_path / "a.tif", Reading()))


def test_bands_are_found_by_name_and_by_the_sensor_that_is_said(tmp_path):
    turned = seen_of(asking(raster(NAMES[::-1]), WANTED), MOST_SIDE)
    straight = seen_of(asking(raster(), WANTED), MOST_SIDE)
    # The same values, written under other names.
    np.testing.assert_array_equal(turned, straight[..., ::-1])
    unnamed = raster((None,) * 12)
    with pytest.raises(DataError, match="the model reads B02, B03, B04, B08"):
        seen_of(asking(unnamed, WANTED), MOST_SIDE)
    said = Reading(bands="sentinel-2", values=WANTED.values)
    assert seen_of(asking(unnamed, said), MOST_SIDE).shape == (20, 30, 4)


def test_a_large_one_is_thinned_out():
    assert seen_of(asking(raster(height=40, width=100), WANTED), 50).shape == (20, 50, 4)


def test_what_lacks_is_named():
    with pytest.raises(DataError, match="lacking: B08"):
        seen_of(asking(raster(NAMES[:3]), WANTED), MOST_SIDE)


def test_a_damaged_one_says_nothing_of_the_inside():
    whole = raster(height=300, width=300, compress="deflate")
    with pytest.raises(DataError) as raised:
        seen_of(asking(whole[:-5000], WANTED), MOST_SIDE)
    assert "/" not in raised.value.problem.replace("/vsimem/", "")


def test_nothing_beside_it_is_read(tmp_path, monkeypatch):
    """No file of this machine has a say, whatever it is called."""
    monkeypatch.chdir(tmp_path)
    for name in ("upload.tfw", "upload.tif.aux.xml", "upload.tif.ovr", "upload_MTL.txt"):
        (tmp_path / name).write_text("1\n0\n0\n-1\n0\n0\n")
    assert seen_of(asking(raster(), WANTED), MOST_SIDE).shape == (20, 30, 4)


def test_the_request_holds_both():
    body = raster()
    request = asking(body, WANTED)
    (length,) = struct.unpack_from(">I", request)
    assert json.loads(request[4 : 4 + length])["values"]["names"] == list(NAMES)
    assert request[4 + length :] == body


def test_pictures_of_more_than_8_bits_are_rasters_too():
    whole = whole_pictures()
    assert raster_size(whole["tiff of 16 bits"]) == (48, 48)
    assert raster_size(whole["tiff of floats"]) == (48, 48)
    assert raster_size(whole["pages"]) is None
