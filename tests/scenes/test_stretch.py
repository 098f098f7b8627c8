"""The stretch by percentiles."""

import numpy as np
import pytest

from harma.errors import DataError
from harma.scenes.stretch import Stretch, stretch_of

ALL_VALID = np.ones((1, 5), dtype=bool)


@pytest.mark.parametrize("dtype", [np.uint16, np.int16, np.float32, np.float64])
def test_other_types_are_stretched_by_percentiles(make_raster, dtype, read):
    ramp = np.linspace(1000, 3000, 40 * 50).reshape(40, 50)
    values = np.stack([ramp, ramp * 2, ramp * 3]).astype(dtype)
    facts, pixels, _ = read(make_raster(values=values), stretch="scene:0,100")
    assert pixels[0, 0].tolist() == [0, 0, 0]
    assert pixels[-1, -1].tolist() == [255, 255, 255]
    assert facts.stretch == "1000 to 3000; 2000 to 6000; 3000 to 9000"
    narrow, _, _ = read(make_raster(values=values), stretch="scene:10,90")
    assert [round(float(end), -1) for end in narrow.stretch.split(";")[0].split(" to ")] == [
        1200,
        2800,
    ]


def test_a_scene_without_any_valid_value(make_raster, bands, read):
    with pytest.raises(DataError, match="no valid pixel"):
        read(make_raster(values=bands(np.nan, np.nan, np.nan, dtype=np.float32)))


def test_values_become_8_bit_by_the_range_of_their_band():
    stretch = Stretch((0.0, 100.0), (10.0, 200.0))
    values = np.array([[[0, 5, 10, -1, np.nan]], [[100, 150, 200, 500, 149.7]]])
    assert stretch(values).tolist() == [[[0, 128, 255, 0, 0]], [[0, 128, 255, 255, 127]]]
    assert str(stretch) == "0 to 10; 100 to 200"
    assert str(Stretch((0.0,) * 3, (2.5,) * 3)) == "0 to 2.5"


def test_percentiles_are_of_valid_values_of_each_band():
    values = np.array([[[1, 2, 3, 4, 1000]], [[10, 20, 30, 40, 7]]], dtype=np.int16)
    valid = np.array([[True, True, True, True, False]])
    assert stretch_of(values, valid, (0, 100)) == Stretch((1.0, 10.0), (4.0, 40.0))
    assert stretch_of(values, valid, (0, 50)) == Stretch((1.0, 10.0), (2.5, 25.0))


def test_a_value_that_is_no_number_leaves_its_pixel_out_in_all_bands():
    values = np.array([[[1, 2, np.nan]], [[10, 20, 99]]])
    valid = np.ones((1, 3), dtype=bool)
    assert stretch_of(values, valid, (0, 100)) == Stretch((1.0, 10.0), (2.0, 20.0))


def test_a_band_of_one_value_is_no_division_by_zero():
    stretch = stretch_of(np.full((1, 1, 5), 7, dtype=np.uint16), ALL_VALID, (2, 98))
    assert stretch == Stretch((7.0,), (8.0,))


def test_8_bit_values_stay_as_they_are():
    assert stretch_of(np.zeros((1, 1, 5), dtype=np.uint8), ALL_VALID, (2, 98)) is None


def test_halves_and_ends_of_the_range():
    stretch = Stretch((0.0,), (255.0,))
    values = np.array([[[0.4, 0.6, 254.4, 254.6, 255, 256, -0.6, np.inf, -np.inf]]])
    assert stretch(values).tolist() == [[[0, 1, 254, 255, 255, 255, 0, 255, 0]]]
    assert stretch(values).dtype == np.uint8


def test_usable_values_are_valid_and_numbers():
    values = np.array([[[np.nan, 5.0]]])
    with pytest.raises(DataError, match="no valid pixel"):
        stretch_of(values, np.array([[True, False]]), (0, 100))
    assert stretch_of(values, np.array([[True, True]]), (0, 100)) == Stretch((5.0,), (6.0,))


@pytest.mark.parametrize(("low", "high"), [(1e300, 2e300), (1e-300, 2e-300), (1e15, 1e15 + 10)])
def test_ranges_that_float32_does_not_hold(low, high):
    values = np.linspace(low, high, 256).reshape(1, 1, 256)
    exact = values.astype(np.longdouble)
    wanted = np.round((exact - low) / (np.longdouble(high) - low) * 255)
    found = Stretch((low,), (high,))(values)
    assert np.abs(found[0, 0].astype(int) - wanted[0, 0]).max() <= 1
    assert (found[0, 0, 0], found[0, 0, -1]) == (0, 255)
    assert Stretch((low,), (high,))(np.array([[[np.nan]]])).tolist() == [[[0]]]
