"""Spectral scenes: alike in red, green and blue, told apart by near infrared alone."""

import numpy as np
import pytest

from harma.data.synthetic.spectral import (
    PATCHES,
    VISIBLE,
    SpectralScene,
    draw_reflectance,
    make_spectral_scene,
    spectral_captions,
)


def inside(kind, seed=5):
    """Bands of a patch, its middle alone."""
    scene = SpectralScene("sand", {"north west": kind}, seed)
    return draw_reflectance(scene, 64)[:, 10:18, 10:18]


@pytest.mark.parametrize("family", ["green", "dark"])
def test_patches_of_a_family_differ_in_infrared_alone(family):
    kinds = [kind for kind, surface in PATCHES.items() if surface.family == family]
    assert len(kinds) == 3
    drawn = [inside(kind) for kind in kinds]
    for other in drawn[1:]:
        # The very same light: not even the noise says which it is.
        np.testing.assert_array_equal(other[:3], drawn[0][:3])
        assert np.abs(other[3].mean() - drawn[0][3].mean()) > 0.08
    assert drawn[0][:3].mean() == pytest.approx(np.mean(VISIBLE[family]), rel=0.2)


def test_the_same_state_gives_the_same_scene():
    scenes = [make_spectral_scene(np.random.default_rng(3)) for _ in range(2)]
    assert scenes[0] == scenes[1]
    np.testing.assert_array_equal(*(draw_reflectance(scene, 32) for scene in scenes))
    assert len(set(scenes[0].patches.values())) == 3


def test_captions_tell_what_is_there():
    scene = SpectralScene("soil", {"north west": "pond", "south east": "meadow"}, 1)
    captions = spectral_captions(scene, 6, np.random.default_rng(0))
    assert len(captions) == 6
    for caption in captions:
        assert "in the north west" in caption
        assert any(phrase in caption for phrase in PATCHES["pond"].phrases)
        assert any(phrase in caption for phrase in PATCHES["meadow"].phrases)
        assert not any(phrase in caption for phrase in PATCHES["conifers"].phrases)
