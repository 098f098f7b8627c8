"""What is in a scene, and what its captions say."""

import numpy as np
import pytest

from harma.data.synthetic import make_scene
from harma.data.synthetic.materials import MATERIALS
from harma.data.synthetic.objects import DRAWERS
from harma.data.synthetic.scenes import (
    GROUNDS,
    LINE_SHARES,
    LINES,
    OBJECT_KINDS,
    SINGLE,
    DrawnScene,
    Group,
)
from harma.data.synthetic.wording import GROUND_PHRASES


def scenes(count: int = 400):
    for seed in range(count):
        rng = np.random.default_rng((9, seed))
        yield make_scene(rng), rng


def test_tables_belong_together():
    assert DRAWERS.keys() == OBJECT_KINDS.keys()
    assert set(GROUNDS) == GROUND_PHRASES.keys()
    assert {color for colors in OBJECT_KINDS.values() for color in colors} <= MATERIALS.keys()


def test_the_same_seed_gives_the_same_scene():
    assert [scene for scene, _ in scenes(20)] == [scene for scene, _ in scenes(20)]


def test_everything_occurs():
    drawn = [scene for scene, _ in scenes()]
    assert {scene.ground for scene in drawn} == set(GROUNDS)
    assert {scene.line for scene in drawn} == {*LINES, ""}
    assert {group.kind for scene in drawn for group in scene.groups} == OBJECT_KINDS.keys()
    assert {scene.bridge for scene in drawn} == {True, False}


def test_things_are_where_they_can_be():
    for scene, _ in scenes():
        assert len({group.quarter for group in scene.groups}) == len(scene.groups)
        assert not scene.bridge or scene.line == "river"
        for group in scene.groups:
            at_sea = bool(scene.sea) and scene.sea in group.quarter.split()
            assert (group.kind == "ship") == at_sea
            assert group.kind != "aeroplane" or scene.line == "runway"
            assert group.count == 1 or group.kind not in SINGLE


def test_the_scenes_of_version_1():
    """Other scenes of the same numbers would be another version of the data sets."""
    sand, forest, plain, single = (make_scene(np.random.default_rng(seed)) for seed in range(4))
    groups = (Group("tree", 4, "", "south west"), Group("greenhouse", 3, "", "north west"))
    assert sand == DrawnScene(
        "sand", "road", "north to south", "", False, groups, seed=2_084_654_370
    )
    assert (forest.ground, forest.line, forest.seed) == ("forest", "", 1_777_477_785)
    assert forest.groups == (
        Group("storage tank", 2, "grey", "north east"),
        Group("swimming pool", 2, "", "north west"),
    )
    assert plain.groups == (
        Group("solar panel", 3, "", "south east"),
        Group("baseball field", 1, "", "south west"),
    )
    assert single.groups == (Group("tennis court", 2, "blue", "south west"),)


def test_how_often_things_come():
    drawn = [scene for scene, _ in scenes(2000)]
    share = {line: sum(scene.line == line for scene in drawn) / 2000 for line in (*LINES, "")}
    assert share == {
        line: pytest.approx(expected, abs=0.03)
        for line, expected in zip((*LINES, ""), LINE_SHARES, strict=True)
    }
    assert LINE_SHARES == (0.22, 0.2, 0.12, 0.12, 0.16, 0.18)
    without = [len(scene.groups) for scene in drawn if not scene.line]
    assert set(without) == {2}
    with_line = [len(scene.groups) for scene in drawn if scene.line]
    assert 0.45 < with_line.count(1) / len(with_line) < 0.55
    rivers = [scene.bridge for scene in drawn if scene.line == "river"]
    assert 0.42 < sum(rivers) / len(rivers) < 0.58
    counts = {group.count for scene in drawn for group in scene.groups}
    assert counts == {1, 2, 3, 4}
    for scene in drawn:
        kinds = [group.kind for group in scene.groups]
        assert len(set(kinds)) == len(kinds) or set(kinds) == {"ship"} or "aeroplane" in kinds
        assert scene.ground != "forest" or "tree" not in kinds
