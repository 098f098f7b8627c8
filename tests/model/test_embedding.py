"""Embedding images and strings in batches."""

from contextlib import suppress

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from harma.backbones import Preprocess
from harma.data.cache import ImageCache
from harma.errors import ConfigError, DataError
from harma.model.embedding import embed_images, embed_pixels, embed_texts, evaluating


class Recorder(nn.Module):
    """Embeds a text as its length and an image as its mean; keeps what each batch was."""

    embed_dim = 2
    device = torch.device("cpu")
    preprocess = Preprocess(size=(4, 4), mean=(0, 0, 0), std=(1, 1, 1))

    def __init__(self):
        super().__init__()
        self.batches = []
        self.modes = []

    def tokenize(self, texts):
        token_ids = torch.zeros(len(texts), 9, dtype=torch.int64)
        for row, text in enumerate(texts):
            token_ids[row, : len(text)] = 1
        return token_ids

    def text_lengths(self, token_ids):
        return token_ids.sum(dim=1)

    def encode_text(self, token_ids):
        lengths = self.text_lengths(token_ids)
        self.batches.append(lengths.tolist())
        self.modes.append((self.training, torch.is_grad_enabled()))
        return torch.stack([lengths, 10 * lengths], dim=1).double()

    def encode_image(self, pixels):
        self.batches.append(len(pixels))
        return pixels.mean(dim=(1, 2, 3))[:, None].expand(-1, 2)


@pytest.fixture
def model():
    return Recorder()


def test_texts_of_one_length_are_together_and_come_back_in_their_order(model):
    texts = ["aaaaaaa", "b", "ccccc", "d", "ee", "ffffffff", "g"]
    embedded = embed_texts(model, texts, batch_size=3)
    assert embedded.dtype == np.float32
    assert embedded[:, 0].tolist() == [len(text) for text in texts]
    assert embedded[:, 1].tolist() == [10 * len(text) for text in texts]
    # A batch is as long as its longest text: what is padded is 3·1 + 3·7 + 8, not 3·7 + 3·8 + 1.
    assert model.batches == [[1, 1, 1], [2, 5, 7], [8]]


def test_it_embeds_in_evaluation_mode_and_leaves_the_mode_as_it_was(model):
    for training in (True, False):
        model.train(training)
        embed_texts(model, ["a", "bb"])
        assert model.training is training
        with suppress(RuntimeError), evaluating(model):
            assert not model.training
            raise RuntimeError
        assert model.training is training
    assert set(model.modes) == {(False, False)}
    with evaluating(object()):
        assert not torch.is_grad_enabled()


def test_images_of_every_kind_in_batches(model, tmp_path):
    array = np.full((6, 5, 3), 51, dtype=np.uint8)
    Image.fromarray(array).save(tmp_path / "a.png")
    grey = np.full((3, 3), 102, dtype=np.uint8)
    images = [str(tmp_path / "a.png"), tmp_path / "a.png", Image.fromarray(array), array, grey]
    embedded = embed_images(model, images, batch_size=2)
    assert embedded[:, 0] == pytest.approx([0.2, 0.2, 0.2, 0.2, 0.4])
    assert model.batches == [2, 2, 1]


def test_a_cache_is_asked_for_files(model, tmp_path):
    Image.fromarray(np.full((6, 5, 3), 51, dtype=np.uint8)).save(tmp_path / "a.png")
    cache = ImageCache("memory")
    cache.preload([tmp_path / "a.png"])
    (tmp_path / "a.png").unlink()
    assert embed_images(model, [tmp_path / "a.png"], cache=cache)[0, 0] == pytest.approx(0.2)


def test_nothing_gives_no_rows(model):
    assert embed_images(model, []).shape == (0, 2)
    assert embed_texts(model, []).shape == (0, 2)


@pytest.mark.parametrize("embed", [embed_images, embed_texts])
def test_one_string_is_no_list(model, embed):
    with pytest.raises(ConfigError, match=r"is 'a river'; give a list, such as \['a river'\]"):
        embed(model, "a river")


def test_embeddings_that_are_no_numbers_are_refused(model):
    pixels = torch.ones(2, 3, 4, 4)
    assert embed_pixels(model, pixels).tolist() == [[1, 1], [1, 1]]
    pixels[1, 0, 0, 0] = torch.inf
    model.loaded_from = "runs/a"
    with pytest.raises(
        DataError, match="^runs/a: .*embeddings that are not numbers: its weights are damaged"
    ):
        embed_pixels(model, pixels)
    model.encode_text = lambda token_ids: torch.full((len(token_ids), 2), torch.nan)
    with pytest.raises(DataError, match="embeddings that are not numbers"):
        embed_texts(model, ["a"])


@pytest.mark.parametrize("length", [1, 3])
def test_embeddings_of_another_length_than_the_model_says(model, length):
    model.encode_image = lambda pixels: torch.ones(len(pixels), length)
    model.encode_text = lambda token_ids: torch.ones(len(token_ids), length)
    message = f"gives embeddings of {length} numbers, and says that they have 2"
    with pytest.raises(DataError, match=message):
        embed_pixels(model, torch.ones(2, 3, 4, 4))
    with pytest.raises(DataError, match=message):
        embed_texts(model, ["a"])
