"""Pictures of scenes."""

from dataclasses import replace

import numpy as np
import pytest

from harma.data.synthetic import LOOKS, DrawnScene, Group, Look, draw_bands, draw_scene
from harma.data.synthetic.drawing import PLACE, _offsets
from harma.data.synthetic.scenes import OBJECT_KINDS

PLAIN = DrawnScene("grassland", "", "north to south", "", False, (), seed=4)
QUIET = Look(noise=0.0)


def quarter(picture, name):
    """The pixels of a quarter."""
    middle = len(picture) // 2
    rows = slice(0, middle) if "north" in name else slice(middle, None)
    columns = slice(0, middle) if "west" in name else slice(middle, None)
    return picture[rows, columns].astype(float)


@pytest.mark.parametrize("size", [16, 63, 64, 200])
def test_size_and_type(size):
    picture = draw_scene(PLAIN, QUIET, size)
    assert picture.shape == (size, size, 3)
    assert picture.dtype == np.uint8
    bands = draw_bands(PLAIN, QUIET, size)
    assert bands.shape == (size, size, 4)
    assert 0 <= bands.min() <= bands.max() <= 1


def test_the_same_scene_gives_the_same_picture():
    assert (draw_scene(PLAIN, LOOKS["winter"], 48) == draw_scene(PLAIN, LOOKS["winter"], 48)).all()
    assert (draw_scene(PLAIN, QUIET, 48) != draw_scene(replace(PLAIN, seed=5), QUIET, 48)).any()


@pytest.mark.parametrize("kind", list(OBJECT_KINDS))
@pytest.mark.parametrize("place", ["north west", "south east"])
def test_a_group_changes_its_quarter_and_no_other(kind, place):
    color = (OBJECT_KINDS[kind] or ("",))[0]
    with_group = draw_bands(
        replace(PLAIN, groups=(Group(kind, 1, color, place),)), replace(QUIET, sun=(0, 0)), 96
    )
    empty = draw_bands(PLAIN, QUIET, 96)
    changed = (with_group != empty).any(axis=-1)
    assert quarter(changed, place).mean() > 0.02
    assert quarter(changed, place).sum() == changed.sum()


def test_more_objects_cover_more():
    covered = []
    for count in (1, 2, 3, 4):
        scene = replace(PLAIN, groups=(Group("storage tank", count, "white", "north east"),))
        covered.append((draw_bands(scene, QUIET, 128)[..., 0] > 0.6).sum())
    assert covered == sorted(covered)
    assert covered[3] > 3 * covered[0]


def test_colors_are_those_of_the_words():
    for color, strongest in (("red", 0), ("blue", 2)):
        scene = replace(PLAIN, groups=(Group("house", 4, color, "north west"),))
        picture = draw_scene(scene, QUIET, 128).astype(int)
        others = [channel for channel in range(3) if channel != strongest]
        share = (picture[..., strongest] > picture[..., others].max(axis=-1) + 60).mean()
        assert share > 0.02
        assert quarter(picture, "south east")[..., 1].mean() > 60  # grass stays green


def test_lines_run_as_they_say():
    river = replace(PLAIN, line="river")
    is_water = draw_bands(river, QUIET, 100)[..., 3] < 0.2
    assert is_water.any(axis=1).all()
    assert not is_water.any(axis=0).all()
    across = draw_bands(replace(river, direction="west to east"), QUIET, 100)[..., 3] < 0.2
    assert across.any(axis=0).all()
    assert not across.any(axis=1).all()


def test_a_bridge_interrupts_the_river():
    river = replace(PLAIN, line="river")
    plain, bridged = (
        (draw_bands(replace(river, bridge=bridge), QUIET, 100)[..., 3] < 0.2).any(axis=1)
        for bridge in (False, True)
    )
    assert plain.all()
    assert not bridged.all()


@pytest.mark.parametrize(("side", "where"), [("north", 0), ("south", -1)])
def test_the_sea_is_where_it_says(side, where):
    scene = replace(PLAIN, line="coast", direction="west to east", sea=side)
    is_water = draw_bands(scene, QUIET, 100)[..., 3] < 0.2
    assert is_water[where].all()
    assert not is_water[-1 - where].any()


def test_looks_differ_and_follow_their_meaning():
    pictures = {
        name: draw_scene(PLAIN, look, 64).astype(float).mean(axis=(0, 1))
        for name, look in LOOKS.items()
    }
    assert pictures["summer"].argmax() == 1, "grass is green"
    assert pictures["infrared"].argmax() == 0, (
        "grass is bright in the infrared, which is shown as red"
    )
    assert pictures["winter"].min() > pictures["summer"].max(), "snow is bright"
    assert pictures["drought"][0] > pictures["summer"][0], "straw is redder"


# Mean red, green and blue of the four quarters, as version 1 of the data sets has them.
MEANS = {
    "summer": [[74, 97, 56], [60, 102, 53], [62, 101, 60], [62, 100, 54]],
    "infrared": [[175, 79, 101], [184, 67, 106], [168, 68, 104], [181, 69, 105]],
    "drought": [[149, 131, 100], [141, 135, 99], [136, 132, 102], [143, 135, 100]],
    "winter": [[163, 161, 157], [166, 179, 174], [155, 168, 165], [161, 173, 167]],
}


@pytest.mark.parametrize("look", LOOKS)
def test_the_colours_of_a_scene(look):
    groups = (Group("house", 3, "red", "north west"), Group("tree", 1, "", "south east"))
    scene = replace(PLAIN, line="river", bridge=True, groups=groups)
    picture = draw_scene(scene, LOOKS[look], 64).astype(float)
    means = picture.reshape(2, 32, 2, 32, 3).mean(axis=(1, 3)).reshape(4, 3)
    assert np.abs(means - MEANS[look]).max() <= 1


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_objects_of_a_group_stand_apart(count):
    offsets = _offsets(count, np.random.default_rng(0))
    assert offsets.shape == (count, 2)
    if count == 1:
        assert np.abs(offsets).max() <= 0.04
    else:
        assert np.abs(np.abs(offsets) - PLACE).max() <= 0.015
        assert len({tuple(np.sign(offset)) for offset in offsets}) == count


def test_noise_and_haze_and_gain_by_the_formula():
    quiet = draw_bands(PLAIN, QUIET, 48)[..., [2, 1, 0]]
    veiled = draw_scene(PLAIN, replace(QUIET, haze=0.5, gain=0.8), 48)
    expected = 0.8 * quiet + 0.5 * (0.75 - 0.8 * quiet)
    assert np.abs(veiled - 255 * expected).max() <= 1
    noisy = draw_scene(PLAIN, Look(noise=0.02), 48) - draw_scene(PLAIN, QUIET, 48).astype(float)
    assert noisy.std() == pytest.approx(0.02 * 255, rel=0.05)
