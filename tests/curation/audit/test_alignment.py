import numpy as np
import pytest
from PIL import Image

from harma.curation.audit import alignment
from harma.curation.audit.alignment import fit
from harma.curation.audit.looks import LOOK_SIDE, small_grey

WHOLE_IMAGE = np.array([[0.0, 1.0, 0.0, 1.0]])


def grey_of(scene, box=(0, 0, 1, 1)):
    """A part (left, upper, right, lower, as shares) of a scene, in small."""
    width, height = scene.size
    left, upper, right, lower = box
    return small_grey(scene.crop((left * width, upper * height, right * width, lower * height)))[
        None
    ]


def test_the_box_of_a_cropped_copy_is_found(scenes):
    copy = grey_of(scenes[3], (0.0625, 0.125, 1, 0.9375))
    result = fit(grey_of(scenes[3]), copy, WHOLE_IMAGE)
    # Top, bottom, left, right, to a pixel of the small picture.
    assert result.boxes[0] == pytest.approx([0.125, 0.9375, 0.0625, 1], abs=1 / LOOK_SIDE)
    assert result.detail[0] > 0.9
    assert result.overlap[0] > 0.95


def test_brightness_and_contrast_may_differ(scenes):
    picture = scenes[2]
    dimmed = Image.eval(picture, lambda value: 40 + value // 2)
    assert fit(grey_of(picture), grey_of(dimmed), WHOLE_IMAGE).detail[0] > 0.95


def test_another_picture_and_a_plain_one_do_not_agree(scenes):
    plain = np.full((1, LOOK_SIDE, LOOK_SIDE), 90, np.uint8)
    assert fit(grey_of(scenes[0]), grey_of(scenes[1]), WHOLE_IMAGE).detail[0] < 0.5
    assert fit(grey_of(scenes[0]), plain, WHOLE_IMAGE).detail[0] < 0.5
    assert fit(plain, plain, WHOLE_IMAGE).detail[0] < 0.5


def stripes(seed):
    """The same strong lines down the picture; what lies along them differs."""
    lines = np.tile(np.where(np.arange(LOOK_SIDE) // 8 % 2, 200, 60), (LOOK_SIDE, 1))
    noise = np.random.default_rng(seed).normal(0, 1, (8, LOOK_SIDE)).repeat(8, axis=0)
    return np.clip(lines + 8 * noise, 0, 255).astype(np.uint8)[None]


def test_strong_lines_alone_make_no_copy():
    """As one correlation of all differences would have it: the lines are most of it."""
    first, second = stripes(0), stripes(1)
    plain = np.corrcoef(np.diff(first[0] * 1.0).ravel(), np.diff(second[0] * 1.0).ravel())[0, 1]
    assert plain > 0.9
    assert fit(first, second, WHOLE_IMAGE).detail[0] < 0.82
    assert fit(first, first, WHOLE_IMAGE).detail[0] > 0.99


@pytest.mark.parametrize(
    ("box", "possible"),
    [
        ((0, 1, 0, 1), True),
        ((0.1, 0.81, 0.1, 0.81), True),
        ((0.1, 0.79, 0.1, 0.9), False),  # lower than 0.7
        ((0, 1.14, 0, 1), True),
        ((0, 1.16, 0, 1), False),
        ((0, 1.15, 0, 1), False),
        ((0, 1, 0, 1.16), False),
        ((0, 0.7, 0, 1), False),
        ((0, 1, 0.1, 0.79), False),
    ],
)
def test_the_sizes_that_a_part_may_have(box, possible):
    boxes = np.array([box], np.float32)
    assert alignment._is_possible(boxes, np.array([0.8], np.float32))[0] == possible
    assert not alignment._is_possible(boxes, np.array([0.69], np.float32))[0]


def test_portions_change_nothing(scenes, monkeypatch):
    source = np.concatenate([grey_of(scene) for scene in scenes[:3]])
    boxes = WHOLE_IMAGE.repeat(3, axis=0)
    expected = fit(source, source, boxes)
    monkeypatch.setattr(alignment, "AT_ONCE", 2)
    found = fit(source, source, boxes)
    assert np.allclose(found.detail, expected.detail, atol=1e-5)
    assert found.boxes.shape == (3, 4)
    assert fit(source[:0], source[:0], boxes[:0]).boxes.shape == (0, 4)


def test_just_enough_of_a_box_lies_on_the_picture():
    boxes = np.repeat(WHOLE_IMAGE.astype(np.float32), 3, axis=0)
    seen = np.array([0.7, 0.6999, 0.7001], np.float32)
    assert alignment._is_possible(boxes, seen).tolist() == [True, False, True]


def test_what_a_box_shows_and_which_cells_lie_on_the_picture():
    """Of 64 pixels as 4 cells: each pixel holds its column, so that a cell holds its middle."""
    pictures = np.tile(np.arange(LOOK_SIDE, dtype=np.float32), (1, LOOK_SIDE, 1))
    boxes = np.array([[0, 1, -0.25, 0.75], [0, 1, 0.1, 1.1], [0, 1, 0.2, 1.2]], np.float32)
    seen, mask = alignment._seen(pictures.repeat(3, axis=0), boxes, 4)
    assert mask[:, 0].tolist() == [
        [False, True, True, True],
        [True, True, True, True],
        [True, True, True, False],  # a fifth of the last cell lies on it
    ]
    assert seen[0, 0, 1:] == pytest.approx([7.5, 23.5, 39.5])
    # Of the last cell, from 0.85 to 1.1, the picture has the pixels from 54.4.
    assert seen[1, 0, 3] == pytest.approx((54.4 + 64) / 2 - 0.5, abs=0.05)


def test_a_mean_is_taken_of_what_counts():
    values = np.array([[[1.0, 2.0], [9.0, 50.0]]], np.float32)
    mask = np.array([[[True, True], [True, False]]])
    assert alignment._centred(values, mask).tolist() == [[-3, -2, 5, 0]]
    assert alignment._centred(values, ~mask & False).tolist() == [[0, 0, 0, 0]]


def test_edges_are_moved_to_where_they_should_be():
    """The left edge of a box is wrong by 0.02: one step mends most of it, others move little."""
    x = np.linspace(0, 4 * np.pi, LOOK_SIDE)
    picture = (np.sin(x)[None] * 80 + np.cos(x / 3)[:, None] * 60 + 120).astype(np.float32)[None]
    true = np.array([[0.1, 0.9, 0.1, 0.9]], np.float32)
    aim, mask = alignment._seen(picture, true, 32)
    start = true + np.array([[0, 0, 0.02, 0]], np.float32)
    seen, mask = alignment._seen(picture, start, 32)
    move = alignment._step(seen, mask, aim)[0]
    assert move[2] == pytest.approx(-0.02, abs=0.006)
    assert np.abs(move[[0, 1, 3]]).max() < 0.01
