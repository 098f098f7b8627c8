import numpy as np
import pytest

from harma.data.synthetic.canvas import Canvas
from harma.data.synthetic.materials import MATERIAL_INDEX, MATERIAL_NAMES
from harma.data.synthetic.objects import DRAWERS
from harma.data.synthetic.scenes import OBJECT_KINDS


def drawn(kind, color="", angle=0.0):
    canvas = Canvas(200, sun=(0, 0))
    DRAWERS[kind](canvas, (0.5, 0.5), angle, color, np.random.default_rng(0))
    return canvas.arrays()[0]


@pytest.mark.parametrize("kind", [kind for kind, colors in OBJECT_KINDS.items() if colors])
def test_objects_have_the_colour_that_is_said(kind):
    for color in OBJECT_KINDS[kind]:
        material = color
        if (kind, color) == ("tennis court", "red"):
            material = "clay"  # what red courts are made of
        assert (drawn(kind, color) == MATERIAL_INDEX[material]).sum() > 100


@pytest.mark.parametrize("kind", OBJECT_KINDS)
def test_objects_stay_near_their_place(kind):
    color = (OBJECT_KINDS[kind] or ("",))[0]
    rows, columns = np.nonzero(drawn(kind, color, angle=0.4) != MATERIAL_INDEX[MATERIAL_NAMES[0]])
    # A quarter is half of the picture; nothing reaches beyond a fifth of it on any side.
    assert max(abs(rows - 100).max(), abs(columns - 100).max()) <= 45


def test_three_panels_lie_apart():
    column = drawn("solar panel")[:, 100] == MATERIAL_INDEX["panel"]
    assert np.count_nonzero(np.diff(column.astype(int))) == 6
