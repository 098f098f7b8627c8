"""What captions of scenes say."""

import numpy as np
import pytest

from harma.data.captions import clean_caption
from harma.data.synthetic import make_scene, scene_captions
from harma.data.synthetic.scenes import OBJECT_KINDS, DrawnScene, Group
from harma.data.synthetic.wording import GROUND_PHRASES, NUMBERS, _group


def scenes(count: int = 400):
    for seed in range(count):
        rng = np.random.default_rng((9, seed))
        yield make_scene(rng), rng


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
            for kind in OBJECT_KINDS:
                for number, word in NUMBERS.items():
                    plural = kind if number == 1 else kind + "s"
                    for color in ("", *OBJECT_KINDS[kind]):
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


@pytest.mark.parametrize("kind", list(OBJECT_KINDS))
def test_every_kind_is_named_as_a_group(kind):
    rng = np.random.default_rng(3)
    for _ in range(3000):
        scene = make_scene(rng)
        if any(group.kind == kind for group in scene.groups):
            assert any(kind in caption for caption in scene_captions(scene, 8, rng))
            return
    pytest.fail(f"no {kind} in 3,000 scenes")


def phrases_of(group):
    """All that is said of a group, over many draws."""
    return {_group(group, np.random.default_rng(seed)) for seed in range(300)}


def test_how_a_group_is_named():
    assert phrases_of(Group("house", 2, "red", "north west")) == {
        "two red houses",
        "two red houses in the north west",
        "two houses with red roofs",
        "two houses with red roofs in the north west",
    }
    assert phrases_of(Group("house", 1, "grey", "south east")) == {
        "a grey house",
        "a grey house in the south east",
        "a house with a grey roof",
        "a house with a grey roof in the south east",
    }
    # No colour is named where there is one only, and vowels have "an".
    assert phrases_of(Group("pond", 1, "", "south west")) == {"a pond", "a pond in the south west"}
    assert "an aeroplane" in phrases_of(Group("aeroplane", 1, "", "south west"))


def test_ships_are_on_the_sea_and_never_on_the_ground():
    groups = (Group("ship", 1, "white", "north west"), Group("tree", 1, "", "south east"))
    scene = DrawnScene("sand", "coast", "west to east", "north", False, groups, seed=0)
    captions = set()
    for seed in range(60):
        captions.update(scene_captions(scene, 5, np.random.default_rng(seed)))
    assert any("ship" in caption and caption.endswith("on the sea") for caption in captions)
    for caption in captions:
        if "ship" in caption and "tree" not in caption and "coast" not in caption:
            assert not caption.endswith(("on sand", "in the desert")) or "beach" in caption


def test_the_captions_of_version_1():
    """Other captions of the same scenes would be another version of the data sets."""
    captions = [
        scene_captions(make_scene(np.random.default_rng(seed)), 2, np.random.default_rng(seed))
        for seed in (0, 2)
    ]
    assert captions == [
        [
            "four trees in the south west in the desert",
            "a road with three greenhouses and four trees",
        ],
        ["a baseball field in the desert", "three solar panels on sand"],
    ]
