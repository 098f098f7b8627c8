"""Cutting rasters."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harma.errors import ConfigError, DataError
from harma.scenes.place import PixelSize
from harma.scenes.windows import Tiling

LENGTHS = st.integers(1, 60)


@settings(deadline=None)
@given(
    LENGTHS,
    LENGTHS,
    st.integers(4, 70),
    st.sampled_from([0.25, 0.5, 0.7, 1.0]),
    st.sampled_from(["shift", "pad"]),
)
def test_every_pixel_lies_in_a_chip(width, height, size, stride, edges):
    covered = np.zeros((height, width), dtype=bool)
    windows = list(Tiling(size=size, stride=stride, edges=edges).windows(width, height, None))
    for w in windows:
        covered[w.row : w.row + w.height, w.column : w.column + w.width] = True
        assert 0 <= w.column < width
        assert 0 <= w.row < height
        if edges == "shift":
            assert w.column + w.width <= width
            assert w.row + w.height <= height
        else:
            assert (w.width, w.height) == (size, size)
    assert covered.all()
    assert len(set(windows)) == len(windows)


def test_no_chip_more_than_needed():
    assert len(list(Tiling(size=50).windows(200, 100, None))) == 8
    assert len(list(Tiling(size=50).windows(201, 100, None))) == 10
    assert len(list(Tiling(size=50, stride=0.5).windows(100, 50, None))) == 3


def test_size_on_the_ground_and_scales():
    tiling = Tiling(size=None, size_m=100.0, scales=(1, 2))
    sizes = {w.width for w in tiling.windows(100, 100, 5.0)}
    assert sizes == {20, 40}


def test_whole_pictures():
    assert [vars(w) for w in Tiling(size=None).windows(7, 9, None)] == [
        {"column": 0, "row": 0, "width": 7, "height": 9}
    ]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"size": 0}, "size is 0; it must be greater than 0"),
        ({"size": 10, "size_m": 5.0}, "given in pixels and in metres"),
        ({"stride": 0}, "stride is 0"),
        ({"stride": 1.5}, "stride is 1.5; it must be over 0 and at most 1"),
        ({"scales": ()}, "scales are"),
        ({"scales": (1, -2)}, "scales are"),
        ({"edges": "drop"}, "edges is 'drop'; allowed are shift, pad"),
    ],
)
def test_bad_tilings(values, message):
    with pytest.raises(ConfigError, match=message):
        Tiling(**values)


def test_metres_need_a_place_and_pixels_that_are_small_enough():
    tiling = Tiling(size=None, size_m=100.0)
    with pytest.raises(DataError, match="has no georeference; cut it by pixels"):
        list(tiling.windows(10, 10, None))
    with pytest.raises(DataError, match="smaller than its pixels"):
        list(tiling.windows(10, 10, 300.0))
    with pytest.raises(
        DataError, match=r"chips of 100 m are more than 100,000 of its pixels \(0 m"
    ):
        tiling.side(0.0)
    assert tiling.side(0.001) == 100_000
    with pytest.raises(DataError, match="more than 100,000 of its pixels"):
        tiling.side(0.0009)


@pytest.mark.parametrize(
    ("length", "edges", "starts", "side"),
    [
        (100, "shift", [0, 50], 50),
        (101, "shift", [0, 50, 51], 50),  # a rest of one pixel has a chip of its own
        (101, "pad", [0, 50, 100], 50),
        (99, "shift", [0, 49], 50),
        (50, "pad", [0], 50),
        (49, "pad", [0], 50),
        (49, "shift", [0], 49),
        (51, "shift", [0, 1], 50),
    ],
)
def test_where_chips_begin(length, edges, starts, side):
    windows = list(Tiling(size=50, edges=edges).windows(length, 50, None))
    assert [w.column for w in windows] == starts
    assert {w.width for w in windows} == {side}
    windows = list(Tiling(size=50, edges=edges).windows(50, length, None))
    assert [w.row for w in windows] == starts
    assert {w.height for w in windows} == {side}


def test_the_last_chip_of_those_that_overlap():
    windows = Tiling(size=10, stride=0.5).windows(23, 10, None)
    assert [w.column for w in windows] == [0, 5, 10, 13]
    windows = Tiling(size=10, stride=0.5, edges="pad").windows(23, 10, None)
    assert [w.column for w in windows] == [0, 5, 10, 15]


def test_scales_come_one_after_the_other_row_by_row():
    windows = list(Tiling(size=5, scales=(1, 2)).windows(10, 10, None))
    assert [(w.column, w.row, w.width) for w in windows] == [
        (0, 0, 5),
        (5, 0, 5),
        (0, 5, 5),
        (5, 5, 5),
        (0, 0, 10),
    ]


def test_an_absurd_number_of_chips_is_refused():
    with pytest.raises(
        DataError, match="its 2,000,000,000 × 2,000,000,000 pixels make more than 20,000,000 chips"
    ):
        Tiling(size=256).windows(2_000_000_000, 2_000_000_000, None)
    assert len(Tiling(size=256).windows(1_000_000, 1_000_000, None)) == 3907**2


@settings(deadline=None)
@given(LENGTHS, LENGTHS, st.integers(4, 70), st.lists(st.sampled_from([1, 2, 5]), min_size=1))
def test_windows_by_number_are_those_in_turn_and_each_is_there_once(width, height, size, scales):
    windows = Tiling(size=size, scales=tuple(scales)).windows(width, height, None)
    in_turn = list(windows)
    assert [windows[number] for number in range(len(windows))] == in_turn
    assert len(set(in_turn)) == len(in_turn)
    for number in (-1, len(windows)):
        with pytest.raises(IndexError, match="there is no window"):
            windows[number]


def test_scales_beyond_a_small_raster_are_one_chip():
    assert len(Tiling(size=8, scales=(1, 2, 4)).windows(9, 9, None)) == 5


@pytest.mark.parametrize(
    ("size_m", "gsd", "side"), [(100, 0.6, 167), (100, 0.7, 143), (10, 10, 1), (14, 10, 1)]
)
def test_metres_are_rounded_to_pixels(size_m, gsd, side):
    assert Tiling(size=None, size_m=size_m).side(gsd) == side


@pytest.mark.parametrize(
    ("size", "stride", "starts"),
    [(10, 0.17, [0, 2, 4]), (2, 0.2, [0, 1, 2]), (1, 0.1, [0, 1]), (10, 0.25, [0, 2, 4])],
)
def test_strides_are_rounded_to_pixels_and_at_least_one(size, stride, starts):
    windows = Tiling(size=size, stride=stride).windows(100, size, None)
    assert [window.column for window in list(windows)[: len(starts)]] == starts


@pytest.mark.parametrize(("scale", "side"), [(0.5, 2), (0.1, 1), (0.01, 1), (1.5, 4)])
def test_scales_are_rounded_to_pixels_and_at_least_one(scale, side):
    assert Tiling(size=3, scales=(scale,)).windows(100, 100, None)[0].width == side


def test_the_most_chips_are_allowed_and_a_row_more_is_not():
    tiling = Tiling(size=1)
    assert len(tiling.windows(20_000, 1000, None)) == 20_000_000
    with pytest.raises(DataError, match="its 20,000 × 1,001 pixels make more than 20,000,000"):
        tiling.windows(20_000, 1001, None)


def test_half_a_pixel_is_too_small_and_more_is_one():
    assert Tiling(size=None, size_m=6).side(10) == 1
    with pytest.raises(DataError, match=r"chips of 5 m are smaller than its pixels \(10 m\)"):
        Tiling(size=None, size_m=5).side(10)


@pytest.mark.parametrize("value", [0, -1, float("inf"), float("nan")])
def test_sides_and_scales_are_over_0_and_finite(value):
    for values in ({"size": None, "size_m": value}, {"scales": (1, value)}):
        with pytest.raises(ConfigError, match=r"must be greater than 0|numbers over 0"):
            Tiling(**values)


@pytest.mark.parametrize(
    ("size", "sides"),
    [
        (PixelSize(10, 10), (6, 6)),
        (PixelSize(5, 10), (12, 6)),
        (PixelSize(30, 10), (2, 6)),
        (PixelSize(0.55, 1.11), (109, 54)),
        # As square as a projection leaves pixels: one side for both, as ever.
        (PixelSize(10.05, 9.98), (6, 6)),
    ],
)
def test_chips_of_metres_where_pixels_are_not_square(size, sides):
    tiling = Tiling(size=None, size_m=60.0)
    assert tiling.sides(size) == sides
    windows = tiling.windows(1000, 1000, size)
    assert (windows[0].width, windows[0].height) == sides
    # Pixels stay pixels.
    assert Tiling(size=50).sides(size) == (50, 50)


@pytest.mark.parametrize("gsd", [0.3, 1.0, 9.99, 10.004, 30.0])
@pytest.mark.parametrize("metres", [64.0, 250.0, 2560.0])
def test_square_pixels_are_cut_as_before(gsd, metres):
    tiling = Tiling(size=None, size_m=metres, stride=0.5, scales=(1.0, 2.0))
    nearly = PixelSize(gsd * 1.002, gsd * 0.998)
    assert list(tiling.windows(9000, 700, nearly)) == list(tiling.windows(9000, 700, nearly.mean))


def test_strides_and_edges_of_chips_that_are_not_square():
    tiling = Tiling(size=None, size_m=40.0, stride=0.5, edges="pad")
    windows = list(tiling.windows(30, 30, PixelSize(2, 4)))
    assert {(w.width, w.height) for w in windows} == {(20, 10)}
    assert sorted({w.column for w in windows}) == [0, 10]
    assert sorted({w.row for w in windows}) == [0, 5, 10, 15, 20]
    with pytest.raises(DataError, match="smaller than its pixels"):
        Tiling(size=None, size_m=1.0).windows(30, 30, PixelSize(1, 4))
