import math

import pytest

from harma.curation.vocabulary.terms import build_vocabulary
from harma.errors import ConfigError, DataError


def terms(found):
    return {term.text: term for term in found.terms}


def test_counts_of_terms_by_hand():
    found = build_vocabulary(
        ["Two storage tanks, and a road.", "a storage tank", "roads and roads"],
        images=[0, 0, 1],
        min_count=1,
    )
    by_text = terms(found)
    assert {
        text: (term.count, term.num_captions, term.num_images) for text, term in by_text.items()
    } == {
        "storage": (2, 2, 1),
        "tank": (2, 2, 1),
        "road": (3, 2, 2),
        "storage tank": (2, 2, 1),
    }
    assert by_text["storage tank"].forms == {"storage tank": 1, "storage tanks": 1}
    assert by_text["road"].forms == {"roads": 2, "road": 1}
    assert (found.num_captions, found.num_images, found.num_words, found.num_stop_words) == (
        3,
        2,
        12,
        5,
    )
    assert found.terms[0].text == "road"


def test_tfidf_by_hand():
    found = build_vocabulary(
        ["boat", "boat", "water", "tree", "water"],
        labels=["port", "port", "port", "wood", None],
        min_count=1,
    )
    by_text = terms(found)
    # Two of three terms of "port"; in one of two labels.
    assert by_text["boat"].tfidf == {"port": pytest.approx(2 / 3 * (math.log(3 / 2) + 1))}
    assert by_text["tree"].tfidf == {"wood": pytest.approx(math.log(3 / 2) + 1)}
    assert found.labels == ("port", "wood")
    assert [term.text for term in found.of_label("port")] == ["boat", "water"]
    with pytest.raises(DataError, match="there is no label 'sea'; there are port, wood"):
        found.of_label("sea")


def test_rare_terms_are_left_out_and_counted():
    found = build_vocabulary(["boat", "boats", "tree"])
    assert ([term.text for term in found.terms], found.num_rare) == (["boat"], 1)


def test_pieces_and_parts_of_speech():
    found = build_vocabulary(
        ["viaducts", "viaduct road"],
        min_count=1,
        count_pieces=lambda text: 3 if "via" in text else 1,
        tag=lambda captions: {"road": "NOUN", "viaduct": "X"},
    )
    by_text = terms(found)
    assert by_text["viaduct"].is_split
    assert (
        by_text["road"].num_pieces,
        by_text["road"].is_split,
        by_text["road"].part_of_speech,
    ) == (1, False, "NOUN")
    assert by_text["viaduct road"].part_of_speech == "NOUN"


def test_unusable_input_is_refused():
    with pytest.raises(ConfigError, match="min_count is 0"):
        build_vocabulary(["x"], min_count=0)
    with pytest.raises(DataError, match="got 0 captions"):
        build_vocabulary([])
    with pytest.raises(DataError, match="got 2 captions, 1 images"):
        build_vocabulary(["x", "y"], images=[0])


def test_the_most_typical_terms_of_a_label_are_few():
    words = ["boat", "dock", "crane", "pier", "mast", "sail", "rope", "buoy", "quay", "ship", "tug"]
    found = build_vocabulary([" ".join(words)], labels=["port"], min_count=1, pairs=False)
    assert [term.text for term in found.of_label("port")] == sorted(words)[:10]
    assert [term.text for term in found.of_label("port", most=2)] == ["boat", "buoy"]


def test_as_many_pieces_as_words_is_not_split():
    found = build_vocabulary(["storage tank"], min_count=1, count_pieces=lambda text: 2)
    assert {term.text: term.is_split for term in found.terms} == {
        "storage": True,
        "tank": True,
        "storage tank": False,
    }
    assert not build_vocabulary(["boat"], min_count=1).terms[0].is_split
