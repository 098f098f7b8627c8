"""Texts that are asked for again are not embedded again."""

import numpy as np

from harma.index import embedder
from harma.index.embedder import RememberingEmbedder


class Counting:
    """Embeds a text as its length, and notes what it is asked for."""

    embed_dim = 2

    def __init__(self):
        self.asked = []

    def embed_texts(self, texts):
        self.asked += texts
        return np.array([[len(text), 1] for text in texts], dtype=np.float32)

    def embed_images(self, images):
        return np.zeros((len(images), 2), dtype=np.float32)


def test_each_text_is_embedded_once():
    counting = Counting()
    remembering = RememberingEmbedder(counting)
    first = remembering.embed_texts(["a", "bb", "a"])
    assert first.tolist() == [[1, 1], [2, 1], [1, 1]]
    assert first.dtype == np.float32
    assert remembering.embed_texts(["ccc", "bb"]).tolist() == [[3, 1], [2, 1]]
    assert counting.asked == ["a", "bb", "ccc"]
    assert remembering.embed_texts([]).shape == (0, 2)
    assert remembering.embed_images(["x.png"]).shape == (1, 2)
    assert (remembering.embed_dim, remembering.captions) == (2, None)


def test_what_was_asked_for_long_ago_is_forgotten(monkeypatch):
    monkeypatch.setattr(embedder, "MOST_TEXTS", 2)
    counting = Counting()
    remembering = RememberingEmbedder(counting)
    for text in ("a", "b", "a", "c", "a", "b"):
        remembering.embed_texts([text])
    assert counting.asked == ["a", "b", "c", "b"]
    assert len(remembering.embed_texts(["x", "y", "z"])) == 3
    assert len(remembering._known) == 2


def test_captions_are_those_of_the_model():
    counting = Counting()
    counting.captions = "those"
    assert RememberingEmbedder(counting).captions == "those"
