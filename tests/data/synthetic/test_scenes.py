"""What is in a scene, and what its captions say."""

import numpy as np

from harma.data.synthetic import make_scene
from harma.data.synthetic.materials import MATERIALS
from harma.data.synthetic.objects import DRAWERS
from harma.data.synthetic.scenes import GROUNDS, LINES, OBJECT_KINDS, SINGLE
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
