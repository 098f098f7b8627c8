"""Zero-shot classes and captions, on a model whose embeddings are known."""

import numpy as np
import pytest
import torch
from PIL import Image

from harma.backbones import load_backbone
from harma.errors import ConfigError, MissingFileError
from harma.model.model import HarMA
from harma.model.zeroshot import (
    TEMPLATES,
    accuracy,
    class_embeddings,
    classify,
    in_words,
    rank_captions,
    typical_terms,
)


class Known:
    """A model whose text embeddings are in a table."""

    embed_dim = 3
    device = torch.device("cpu")

    def __init__(self, table, temperature=0.5):
        self.names, self.vectors = (
            list(table),
            torch.tensor(list(table.values()), dtype=torch.float32),
        )
        self.temperature = torch.tensor(temperature)

    def tokenize(self, texts):
        return torch.tensor([[self.names.index(text) + 1] for text in texts])

    def text_lengths(self, token_ids):
        return (token_ids != 0).sum(dim=1)

    def encode_text(self, token_ids):
        return torch.nn.functional.normalize(self.vectors[token_ids[:, 0] - 1], dim=-1)


@pytest.fixture
def known():
    return Known(
        {
            "a photo of sea.": [1, 0, 0],
            "sea from above": [0.6, 0.8, 0],
            "a photo of storage tanks.": [0, 0, 1],
            "storage tanks from above": [0, 1, 0],
            "left": [1, 0, 0],
            "also left": [1, 0, 0],
            "up": [0, 1, 0],
            "between": [1, 1, 0],
        }
    )


PROMPTS = ("a photo of {}.", "{} from above")
CLASSES = ("sea", "storageTanks")


def test_a_class_is_the_normalised_mean_of_its_normalised_prompts(known):
    sea, tanks = class_embeddings(known, CLASSES, templates=PROMPTS)
    assert sea == pytest.approx(np.array([1.6, 0.8, 0]) / np.hypot(1.6, 0.8))
    assert tanks == pytest.approx([0, np.sqrt(0.5), np.sqrt(0.5)])


def test_prompts_with_terms_and_plain_ones_count_half_each():
    known = Known(
        {
            "sea": [1, 0, 0],
            "storage tanks": [0, 0, 1],
            "storage tanks, pipe": [0, 1, 0],
            "storage tanks, road": [1, 0, 0],
        }
    )
    terms = {"storageTanks": ("pipe", "road")}
    sea, tanks = class_embeddings(known, CLASSES, templates=["{}"], terms=terms)
    assert sea == pytest.approx([1, 0, 0])
    assert tanks == pytest.approx(np.array([0.25, 0.25, 0.5]) / np.sqrt(0.375))
    assert classify(known, np.eye(3), CLASSES, templates=["{}"], terms=terms).cosines[
        1
    ] == pytest.approx([0, tanks[1]])
    with pytest.raises(
        ConfigError,
        match="terms are given for 'lake', which is none of the classes: sea, storageTanks",
    ):
        class_embeddings(known, CLASSES, templates=["{}"], terms={"lake": ("boat",)})


def test_terms_of_classes_by_value():
    weights = {
        "storage_tanks": {
            "tank": 0.9,
            "storage tank": 0.8,
            "white circle": 0.4,
            "circle": 0.3,
            "pipe": 0.2,
            "road": 0.1,
        },
        "StorageTanks": {"road": 0.5, "circle": 0.1},
        "beach": {"beach": 1.0},
        "lake": {"boat": 1.0},
    }
    # "tank" is in the name; "circle" in "white circle", which is better.
    assert typical_terms(["storage tanks", "beach", "wood"], weights) == {
        "storage tanks": ("road", "white circle", "pipe")
    }
    assert typical_terms(["STORAGE-TANKS"], weights, most=1) == {"STORAGE-TANKS": ("road",)}
    with pytest.raises(ConfigError, match="most is 0; it must be 1 or more"):
        typical_terms(["beach"], weights, most=0)


def test_probabilities_are_a_softmax_over_the_models_temperature(known):
    images = np.array([[1, 0, 0], [0, 0, 2]], dtype=np.float16)  # the second is normalised first
    result = classify(known, images, CLASSES, templates=PROMPTS)
    sea, tanks = class_embeddings(known, CLASSES, templates=PROMPTS)
    expected = np.array([[sea[0], 0], [0, tanks[2]]])
    assert result.cosines == pytest.approx(expected, abs=1e-6)
    shares = np.exp(expected / 0.5)
    assert result.probabilities == pytest.approx(
        shares / shares.sum(axis=1, keepdims=True), abs=1e-6
    )
    assert result.predicted.tolist() == [0, 1]
    assert result.classes == CLASSES


def test_a_tiny_temperature_overflows_nothing(known):
    known.temperature = torch.tensor(1e-4)
    result = classify(known, np.eye(3, dtype=np.float32), CLASSES, templates=PROMPTS)
    assert np.isfinite(result.probabilities).all()
    assert result.probabilities.sum(axis=1) == pytest.approx(1)


