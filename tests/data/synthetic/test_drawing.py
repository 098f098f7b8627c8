"""Pictures of scenes."""

from dataclasses import replace

import numpy as np
import pytest

from harma.data.synthetic import LOOKS, DrawnScene, Group, Look, draw_bands, draw_scene
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
