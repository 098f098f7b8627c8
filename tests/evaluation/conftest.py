"""A split of synthetic scenes, and embeddings of it without a model."""

import numpy as np
import pytest

from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.data.synthetic import make_scenes
from harma.evaluation.retrieval import Embedded, summarize_embedded, with_baseline
from harma.metrics import captions_of


@pytest.fixture(scope="session")
def split(tmp_path_factory):
    """12 test scenes with three captions each."""
    data = make_scenes(
        tmp_path_factory.mktemp("scenes") / "s", train=1, val=1, test=12, size=32, captions=3
    )
    return load_split(load_description(data), "test", data.parent)


@pytest.fixture(scope="session")
def embed(split):
    """Embeddings whose captions lie near their images, the nearer the less noise."""

    def embedded(noise: float, seed: int = 0) -> Embedded:
        rng = np.random.default_rng(seed)
        images = rng.standard_normal((split.num_images, 16))
        names, text = np.unique(np.array(split.captions), return_inverse=True)
        texts = np.empty((len(names), 16))
        texts[text] = images[split.caption_to_image]
        texts += noise * rng.standard_normal(texts.shape)
        images, texts = (a / np.linalg.norm(a, axis=1, keepdims=True) for a in (images, texts))
        return Embedded(
            images.astype(np.float32),
            texts.astype(np.float32),
            tuple(names.tolist()),
            captions_of(split.caption_to_image, split.num_images, text),
        )

    return embedded


@pytest.fixture
def evaluation(split, embed):
    """A good model with a bad one beside it."""
    return with_baseline(
        summarize_embedded(embed(1.2), split), summarize_embedded(embed(3.0), split)
    )
