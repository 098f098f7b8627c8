"""Relevance maps: the planted part is found."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from harma.backbones import Preprocess
from harma.errors import ConfigError
from harma.evaluation.relevance import (
    Relevance,
    check_asked,
    draw_relevance,
    overlay,
    relevance,
    relevance_examples,
)


class Corner:
    """Looks at one corner only: the redder the upper right, the nearer to the text "red"."""

    preprocess = Preprocess(size=(64, 64), mean=(0.5,) * 3, std=(0.5,) * 3)
    embed_dim = 2
    device = torch.device("cpu")

    def tokenize(self, texts):
        return torch.tensor([[1 if text == "red" else -1] for text in texts])

    def text_lengths(self, token_ids):
        return torch.ones(len(token_ids))

    def encode_text(self, token_ids):
        return torch.nn.functional.normalize(
            torch.cat([token_ids.float(), torch.zeros(len(token_ids), 1)], 1), dim=1
        )

    def encode_image(self, pixels):
        red = pixels[:, 0, :16, 48:].mean(dim=(1, 2))
        return torch.nn.functional.normalize(torch.stack([red, torch.ones_like(red)], 1), dim=1)


RED = Image.new("RGB", (100, 50), (255, 0, 0))


@pytest.mark.parametrize("batch_size", [1, 7, 64])
def test_the_map_peaks_where_the_score_comes_from(batch_size):
    found = relevance(Corner(), RED, "red", grid=8, batch_size=batch_size)
    assert found.cosine == pytest.approx(2**-0.5, abs=1e-3)
    assert divmod(int(found.cells.argmax()), 8) == (0, 7)
    assert found.cells[4:].max() == pytest.approx(0, abs=1e-6)
    assert found.cells[:, :4].max() == pytest.approx(0, abs=1e-6)
    assert found.picture.shape == (64, 64, 3)
    assert found.picture[0, 0].tolist() == [255, 0, 0]


def test_what_speaks_against_a_text_is_negative():
    found = relevance(Corner(), RED, "anything else", grid=8)
    assert divmod(int(found.cells.argmin()), 8) == (0, 7)
    assert found.cells.max() <= 1e-6


def test_upsampling_keeps_the_place():
    smooth = relevance(Corner(), RED, "red", grid=8).upsampled(50, 100)
    assert smooth.shape == (50, 100)
    row, column = divmod(int(smooth.argmax()), 100)
    assert row < 12
    assert column > 75


def test_grid_and_text_are_checked():
    with pytest.raises(ConfigError, match="grid is 2; allowed are 3 to 64"):
        relevance(Corner(), RED, "red", grid=2)
    with pytest.raises(ConfigError, match="the text is empty; say what to look for"):
        relevance(Corner(), RED, " ")


def test_pictures(tmp_path):
    found = relevance(Corner(), RED, "red", grid=8)
    drawn = np.asarray(overlay(found, RED)).astype(int)
    assert drawn.shape == (50, 100, 3)
    assert drawn[2, 97, 0] > drawn[2, 97, 2] + 80, "orange in the corner"
    assert abs(drawn[40, 10] - drawn[40, 10].mean()).max() <= 1, "grey elsewhere"
    draw_relevance(found, "costs $5 and $6", tmp_path / "m.png", RED)
    with Image.open(tmp_path / "m.png") as picture:
        assert picture.width > picture.height


def test_the_map_lies_over_the_image_itself_where_the_model_sees_all_of_it(tmp_path):
    """A model that crops sees a part, so that the map lies over what it saw."""
    cropping = Corner()
    cropping.preprocess = replace(Corner.preprocess, resize_mode="shortest")
    found = relevance(cropping, RED, "red", grid=3)
    whole = relevance(Corner(), RED, "red", grid=3)
    assert (found.whole, whole.whole) == (False, True)
    sizes = []
    for one in (found, whole):
        draw_relevance(one, "red", tmp_path / "m.png", Image.new("RGB", (400, 50), (255, 0, 0)))
        pixels = np.asarray(Image.open(tmp_path / "m.png").convert("RGB")).astype(int)
        left = pixels[:, : pixels.shape[1] // 2]
        red = np.argwhere((left[..., 0] > 200) & (left[..., 1] < 60))
        height, width = np.ptp(red, axis=0)
        sizes.append(width / height)
    assert sizes[0] == pytest.approx(1, abs=0.1)
    assert sizes[1] > 4


def test_the_peak_is_the_cell_of_the_largest_fall():
    found = relevance(Corner(), RED, "red", grid=8)
    assert (found.peak.row, found.peak.column) == (0, 7)
    assert found.peak.fall == pytest.approx(float(found.cells.max()))
    assert relevance(Corner(), RED, "anything else", grid=8).peak is None


def test_a_cell_is_the_mean_fall_of_the_squares_that_cover_it():
    found = relevance(Corner(), RED, "red", grid=3)
    red = np.ones((64, 64))
    edges = [0, round(64 / 3), round(128 / 3), 64]

    def cosine(pixels):
        mean = pixels[:16, 48:].mean()
        return mean / np.hypot(mean, 1)

    falls = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            covered = red.copy()
            across = slice(edges[max(0, j - 1)], edges[min(3, j + 2)])
            covered[edges[max(0, i - 1)] : edges[min(3, i + 2)], across] = 0
            falls[i, j] = cosine(red) - cosine(covered)
    # A cell is covered by the squares around itself and its neighbours.
    expected = np.empty((3, 3))
    for i in range(3):
        for j in range(3):
            expected[i, j] = falls[max(0, i - 1) : i + 2, max(0, j - 1) : j + 2].mean()
    assert found.cells == pytest.approx(expected, abs=1e-5)


def test_examples_say_whether_the_first_image_is_right(model, split, embed):
    embedded = embed(0.0)
    (example,) = relevance_examples(model[0], embedded, split, [3], grid=3)
    assert (example.caption, example.right) == (split.captions[3], True)
    assert example.name == split.images[split.caption_to_image[3]].name
    assert example.picture.startswith("data:image/jpeg")
    assert example.map != example.picture


def test_the_smallest_and_the_largest_grid():
    check_asked("red", 3)
    check_asked("red", 64)
    for grid in (2, 65):
        with pytest.raises(ConfigError, match=f"grid is {grid}; allowed are 3 to 64"):
            check_asked("red", grid)


def test_levels_of_the_picture_are_those_of_the_image():
    levels = np.arange(64 * 64 * 3, dtype=np.uint8).reshape(64, 64, 3)
    found = relevance(Corner(), Image.fromarray(levels), "red", grid=3)
    assert (found.picture == levels).all()


def test_a_map_of_zeros_has_no_peak_and_leaves_the_picture_grey():
    level = np.full((6, 6, 3), (10, 200, 60), dtype=np.uint8)
    found = Relevance(0.5, np.zeros((3, 3), dtype=np.float32), level)
    assert found.peak is None
    drawn = np.asarray(overlay(found))
    assert (drawn == drawn[0, 0, 0]).all()
