"""Names of classes in words, their prompts, and what a vocabulary says of them."""

import json

import pytest

from harma.errors import ConfigError
from harma.model.class_prompts import (
    Prompts,
    class_prompts,
    in_words,
    typical_terms,
    vocabulary_terms,
)


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


def test_prompts_of_a_class_are_its_name_and_what_is_typical_in_every_template():
    sea, tanks = class_prompts(
        ["sea", "storageTanks"],
        templates=["a photo of {}.", "{}, {}"],
        terms={"storageTanks": ("pipe", "road")},
    )
    assert sea == Prompts(plain=("a photo of sea.", "sea, sea"))
    assert tanks.plain == ("a photo of storage tanks.", "storage tanks, storage tanks")
    assert tanks.with_terms == (
        "a photo of storage tanks, pipe.",
        "storage tanks, pipe, storage tanks, pipe",
        "a photo of storage tanks, road.",
        "storage tanks, road, storage tanks, road",
    )


def test_terms_are_read_from_a_vocabulary(tmp_path):
    terms = [
        {"text": "wave", "tfidf": {"sea": 2.0}},
        {"text": "boat", "tfidf": {"sea": 1.0, "lake": 3.0}},
    ]
    path = tmp_path / "v.json"
    path.write_text(json.dumps({"terms": terms, "labels": ["sea", "lake"]}))
    assert vocabulary_terms(path, ["Sea", "wood"]) == {"Sea": ("wave", "boat")}
    assert vocabulary_terms(path, ["Sea", "lake"], most=1) == {"Sea": ("wave",), "lake": ("boat",)}
    with pytest.raises(
        ConfigError, match="has no terms for any of the classes; its labels are sea, lake"
    ):
        vocabulary_terms(path, ["wood", "road"])


def test_a_term_that_only_adds_words_to_a_better_one_is_left_out():
    weights = {"mine": {"long pipe": 0.5, "pipe": 0.9, "pipe end": 0.1, "road": 0.3}}
    assert typical_terms(["mine"], weights) == {"mine": ("pipe", "road")}


def test_terms_of_the_same_weight_are_in_the_order_of_the_alphabet():
    weights = {"mine": {"truck": 0.5, "pit": 0.5, "road": 0.9}}
    assert typical_terms(["mine"], weights) == {"mine": ("road", "pit", "truck")}


@pytest.mark.parametrize(
    ("classes", "templates", "message"),
    [
        (["sea"], ["{}"], r"classes holds one class \(sea\); give two or more to choose from"),
        (["sea", "town"], ["a photo"], "the template 'a photo' lacks {}, the place of the class"),
        (["sea", "town"], ["{}", "{}"], "templates holds '{}' and '{}', which are the same"),
        (["LakeShore", "lake_shore"], ["{}"], "classes holds 'LakeShore' and 'lake_shore'"),
        (["sea", "town"], [], "templates is empty"),
    ],
)
def test_classes_and_templates_that_cannot_be_used(classes, templates, message):
    with pytest.raises(ConfigError, match=message):
        class_prompts(classes, templates=templates)
