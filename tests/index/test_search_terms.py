"""What the words of a query name."""

import pytest

from harma.curation.vocabulary.lemmas import singular
from harma.index.search_terms import find_terms, term_list


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("Storage tanks", ["storage tank"]),
        ("tanks beside the oil tanks!", ["tank", "oil tank"]),
        ("a building with bare-soil, and courts", ["building", "bare soil", "court"]),
        ("storage of tanks", ["storage tank"]),
        ("storage near tanks", ["storage", "tank"]),
        ("a lot of cars in parking lots", ["car", "parking lot"]),
        ("two tennis courts", ["two", "tennis court"]),
        ("many houses", ["many", "house"]),
        ("zeppelins 20", ["zeppelin"]),
        ("the of and", []),
        ("", []),
        ("道路", ["道路"]),
        ("道路、港", ["道路", "港"]),
        ("planes,ships;cars", ["plane", "ship", "car"]),
        ("trees&houses|tennis_court", ["tree", "house", "tennis court"]),
        ("the plane’s tank(s), e.g. oil", ["plane", "tank", "eg", "oil"]),
        ("1,000 air\u00adplanes\u200b", ["airplane"]),
        ("ﬁelds, cafe\u0301", ["field", "café"]),
    ],
)
def test_terms_of_a_text(text, terms):
    assert [str(term) for term in find_terms(text)] == terms


def test_what_a_term_is():
    two, tank, zeppelin, green = find_terms("two storage tanks, a zeppelin, green")
    assert (two.is_qualifier, two.group) == (True, None)
    assert not tank.is_qualifier
    assert ("silo",) in tank.group.terms
    assert (zeppelin.is_qualifier, zeppelin.group) == (False, None)
    assert green.is_qualifier
    # What the list knows as a thing is one, also if it qualifies others.
    assert not find_terms("a square")[0].is_qualifier
    assert tank in {find_terms("storage tank")[0]: 1}


def test_the_list_is_of_one_piece():
    """Each group can be found by each of its terms, and its phrases hold one of its words."""
    known = term_list()
    assert known is term_list()
    assert len(known.groups) > 40
    assert known.longest == 2
    for group in known.groups:
        assert group.phrases
        for words in group.terms:
            (term,) = find_terms(" ".join(words))
            assert term.words == words
            # A word of two groups is one of the first.
            assert words in term.group.terms
    assert {"two", "many", "white", "large", "round"} <= known.qualifiers
    assert all(singular(word) == word for word in known.qualifiers | known.left_out)
    first_words = {words[0] for words in known.by_words}
    assert not known.left_out & (first_words | known.qualifiers)
    phrases = [phrase for group in known.groups for phrase in group.phrases]
    assert len(set(phrases)) == len(phrases)
