import numpy as np
import pytest

from harma.data.synthetic.looks import DRY, LOOKS, SNOW, Look
from harma.data.synthetic.materials import MATERIAL_INDEX, MATERIAL_NAMES, MATERIALS


def reflectance(look, name):
    return look.reflectance()[MATERIAL_INDEX[name]]


def test_materials_are_as_they_are_without_a_season():
    table = Look().reflectance()
    assert table.dtype == np.float32
    assert np.allclose(table, [MATERIALS[name].bands for name in MATERIAL_NAMES])


@pytest.mark.parametrize(
    ("name", "held"),
    [("grass", 1), ("ploughed", 1), ("soil", 1), ("sand", 1), ("forest", 0.35), ("tree", 0.35)],
)
def test_snow_lies_on_open_ground_and_less_on_trees(name, held):
    bare = np.array(MATERIALS[name].bands)
    assert np.allclose(reflectance(Look(snow=0.8), name), bare + 0.8 * held * (SNOW - bare))


@pytest.mark.parametrize("name", ["asphalt", "water", "red", "steel"])
def test_nothing_lies_on_what_is_cleared_or_wet(name):
    assert np.allclose(reflectance(Look(snow=1, dry=1), name), MATERIALS[name].bands)


def test_plants_turn_to_straw_and_nothing_else_does():
    assert np.allclose(reflectance(Look(dry=1), "grass"), DRY)
    assert np.allclose(reflectance(Look(dry=1), "soil"), MATERIALS["soil"].bands)


def test_the_looks_of_version_1():
    """Blue, green, red and infrared are bands 0 to 3."""
    assert {
        "summer": Look((2, 1, 0), (0.7, 0.5), 0.45, 0, 0, 0, 0.015, 1),
        "infrared": Look((3, 2, 1), (-0.6, 0.5), 0.35, 0, 0, 0.05, 0.015, 1),
        "drought": Look((2, 1, 0), (0.3, 0.3), 0.6, 0.85, 0, 0.18, 0.015, 1.08),
        "winter": Look((2, 1, 0), (0.9, -0.9), 0.5, 0, 0.8, 0, 0.02, 0.95),
    } == LOOKS


def test_materials_reflect_no_more_than_falls_on_them():
    for material in MATERIALS.values():
        assert 0 <= min(material.bands) <= max(material.bands) <= 1
        assert 0 <= material.texture < 0.5
