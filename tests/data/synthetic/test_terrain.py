import numpy as np
import pytest

from harma.data.synthetic.canvas import Canvas
from harma.data.synthetic.materials import MATERIAL_INDEX, MATERIAL_NAMES
from harma.data.synthetic.scenes import GROUNDS, LINES, DrawnScene
from harma.data.synthetic.terrain import LINE_DRAWERS, PLAIN, draw_bridge, draw_ground, draw_line


def drawn(ground="grassland", line="", direction="north to south", sea=""):
    """The materials of a scene without objects."""
    scene = DrawnScene(ground, line, direction, sea, False, (), seed=0)
    canvas = Canvas(100, sun=(0, 0))
    draw_ground(canvas, scene, np.random.default_rng(1))
    draw_line(canvas, scene, np.random.default_rng(2))
    return canvas.arrays()[0]


def names_of(labels):
    return {MATERIAL_NAMES[index] for index in np.unique(labels)}


def test_every_ground_and_line_can_be_drawn():
    assert {*PLAIN, "farmland"} == set(GROUNDS)
    assert list(LINE_DRAWERS) == list(LINES)
    assert names_of(drawn("forest")) == {"forest"}
    assert names_of(drawn("farmland")) == {"wheat", "maize", "ploughed", "grass"}


def test_a_railway_has_two_rails_of_steel():
    row = drawn(line="railway")[50] == MATERIAL_INDEX["steel"]
    # Where it begins and where it ends.
    assert np.count_nonzero(np.diff(row.astype(int))) == 4


def test_a_bank_and_a_beach_can_be_told_from_the_ground():
    assert "soil" in names_of(drawn(line="river"))
    assert "sand" in names_of(drawn("bare land", line="river"))
    assert "sand" in names_of(drawn(line="coast", sea="east"))
    assert "concrete" in names_of(drawn("sand", line="coast", sea="east"))


def test_a_runway_is_wider_than_a_road():
    def width(line):
        return np.count_nonzero(drawn(line=line)[50] != MATERIAL_INDEX["grass"])

    # 0.14 and 0.075 of the picture.
    assert 12 <= width("runway") <= 16
    assert 6 <= width("road") <= 9


def test_a_bridge_carries_a_road_to_both_sides():
    scene = DrawnScene("grassland", "river", "north to south", "", True, (), seed=0)
    canvas = Canvas(100, sun=(0, 0))
    draw_bridge(canvas, scene, np.random.default_rng(3))
    labels = canvas.arrays()[0]
    # The road runs from edge to edge, and over the deck of concrete that is wider than it.
    assert (labels == MATERIAL_INDEX["asphalt"]).any(axis=0).all()
    deck = np.flatnonzero((labels == MATERIAL_INDEX["concrete"]).any(axis=0))
    assert (deck[0], deck[-1]) == (40, 60)
    assert np.count_nonzero(labels[:, 50] == MATERIAL_INDEX["asphalt"]) in (5, 6)
    assert np.count_nonzero(labels[:, 50] == MATERIAL_INDEX["concrete"]) in (2, 3, 4)


# Pixels of each material as version 1 of the data sets has them; a few lie on edges.
PIXELS = [
    ({"ground": "farmland"}, {"wheat": 2242, "maize": 2524, "ploughed": 2481}),
    ({"line": "river"}, {"soil": 300, "water": 822}),
    (
        {"line": "road", "direction": "west to east"},
        {"asphalt": 495, "concrete": 203, "paint": 96},
    ),
    ({"line": "railway"}, {"ballast": 300, "steel": 200}),
    (
        {"line": "runway", "direction": "west to east"},
        {"asphalt": 840, "concrete": 200, "paint": 360},
    ),
    ({"line": "coast", "sea": "east"}, {"sand": 307, "water": 5044}),
    ({"line": "coast", "sea": "north", "direction": "west to east"}, {"sand": 307, "water": 5042}),
]


@pytest.mark.parametrize(("scene", "expected"), PIXELS)
def test_the_size_of_grounds_and_lines(scene, expected):
    labels = drawn(**scene)
    counts = {MATERIAL_NAMES[index]: int((labels == index).sum()) for index in np.unique(labels)}
    counts.pop("grass")
    assert counts == {name: pytest.approx(n, rel=0.02, abs=4) for name, n in expected.items()}


def test_the_sea_lies_on_its_side():
    for sea, direction in (("east", "north to south"), ("south", "west to east")):
        is_water = drawn(line="coast", sea=sea, direction=direction) == MATERIAL_INDEX["water"]
        rows, columns = np.nonzero(is_water)
        assert (columns if sea == "east" else rows).min() > 40
