"""A split of synthetic scenes, and embeddings of it without a model."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.data.split import Split
from harma.data.synthetic import make_scenes
from harma.evaluation.retrieval import Embedded, summarize_embedded, with_baseline
from harma.metrics import captions_of

# Captions (rows) × images: what each caption's cosine with each image is.
SCORES = np.array(
    [
        [0.9, 0.1, 0.2, 0.3],  # of 0, right
        [0.2, 0.1, 0.8, 0.0],  # of 1, image 2 stands first by 0.7
        [0.5, 0.6, 0.4, 0.3],  # of 2, image 1 by 0.2
        [0.7, 0.0, 0.1, 0.2],  # of 3, image 0 by 0.5
        [0.6, 0.2, 0.1, 0.5],  # of 0 and, the same words, of 3
    ],
    dtype=np.float32,
)
CAPTIONS = ("a", "b", "c", "d", "e", "e")


@pytest.fixture(scope="session")
def split(tmp_path_factory):
    """12 test scenes with one to five captions each: no mean over captions is one over images."""
    data = make_scenes(
        tmp_path_factory.mktemp("scenes") / "s", train=1, val=1, test=12, size=32, captions=5
    )
    even = load_split(load_description(data), "test", data.parent)
    kept = [m for m, image in enumerate(even.caption_to_image) if m % 5 <= image % 5]
    return replace(
        even,
        captions=tuple(even.captions[m] for m in kept),
        caption_to_image=even.caption_to_image[kept],
    )


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


@pytest.fixture
def four(tmp_path):
    """Four images of two labels, six captions, two of which are the same words."""
    for i in range(4):
        Image.new("RGB", (20, 20), (60 * i, 0, 0)).save(tmp_path / f"{i}.png")
    paths = tuple(Path(tmp_path / f"{i}.png") for i in range(4))
    return Split(
        "test",
        paths,
        CAPTIONS,
        np.array([0, 1, 2, 3, 0, 3]),
        np.array([0, 0, 2, 2]),
        ("sea", "sky", "town"),
    )


@pytest.fixture
def four_embedded(four):
    """Their embeddings: the cosines are `SCORES`."""
    names, text = np.unique(np.array(CAPTIONS), return_inverse=True)
    return Embedded(
        np.eye(4, dtype=np.float32),
        SCORES,
        tuple(names.tolist()),
        captions_of(four.caption_to_image, 4, text),
    )
