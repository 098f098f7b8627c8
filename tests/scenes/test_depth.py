"""8-bit types with few values; complex numbers."""

import numpy as np
import pytest
import rasterio

from harma.scenes.stretch_rule import SCENE, StretchRule
from harma.scenes.windows import Window

PER_SCENE = StretchRule(SCENE, (2.0, 98.0), each=True)

LADDER = np.arange(2000).reshape(1, 40, 50)


@pytest.mark.parametrize(("bits", "count"), [(1, 1), (2, 1), (4, 1), (4, 3), (7, 3)])
def test_bits_that_the_file_states(make_raster, read, bits, count):
    values = (LADDER % 2**bits).astype(np.uint8).repeat(count, axis=0)
    path = make_raster(values=values, nbits=bits, photometric="MINISBLACK")
    with rasterio.open(path) as dataset:
        is_palette = dataset.colorinterp[0].name == "palette"
    facts, pixels, _ = read(path)
    wanted = np.round(values[0] * (255 / (2**bits - 1)))
    assert (pixels[..., 0] == wanted).all()
    assert is_palette or facts.stretch == f"0 to {2**bits - 1}"


@pytest.mark.parametrize(
    ("greatest", "factor"), [(1, 255), (2, 85), (3, 85), (5, 17), (15, 17), (16, 1), (255, 1)]
)
def test_bits_that_values_need(make_raster, read, greatest, factor):
    values = (LADDER % (greatest + 1)).astype(np.uint8)
    _, pixels, _ = read(make_raster(values=values))
    assert (pixels[..., 0] == values[0] * factor).all()


def test_one_value_and_colours_stay_as_they_are(make_raster, read, bands):
    assert (read(make_raster(values=bands(7)))[1] == 7).all()
    dark = (LADDER % 8).astype(np.uint8).repeat(3, axis=0)
    assert (read(make_raster(values=dark))[1] == np.moveaxis(dark, 0, -1)).all()


def test_what_the_look_does_not_see_is_seen_by_the_second(make_raster, read):
    # 3000 pixels wide: the look is at 0…64, 1468…1532 and 2936…3000.
    values = np.zeros((1, 64, 3000), dtype=np.uint8)
    values[0, ::2] = 3
    values[0, :, 700:800] = 200
    _, pixels, _ = read(make_raster(values=values), Window(690, 0, 40, 40))
    assert pixels.max() == 200
    assert pixels[0, 0, 0] == 3


@pytest.mark.parametrize("kind", [np.complex64, np.complex128, "complex_int16"])
def test_complex_numbers_are_shown_in_decibels(make_raster, read, kind):
    amplitude = np.linspace(0, 300, 2000).reshape(1, 40, 50)
    phase = np.exp(1j * LADDER)
    values = (amplitude * phase).astype(np.complex64)
    if kind == "complex_int16":
        values = np.round(values)
        path = make_raster(values=values.astype(np.complex64), crs="EPSG:32631")
    else:
        path = make_raster(values=values.astype(kind))
    _, pixels, empty = read(path, stretch=PER_SCENE)
    measured = np.abs(values[0])
    valid = measured > 0
    decibels = 20 * np.log10(measured[valid])
    low, high = np.percentile(decibels, (2, 98))
    wanted = np.clip(np.round((decibels - low) * 255 / (high - low)), 0, 255)
    assert np.abs(pixels[valid][:, 0] - wanted).max() <= 1
    assert empty == pytest.approx(1 - valid.mean())


@pytest.mark.parametrize("kind", [np.int8, np.int16, np.uint16, np.int32, np.float32, np.float64])
def test_signed_and_real_numbers(make_raster, read, kind):
    values = (LADDER % 200 - 100 if kind != np.uint16 else LADDER % 200).astype(kind)
    _, pixels, empty = read(make_raster(values=values), stretch=PER_SCENE)
    low, high = np.percentile(values.astype(float), (2, 98))
    wanted = np.clip(np.round((values[0].astype(float) - low) * 255 / (high - low)), 0, 255)
    assert empty == 0
    assert np.abs(pixels[..., 0] - wanted).max() <= 1


@pytest.mark.parametrize("name", ["S1A_IW_GRDH_1SDV_20200101T054321.tif", "s1b-iw-grd-vv-2020.tif"])
@pytest.mark.parametrize("kind", [np.uint16, np.int16])
def test_amplitudes_of_sentinel_1(make_raster, read, name, kind):
    values = (LADDER % 999).astype(kind)
    facts, pixels, empty = read(make_raster(name, values), stretch=PER_SCENE)
    valid = values[0] > 0
    decibels = 20 * np.log10(values[0][valid].astype(float))
    low, high = np.percentile(decibels, (2, 98))
    wanted = np.clip(np.round((decibels - low) * 255 / (high - low)), 0, 255)
    assert np.abs(pixels[valid][:, 0] - wanted).max() <= 1
    assert empty == pytest.approx(1 - valid.mean())
    assert facts.sensor == "sentinel-1"
    # Real numbers are shown as they are: they may be decibels already.
    _, pixels, empty = read(make_raster(name, values.astype(np.float32)), stretch=PER_SCENE)
    assert empty == 0
