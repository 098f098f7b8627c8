"""Singular and plural as one word."""

import sys

import pytest

from harma.curation.vocabulary import lemmas
from harma.curation.vocabulary.lemmas import lemma_of, singular
from harma.errors import MissingDependencyError


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("houses", "house"),
        ("buses", "bus"),
        ("churches", "church"),
        ("people", "people"),
        ("women", "woman"),
        ("feet", "foot"),
        ("glass", "glass"),
        ("parking", "parking"),
        ("campus", "campus"),
        ("gas", "gas"),
        ("has", "has"),
        ("tennis", "tennis"),
        ("cars", "car"),
        ("men", "man"),
        ("children", "child"),
        ("teeth", "tooth"),
        ("geese", "goose"),
        ("mice", "mouse"),
        ("oxen", "ox"),
        ("parked", "parked"),
    ],
)
def test_plurals_become_singular_and_nothing_else_changes(word, expected):
    assert singular(word) == expected


@pytest.mark.parametrize(
    ("word", "expected"),
    [("roads", "road"), ("near", "near"), ("the", None), ("20", None), ("b2", "b2"), ("", None)],
)
def test_a_word_that_names_nothing_has_no_lemma(word, expected):
    assert lemma_of(word) == expected


def test_words_of_strangers_do_not_fill_the_memory(monkeypatch):
    monkeypatch.setattr(lemmas, "MOST_KEPT", 100)
    lemmas._dictionary.cache_clear()
    try:
        for number in range(500):
            singular(f"zeppelin{number}s")
        assert singular("roads") == "road"
        assert lemmas._dictionary().cache_info().currsize == 100
    finally:
        lemmas._dictionary.cache_clear()


def test_a_missing_simplemma_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "simplemma", None)
    lemmas._dictionary.cache_clear()
    try:
        assert singular("road") == "road"  # nobody is asked
        with pytest.raises(MissingDependencyError, match="pip install simplemma"):
            singular("roads")
    finally:
        lemmas._dictionary.cache_clear()
