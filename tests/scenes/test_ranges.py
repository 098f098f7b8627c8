"""One range for all scenes of a kind."""

import numpy as np
import pytest

from harma.scenes.ranges import (
    KindRange,
    ThinnedValues,
    chosen_stretch,
    is_by_kind,
    kind_of,
    ranges_of_sample,
    sampled_values,
    spread,
)
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import AUTO_RULE, parse_stretch

PLAIN = (1.0, 0.0)


def test_kinds_differ_by_sensor_type_bands_and_scaling():
    kinds = {
        kind_of("", ["uint16"] * 3, [PLAIN] * 3),
        kind_of("planetscope-4", ["uint16"] * 3, [PLAIN] * 3),
        kind_of("", ["uint16"], [PLAIN]),
        kind_of("", ["float32"] * 3, [PLAIN] * 3),
        kind_of("", ["uint16"] * 3, [(0.0001, -0.1)] * 3),
        kind_of("", ["uint16"] * 3, [(0.0001, 0.0)] * 3),
    }
    assert len(kinds) == 6
    assert kind_of("", ["uint16"], [PLAIN]) == "unknown sensor, uint16, 1 band"
    named = kind_of("x", ["int16", "int16", "uint8"], [(2.0, -1.0)] * 3)
    assert named == "x, int16, uint8, 3 bands, scale 2 offset -1"


@pytest.mark.parametrize(
    ("rule", "expected"),
    [("auto", True), ("archive", True), ("scene", False), ("0,3000", False)],
)
def test_rules_by_kind(rule, expected):
    assert is_by_kind(parse_stretch(rule)) is expected


def looked():
    values = np.array([[[0, 10, 20]], [[100, 110, 120]], [[5, 5, 999]]], dtype=np.uint16)
    return ThinnedValues(values, np.array([[True, True, False]]))


def never():
    raise AssertionError("nobody needs to look")


def test_the_range_of_a_scene():
    known = [KindRange("b", Stretch((1.0,), (2.0,))), KindRange("a", Stretch((3.0,), (4.0,)))]
    assert chosen_stretch(AUTO_RULE, "a", known, 1, never) == known[1].stretch
    fixed = chosen_stretch(parse_stretch("0,9"), "a", known, 2, never)
    assert fixed == Stretch((0.0, 0.0), (9.0, 9.0))
    each = chosen_stretch(parse_stretch("scene:0,100"), "a", known, 3, looked)
    assert each == Stretch((0.0, 100.0, 5.0), (10.0, 110.0, 6.0))
    # Of a kind that is not known: its own, by the rule's percentiles, one range for all bands.
    own = chosen_stretch(parse_stretch("archive:0,100"), "c", known, 3, looked)
    assert own == Stretch((0.0,) * 3, (110.0,) * 3)


def test_values_of_a_sample_are_valid_and_not_more_than_enough():
    values = np.arange(2 * 300 * 300, dtype=np.float32).reshape(2, 300, 300)
    valid = np.zeros((300, 300), dtype=bool)
    valid[:, :200] = True
    valid[0, 0] = False
    values[1, 1, 1] = np.nan
    taken = sampled_values(ThinnedValues(values, valid))
    assert taken.shape[0] == 2
    assert 15_000 <= taken.shape[1] <= 20_000
    right = valid.copy()
    right[1, 1] = False
    assert np.isin(taken[0], values[0][right]).all()
    assert (taken[1] - taken[0] == 90_000).all(), "bands of one pixel stay together"


@pytest.mark.parametrize("each", [False, True])
def test_the_range_of_a_sample_is_that_of_all_its_values(each):
    rng = np.random.default_rng(0)
    parts = [rng.normal(mean, 50, (3, 500)) * [[1], [2], [3]] for mean in (300, 900, 2000)]
    rule = parse_stretch(f"archive:1,99,{'each' if each else 'joint'}")
    (found,) = ranges_of_sample("a", parts, rule)
    together = np.concatenate(parts, axis=1)
    low, high = np.percentile(together, (1, 99), axis=1 if each else None)
    np.testing.assert_allclose(found.stretch.low, np.broadcast_to(low, 3))
    np.testing.assert_allclose(found.stretch.high, np.broadcast_to(high, 3))


def test_one_hot_pixel_does_not_make_an_archive_black():
    values = np.full((1, 2000), 500.0)
    values[0, ::2] = 1000
    values[0, 7] = 65_535
    (found,) = ranges_of_sample("a", [values], AUTO_RULE)
    assert found.stretch.high[0] == 1000


def test_some_of_many():
    assert spread([], 64) == []
    assert spread("ab", 64) == ["a", "b"]
    some = spread(range(1000), 64)
    assert (len(some), some[0], some[-1]) == (64, 0, 999)
    assert 15 <= min(np.diff(some)) <= max(np.diff(some)) <= 17


def test_scenes_of_other_units_have_a_range_of_their_own():
    rng = np.random.default_rng(0)
    heights = [rng.uniform(low, low + 900, (1, 400)) for low in (400, 900, 2000)]
    decibels = [rng.uniform(-25, -3, (1, 400)) for _ in range(2)]
    shares = [rng.uniform(0, high, (1, 400)) for high in (0.05, 0.4, 0.3)]
    parts = [heights[0], shares[0], decibels[0], shares[1], heights[1], heights[2], *decibels[1:]]
    ranges = ranges_of_sample("a", [*parts, shares[2]], AUTO_RULE)
    for found, scenes in zip(ranges, (shares, decibels, heights), strict=True):
        low, high = np.percentile(np.concatenate(scenes, axis=1), (0.5, 99.5))
        assert found.stretch == Stretch((low,), (high,))
    # Each scene is shown in the range of those like it.
    for number, scenes in enumerate((shares, decibels, heights)):
        for scene in scenes:
            seen = ThinnedValues(scene[:, None], np.ones((1, 400), dtype=bool))
            chosen = chosen_stretch(AUTO_RULE, "a", ranges, 1, lambda seen=seen: seen)
            assert chosen == ranges[number].stretch
    # Who asks for one range gets one.
    assert len(ranges_of_sample("a", parts, parse_stretch("archive"))) == 1


def test_water_and_clouds_are_of_one_unit():
    rng = np.random.default_rng(0)
    parts = [rng.uniform(low, low * 1.5, (3, 400)) for low in (150, 600, 2000, 6000)]
    assert len(ranges_of_sample("a", parts, AUTO_RULE)) == 1
    nothing = np.zeros((3, 400))
    assert len(ranges_of_sample("a", [nothing, nothing], AUTO_RULE)) == 1
