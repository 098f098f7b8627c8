"""Names of classes in words, their prompts, and what a vocabulary says of them."""

import pytest

from harma.errors import ConfigError
from harma.model.class_prompts import in_words, typical_terms


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
