"""A search made ready to be kept."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.index.made import made_settings

from harma.errors import ConfigError, QueryError
from harma.index.index import Index
from harma.index.store import Store
from harma.searches.keeping import kept_asked, model_of_vectors, without_numbers


class Embedder:
    """Embeds a picture as its colour."""

    embed_dim = 8

    def embed_images(self, images):
        vectors = np.zeros((len(images), 8), dtype=np.float32)
        vectors[:, :3] = [np.asarray(image, dtype=np.float32) for image in images]
        return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@pytest.fixture
def index(tmp_path):
    from tests.searches.marked import make_grid

    index = Index(make_grid(tmp_path / "index"))
    index.model = Embedder()
    return index


def test_uploads_become_vectors(index):
    uploads = {"red": (3, 0, 4), "blue": (0, 0, 1)}
    asked = {
        "image": {"upload": "red", "weight": 2},
        "like": [{"text": "a roof"}],
        "unlike": [{"upload": "blue"}],
        "bbox": None,
    }
    kept = kept_asked(asked, index, uploaded=uploads.__getitem__)
    assert kept == {
        "image": {"vector": [0.6, 0, 0.8, 0, 0, 0, 0, 0], "weight": 2},
        "like": [{"text": "a roof"}],
        "unlike": [{"vector": [0, 0, 1, 0, 0, 0, 0, 0]}],
    }
    assert asked["image"] == {"upload": "red", "weight": 2}
    assert model_of_vectors(kept, index) == index.store.settings.model_id
    # And again: what was kept can be kept.
    assert kept_asked(kept, index) == kept


def test_pictures_are_embedded_by_what_many_callers_share(index):
    index.embedder = index.model
    index.model = None
    kept = kept_asked({"image": {"upload": "red"}}, index, uploaded={"red": (3, 0, 4)}.get)
    assert kept["image"]["vector"][:3] == [0.6, 0, 0.8]


def test_a_picture_is_embedded_as_the_chips_of_the_index_are(tmp_path):
    """The whole is as (2, 1, 2), its quarters are red with green, red, blue and blue."""

    class Means(Embedder):
        def embed_images(self, images):
            return super().embed_images([np.asarray(image).mean(axis=(0, 1)) for image in images])

    store = Store.create(tmp_path / "tiled", replace(made_settings(8), tiles=2))
    index = Index(store)
    index.model = Means()
    picture = np.zeros((4, 4, 3), dtype=np.uint8)
    picture[:2, :, 0] = picture[2:, :, 2] = 200
    picture[:2, :2, 1] = 200
    uploads = {"a": Image.fromarray(picture)}
    kept = kept_asked({"image": {"upload": "a"}}, index, uploaded=uploads.__getitem__)
    whole = np.array([2, 1, 2]) / 3
    corners = np.array([[1, 1, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]])
    corners = corners / np.linalg.norm(corners, axis=1, keepdims=True)
    expected = whole + corners.mean(axis=0) / 2
    expected /= np.linalg.norm(expected)
    np.testing.assert_allclose(kept["image"]["vector"][:3], expected, atol=1e-6)


def test_numbers_are_not_shown():
    vector = {"vector": [0.5] * 8, "weight": 2}
    asked = {"text": "a", "image": vector, "like": [vector, {"chip": "c"}], "unlike": [vector]}
    shown = {"vector": "of a picture", "weight": 2}
    assert without_numbers(asked) == {
        "text": "a",
        "image": shown,
        "like": [shown, {"chip": "c"}],
        "unlike": [shown],
    }
    assert asked["image"] is vector


def test_without_pictures_no_model_is_needed(index):
    del index.model
    kept = kept_asked({"text": "a roof", "unlike": [{"chip": "2010-0-0"}]}, index)
    assert kept == {"text": "a roof", "unlike": [{"chip": "2010-0-0"}]}
    assert model_of_vectors(kept, index) == ""


@pytest.mark.parametrize(
    "asked",
    [
        {"like": [{"upload": "gone"}]},
        {"image": {"upload": "gone"}},
        {"image": {"vector": [1.0] * 7}},
        {"image": {"chip": "2010-0-0"}},
        {"like": [{"vector": [1.0] * 7}]},
        {"like": [{"vector": "abc"}]},
        {"like": [{"vector": [None] * 8}]},
        {"like": [{"vector": [float("inf")] * 8}]},
        {"text": "a", "bbox": [0, 0, 1]},
        {"text": "a", "date": ["2020", "2010"]},
        {"text": "a", "before": "2020"},
        {"text": "a", "near": [0, 0]},
        {"text": "a", "polygon": {"type": "Polygon"}},
        {"text": "a", "source": "none"},
        {"further": 1},
    ],
    ids=str,
)
def test_what_cannot_be_asked_is_not_kept(index, asked):
    with pytest.raises((QueryError, ConfigError)):
        kept_asked(asked, index)
