"""Which words are terms."""

from harma.curation.vocabulary.counting import CaptionCounts, clauses, terms_of
from harma.curation.vocabulary.terms import build_vocabulary


def terms(found):
    return {term.text: term for term in found.terms}


def test_nothing_but_the_two_words_stands_in_a_pair():
    by_text = terms(
        build_vocabulary(["river, bridge. lake; sea", "river of sand", "3 boats 20"], min_count=1)
    )
    assert not any(term.num_words == 2 for term in by_text.values())
    assert set(by_text) == {"river", "bridge", "lake", "sea", "sand", "boat"}
    assert "dense forest" in terms(build_vocabulary(["a dense forest"], min_count=1))
    assert "dense forest" not in terms(
        build_vocabulary(["a dense forest"], min_count=1, pairs=False)
    )


def test_terms_of_a_caption_in_the_order_they_come():
    assert terms_of("Storage tanks near a storage tank; two roads.") == (
        "storage",
        "tank",
        "near",
        "storage tank",
        "tank near",
        "road",
    )
    assert terms_of("storage tanks", pairs=False) == ("storage", "tank")
    assert terms_of("") == ()
    assert terms_of("b2 20", pairs=False) == ("b2",)


def test_clauses_are_cleaned_and_never_cut():
    long = " ".join(["boat"] * 50)
    assert list(clauses(f"A-B, {long}!")) == [["a", "b"], ["boat"] * 50, []]


def test_what_is_counted_of_captions():
    counts = CaptionCounts()
    counts.add(0, "two boats, a boat", image=5, label="port", pairs=False)
    counts.add(1, "boats 20", image=5, label=None, pairs=False)
    boat = counts.terms["boat"]
    assert dict(boat.forms) == {"boats": 2, "boat": 1}
    assert (boat.captions, boat.images, dict(boat.labels)) == ({0, 1}, {5}, {"port": 2})
    assert set(counts.terms) == {"boat"}
    assert (counts.num_words, counts.num_stop_words) == (6, 2)
