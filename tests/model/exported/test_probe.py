"""The probe: whose pictures and captions, and how far an export is from the model."""

import numpy as np
import pytest

from harma.errors import DataError
from harma.model.exported.model import ExportedModel
from harma.model.exported.probe import least_cosines, read_sample


def test_drawn_where_nothing_is_given(made):
    sample = read_sample(made.model, (), (), 5)
    assert sample.pixels.shape == (5, 3, 32, 32)
    # The model keeps captions.
    assert sample.told == {"images": 5, "captions": 4, "own": []}
    bare = read_sample(ExportedWithoutCaptions(made.model), (), (), 5)
    assert len(set(bare.texts)) == 5


class ExportedWithoutCaptions:
    """A model that keeps no captions."""

    captions = None

    def __init__(self, model):
        self.preprocess = model.preprocess
        self.trained_reading = None


def test_two_samples_of_many_have_few_in_common(made):
    captions = [f"caption {number}" for number in range(40)]
    first = read_sample(made.model, made.pictures, captions, 10)
    second = read_sample(made.model, made.pictures, captions, 10, start=0.5)
    assert first.texts[:2] == ("caption 0", "caption 4")
    assert set(first.texts) & set(second.texts) == set()
    assert first.of_user == ("images", "captions")
    assert len(first.pixels) == len(made.pictures)


def test_the_least_cosine_is_the_least(made, onnx, monkeypatch):
    exported = ExportedModel.open(onnx)
    sample = read_sample(made.model, made.pictures, ("a", "b"), 6)
    embed = exported.embed_pixels

    def off(pixels):
        embeddings = embed(pixels)
        right = embeddings[2].copy()
        # Turned by a known angle, in the plane of it and of what is orthogonal to it.
        other = np.roll(right, 1)
        other -= (other @ right) * right
        embeddings[2] = 0.6 * right + 0.8 * other / np.linalg.norm(other)
        return embeddings

    monkeypatch.setattr(exported, "embed_pixels", off)
    found = least_cosines(made.model, exported, sample)
    assert found["image"] == pytest.approx(0.6, abs=1e-4)
    assert found["text"] > 0.99999


def test_embeddings_that_are_no_numbers(made, onnx, monkeypatch):
    exported = ExportedModel.open(onnx)
    sample = read_sample(made.model, made.pictures, ("a",), 6)
    monkeypatch.setattr(exported, "embed_pixels", lambda p: np.full((len(p), 16), np.nan))
    with pytest.raises(DataError, match="are not numbers"):
        least_cosines(made.model, exported, sample)
