"""What is in a scene, and what its captions say."""

import numpy as np
import pytest

from harma.data.captions import clean_caption
from harma.data.synthetic import make_scene, scene_captions
from harma.data.synthetic.materials import MATERIALS
from harma.data.synthetic.objects import DRAWERS
from harma.data.synthetic.scenes import GROUNDS, KINDS, LINES, SINGLE
from harma.data.synthetic.wording import GROUND_PHRASES, NUMBERS


def scenes(count: int = 400):
    for seed in range(count):
        rng = np.random.default_rng((9, seed))
        yield make_scene(rng), rng


def test_tables_belong_together():
    assert DRAWERS.keys() == KINDS.keys()
    assert set(GROUNDS) == GROUND_PHRASES.keys()
    assert {color for colors in KINDS.values() for color in colors} <= MATERIALS.keys()


def test_the_same_seed_gives_the_same_scene():
    assert [scene for scene, _ in scenes(20)] == [scene for scene, _ in scenes(20)]


def test_everything_occurs():
    drawn = [scene for scene, _ in scenes()]
    assert {scene.ground for scene in drawn} == set(GROUNDS)
    assert {scene.line for scene in drawn} == {*LINES, ""}
    assert {group.kind for scene in drawn for group in scene.groups} == KINDS.keys()
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


def test_captions_are_distinct_clean_and_as_many_as_asked():
    for scene, rng in scenes(200):
        captions = scene_captions(scene, 5, rng)
        assert len(set(captions)) == 5
        assert [clean_caption(caption) for caption in captions] == captions
        assert all(len(caption.split()) <= 30 for caption in captions)


def test_captions_say_nothing_that_was_not_drawn():
    for scene, rng in scenes(200):
        drawn = {
            (group.kind, group.count, color)
            for group in scene.groups
            for color in ("", group.color)
        }
        for caption in scene_captions(scene, 5, rng):
            for kind in KINDS:
                for number, word in NUMBERS.items():
                    plural = kind if number == 1 else kind + "s"
                    for color in ("", *KINDS[kind]):
                        phrase = f"{word} {color} {plural}".replace("  ", " ")
                        if f" {phrase} " in f" {caption} ":
                            assert (kind, number, color) in drawn, (caption, scene)


def test_captions_name_no_other_line_or_ground():
    for scene, rng in scenes(200):
        for caption in scene_captions(scene, 5, rng):
            for line in ("river", "road", "railway", "runway"):
                assert line == scene.line or line not in caption.split(), (caption, scene)
            assert scene.bridge or "bridge" not in caption
            for direction in ("north to south", "west to east"):
                assert direction == scene.direction or direction not in caption
            for ground, phrases in GROUND_PHRASES.items():
                if ground != scene.ground:
                    assert not any(caption.endswith(phrase) for phrase in phrases), (caption, scene)


def test_ten_captions_are_found_in_the_poorest_scene():
    counts = [len(scene_captions(scene, 10, rng)) for scene, rng in scenes(200)]
    assert min(counts) == 10


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_kind_is_named_as_a_group(kind):
    rng = np.random.default_rng(3)
    for _ in range(3000):
        scene = make_scene(rng)
        if any(group.kind == kind for group in scene.groups):
            assert any(kind in caption for caption in scene_captions(scene, 8, rng))
            return
    pytest.fail(f"no {kind} in 3,000 scenes")
