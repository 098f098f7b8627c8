"""The map of embeddings and the modality gap."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from harma.errors import DataError, MissingDependencyError
from harma.evaluation.embedding_map import modality_gap, pca_map, umap_map
from harma.evaluation.retrieval import Embedded
from harma.metrics import captions_of


def make(images, texts, owners, text):
    names = tuple(str(i) for i in range(len(texts)))
    return Embedded(
        np.array(images, dtype=np.float32),
        np.array(texts, dtype=np.float32),
        names,
        captions_of(np.array(owners), len(images), np.array(text)),
    )


def test_the_gap_by_hand():
    # The second text stands for two captions, so it counts twice.
    gap = modality_gap(make([[1, 0], [0, 1]], [[1, 0], [0, 1]], [0, 0, 1], [0, 1, 1]))
    assert gap.distance == pytest.approx(np.hypot(1 / 2 - 1 / 3, 1 / 2 - 2 / 3))
    assert gap.matched == pytest.approx(2 / 3)
    assert gap.all_pairs == pytest.approx(1 / 2)


@pytest.fixture
def apart():
    """Two groups along the second axis, modalities apart along the first."""
    rng = np.random.default_rng(0)
    group = np.arange(40) % 2 * 2 - 1
    images, texts = (0.05 * rng.standard_normal((40, 6)) for _ in range(2))
    for part, side in ((images, 3), (texts, -3)):
        part[:, 0] += side
        part[:, 1] += group
    return make(images, texts, range(40), range(40)), group


def test_pca_finds_the_gap_and_without_it_the_groups(apart):
    embedded, group = apart
    found = pca_map(embedded)
    assert abs(found.images[:, 0].mean() - found.texts[:, 0].mean()) == pytest.approx(6, abs=0.1)
    assert sum(found.explained) > 0.99
    closed = pca_map(embedded, close_gap=True)
    assert abs(np.corrcoef(closed.images[:, 0], group)[0, 1]) > 0.99
    assert abs(closed.images[:, 0].mean() - closed.texts[:, 0].mean()) < 1e-5
    points = np.concatenate([embedded.images, embedded.texts]).astype(float)
    singular = np.linalg.svd(points - points.mean(axis=0), compute_uv=False) ** 2
    assert found.explained == pytest.approx(tuple(singular[:2] / singular.sum()))


def test_umap_where_it_is_installed(apart, monkeypatch):
    embedded, _ = apart
    given = {}

    class Layout:
        def __init__(self, **options):
            given.update(options)

        def fit_transform(self, points):
            return points[:, :2]

    monkeypatch.setitem(sys.modules, "umap", None)
    with pytest.raises(MissingDependencyError, match="pip install umap-learn, or leave --umap out"):
        umap_map(embedded)
    monkeypatch.setitem(sys.modules, "umap", SimpleNamespace(UMAP=Layout))
    whole = umap_map(embedded, seed=4)
    assert given == {"n_neighbors": 15, "metric": "cosine", "random_state": 4, "n_jobs": 1}
    drawn = umap_map(embedded, most=20)
    umap_map(embedded, most=12)
    assert given["n_neighbors"] == 11, "all others"
    ten = make(embedded.images[:5], embedded.texts[:5], range(5), range(5))
    assert len(umap_map(ten).images) == 5
    nine = make(embedded.images[:5], embedded.texts[:4], [0, 1, 2, 3, 4], [0, 1, 2, 3, 3])
    with pytest.raises(DataError, match="a UMAP of 9 images and texts says nothing"):
        umap_map(nine)
    assert (whole.images == embedded.images[:, :2]).all()
    assert len(drawn.images) == len(drawn.texts) == 10
    assert (drawn.texts == embedded.texts[drawn.text_rows, :2]).all()
