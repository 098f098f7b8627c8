"""Zero-shot classes and captions, on a model whose embeddings are known."""

import numpy as np
import pytest
import torch
from PIL import Image
from tests.model.known import Known

from harma.backbones import Preprocess, load_backbone
from harma.errors import ConfigError, MissingFileError
from harma.model.caption_ranking import rank_captions
from harma.model.class_prompts import TEMPLATES
from harma.model.model import HarMA
from harma.model.zeroshot import accuracy, class_embeddings, classify

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


def test_records_have_the_figures_best_first_and_equal_ones_as_given(known):
    classes = ("left", "up", "also left")
    images = np.array([[1, 0, 0], [0.6, 0.8, 0]], dtype=np.float32)
    result = classify(known, images, classes, templates=["{}"])
    assert [[one.name for one in row] for row in result.scores()] == [
        ["left", "also left", "up"],
        ["up", "left", "also left"],
    ]
    assert [[one.name for one in row] for row in result.scores(1)] == [["left"], ["up"]]
    assert [one.name for one in result.best] == ["left", "up"]
    second = result.scores(2)[1][1]
    assert second.cosine == pytest.approx(0.6)
    shares = np.exp(np.array([0.6, 0.8, 0.6]) / 0.5)
    assert second.probability == pytest.approx(shares[0] / shares.sum())
    assert sum(one.probability for one in result.scores()[0]) == pytest.approx(1)


def test_images_are_embedded_as_many_at_once_as_asked(known, tmp_path):
    batches = []
    known.preprocess = Preprocess(size=(4, 4))

    def encode_image(pixels):
        batches.append(len(pixels))
        return torch.tensor([[1.0, 0, 0]]).expand(len(pixels), -1)

    known.encode_image = encode_image
    images = [np.zeros((4, 4, 3), dtype=np.uint8)] * 5
    classify(known, images, CLASSES, templates=PROMPTS, batch_size=2)
    assert batches == [2, 2, 1]
