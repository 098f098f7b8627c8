"""What is nodata."""

import numpy as np
import pytest
from rasterio.enums import ColorInterp

from harma.errors import ConfigError
from harma.scenes.nodata import check_nodata

RGBA = [ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha]


def test_nodata_is_black_and_counted(make_raster, bands, read):
    values = bands(0, 0, 0)
    values[:, :, 25:] = 200
    _, pixels, empty = read(make_raster(values=values, nodata=0))
    assert empty == 0.5
    assert (pixels[:, :25] == 0).all()
    assert (pixels[:, 25:] == 200).all()


def test_alpha_is_a_mask(make_raster, bands, read):
    values = bands(90, 90, 90, 255)
    values[3, :10] = 0
    _, pixels, empty = read(make_raster(values=values, interpretation=RGBA))
    assert empty == 0.25
    assert (pixels[:10] == 0).all()


def test_nodata_of_a_persons_own(make_raster, bands, read):
    values = bands(7, 7, 7)
    values[:, :20] = 100
    values[0, 20, :] = 8  # of a pixel, all bands must have the value
    _, pixels, empty = read(make_raster(values=values), nodata=7)
    assert empty == 19 / 40
    assert pixels[20, 0].tolist() == [8, 7, 7]
    with pytest.raises(
        ConfigError, match=r"scene.tif: nodata is -9999, which its values \(uint8\) cannot hold"
    ):
        read(make_raster(values=values), nodata=-9999)


def test_a_value_of_a_persons_own_takes_the_place_of_the_files(make_raster, bands, read):
    values = bands(0, 0, 0)
    values[:, :10] = 7
    path = make_raster(values=values, nodata=0)
    assert read(path)[2] == 0.75
    assert read(path, nodata=7)[2] == 0.25
    assert read(path, nodata=float("nan"))[2] == 0


def test_what_is_transparent_stays_so(make_raster, bands, read):
    values = bands(7, 7, 7, 255)
    values[:3, :20] = 100
    values[3, :10] = 0
    values[3, 10] = 1  # hardly opaque, but data
    path = make_raster(values=values, interpretation=RGBA)
    assert read(path, nodata=7)[2] == 0.75
    assert read(path, nodata=float("nan"))[2] == 0.25


def test_a_mask_of_the_file(make_raster, bands, read):
    mask = np.full((40, 50), 255, dtype=np.uint8)
    mask[:, :5] = 0
    path = make_raster(values=bands(7, 7, 7), mask=mask)
    assert read(path)[2] == pytest.approx(0.1)
    assert read(path, nodata=7)[2] == 1


def test_values_that_are_not_numbers_are_nodata(make_raster, bands, read):
    values = bands(1, 2, 3, dtype=np.float32)
    values[0, :20] = np.nan
    values[1, 20, 0] = np.inf
    _, pixels, empty = read(make_raster(values=values))
    assert empty == pytest.approx(0.5 + 1 / 2000)
    assert (pixels[:20] == 0).all()


@pytest.mark.parametrize(
    ("value", "kind", "fits"),
    [
        (0, "uint8", True),
        (255, "uint8", True),
        (256, "uint8", False),
        (-1, "uint8", False),
        (65535, "uint16", True),
        (-32768, "int16", True),
        (0.5, "uint16", False),
        (float("inf"), "uint16", False),
        (float("nan"), "uint16", True),
        (None, "uint16", True),
        (-9999.5, "float32", True),
    ],
)
def test_values_that_a_type_can_hold(value, kind, fits):
    types = [np.dtype("float32"), np.dtype(kind)]
    if fits:
        check_nodata(value, types)
        return
    with pytest.raises(ConfigError, match=rf"which its values \({kind}\) cannot hold"):
        check_nodata(value, types)
