"""Relevance maps: the planted part is found."""

import numpy as np
import pytest
import torch
from PIL import Image

from harma.backbones import Preprocess
from harma.errors import ConfigError
from harma.evaluation.relevance import draw_relevance, overlay, relevance


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