def test_captions_are_ranked_with_ties_in_the_lists_order(known, monkeypatch):
    captions = ["up", "left", "also left", "between"]
    images = np.array([[1, 0, 0], [0.1, 1, 0], [1, 0, 0]], dtype=np.float32)
    ranked = rank_captions(known, images, captions, k=3)
    assert ranked.order.tolist() == [[1, 2, 3], [0, 3, 1], [1, 2, 3]]
    assert ranked.cosines[0] == pytest.approx([1, 1, np.sqrt(0.5)])
    assert rank_captions(known, images, captions, k=99).order.shape == (3, 4)
    monkeypatch.setattr("harma.model.zeroshot.BLOCK_COSINES", 5)  # an image at a time
    again = rank_captions(known, images, captions, k=3)
    assert (again.order == ranked.order).all()
    assert (again.cosines == ranked.cosines).all()


def test_images_of_every_kind_and_their_embeddings_agree(tiny_config, tmp_path):
    torch.manual_seed(0)
    model = HarMA(load_backbone(tiny_config)).eval()
    array = np.random.default_rng(0).integers(0, 255, (40, 40, 3), dtype=np.uint8)
    Image.fromarray(array).save(tmp_path / "a.png")
    images = [tmp_path / "a.png", Image.fromarray(array), array]
    result = classify(model, images, ["sea", "forest"])
    assert np.ptp(result.cosines, axis=0) == pytest.approx(0, abs=1e-6)
    same = classify(model, model.embed_images(images), ["sea", "forest"])
    assert same.probabilities == pytest.approx(result.probabilities, abs=1e-6)
    prompts = [template.replace("{}", "sea") for template in TEMPLATES]
    centre = model.embed_texts(prompts).mean(axis=0)
    assert result.cosines[0, 0] == pytest.approx(
        float(model.embed_images(images)[0] @ centre / np.linalg.norm(centre))
    )
    with pytest.raises(MissingFileError, match="gone.png"):
        rank_captions(model, [tmp_path / "a.png", tmp_path / "gone.png"], ["sea"])


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("baseballDiamond", "baseball diamond"),
        ("storage_tanks", "storage tanks"),
        ("dense-residential", "dense residential"),
        ("BareLand", "bare land"),
        ("RVPark", "rv park"),
        ("railwayStation2", "railway station2"),
        ("road/track", "road track"),
        ("  golf  course ", "golf course"),
        ("Parkplätze", "parkplätze"),
    ],
)
def test_names_of_classes_become_words(name, words):
    assert in_words(name) == words


@pytest.mark.parametrize(
    ("classes", "templates", "message"),
    [
        ([], PROMPTS, "classes is empty; give one or more"),
        (["sea"], PROMPTS, r"classes holds one class \(sea\); give two or more"),
        ("sea,forest", PROMPTS, "classes is 'sea,forest'; give a list"),
        (["sea", " "], PROMPTS, r"classes\[1\] is empty"),
        (
            ["storage_tanks", "sea", "StorageTanks"],
            PROMPTS,
            "holds 'storage_tanks' and 'StorageTanks', .* the same",
        ),
        (CLASSES, [], "templates is empty"),
        (CLASSES, ["{}", "a photo"], "the template 'a photo' lacks {}, the place of the class"),
        (CLASSES, ["{}", "{}"], "templates holds '{}' and '{}'"),
    ],
)
def test_classes_and_templates_that_cannot_be_used(known, classes, templates, message):
    with pytest.raises(ConfigError, match=message):
        classify(known, np.eye(3, dtype=np.float32), classes, templates=templates)


def test_other_braces_of_a_template_are_text(known):
    known.names[:2] = ["{x} sea", "{x} forest"]
    assert class_embeddings(known, ["sea", "forest"], templates=["{x} {}"]).shape == (2, 3)


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.eye(3), {"captions": []}, "captions is empty"),
        (
            np.eye(3),
            {"captions": ["up", "left", "up"]},
            "captions holds 'up' and 'up', which are the same",
        ),
        (np.eye(3), {"captions": ["up"], "k": 0}, "k is 0; it must be 1 or more"),
        (np.eye(4), {"captions": ["up"]}, "have 4 numbers each, the model's have 3"),
        (
            np.zeros((2, 3)),
            {"captions": ["up"]},
            "row 0 of the image embeddings is zero or not finite",
        ),
        (
            np.array([[1, 0, 0], [np.nan, 0, 0]]),
            {"captions": ["up"]},
            "row 1 of the image embeddings is zero or not",
        ),
    ],
)
def test_captions_and_images_that_cannot_be_used(known, images, options, message):
    with pytest.raises(ConfigError, match=message):
        rank_captions(known, images, **options)


def test_accuracy_by_class_over_all_and_as_mean(known):
    images = np.array([[1, 0, 0], [1, 0, 0], [0, 0, 1], [0, 0, 1]], dtype=np.float32)
    result = classify(known, images, CLASSES, templates=PROMPTS)
    judged = accuracy(result, ["sea", "sea", "sea", "storage_tanks"])
    assert judged.right == {"sea": 2, "storageTanks": 1}
    assert judged.total == {"sea": 3, "storageTanks": 1}
    assert judged.overall == 75
    assert judged.mean == pytest.approx(100 * (2 / 3 + 1) / 2)
    assert accuracy(result, ["sea"] * 4).total == {
        "sea": 4
    }  # a class without images does not count as wrong
    with pytest.raises(
        ConfigError,
        match="1 labels are none of the classes: lake; the classes are sea, storageTanks",
    ):
        accuracy(result, ["sea", "sea", "lake", "lake"])
    with pytest.raises(ConfigError, match="3 labels for 4 images"):
        accuracy(result, ["sea"] * 3)
