"""Query expansion: short texts are joined by captions and phrases that hold their words."""

import threading

import numpy as np
import pytest

from harma.index import expansion
from harma.index.expansion import Expander, Expansion, caption_parts
from harma.index.search_terms import find_terms
from harma.model.caption_memory import CaptionMemory

CAPTIONS = (
    "two storage tanks beside a road",
    "a white storage tank",
    "a road in the desert",
    "many boats",
    "zeppelins over a road",
)
DIM = 8


def unit(vector):
    return vector / np.linalg.norm(vector)


def embeddings_of(texts, seed=0):
    """Random directions that a text has for good."""
    rows = [np.random.default_rng([seed, *text.encode()]).normal(size=DIM) for text in texts]
    return np.array([unit(row) for row in rows], dtype=np.float32)


class Embedder:
    """Embeds texts, and keeps what it was given."""

    embed_dim = DIM

    def __init__(self, captions=()):
        self.captions = None
        if captions:
            self.captions = CaptionMemory(tuple(captions), embeddings_of(captions), "a model")
        self.texts = []

    def embed_texts(self, texts):
        self.texts += texts
        return embeddings_of(texts)


def expanded(embedder, text):
    vector = embeddings_of([text])[0]
    return Expander(lambda: embedder).expand(text, vector)


def by_the_rule(text, parts, phrases, captions=CAPTIONS):
    """The rule in a few lines: parts are rows of captions, phrases those of each term."""
    E = embeddings_of(captions)
    m = 0.5 * E.mean(0) if len(captions) else np.zeros(DIM)
    v = embeddings_of([text])[0].astype(float)
    if parts:
        v = v + 1.5 * unit(sum(unit(E[rows].mean(0) - m) for rows in parts))
    if phrases:
        v = v + unit(sum(unit(embeddings_of(of).mean(0) - m) for of in phrases))
    return unit(v)


def phrases_of(text):
    return [term.group.phrases for term in find_terms(text) if term.group is not None]


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("storage tank", [[0, 1]]),
        ("two storage tanks", [[0]]),
        ("nine storage tanks", [[0, 1]]),
        ("storage tanks and roads", [[0]]),
        ("white storage tanks, road", [[0]]),
        ("storage tanks and boats", [[0, 1], [3]]),
        ("boats and helipads", [[3]]),
        ("zeppelin", [[4]]),
        # No caption holds "silo", but those of its group do.
        ("silo", [[0, 1]]),
        ("silos, streets", [[0]]),
        ("helipad", []),
        ("a road, a boat, a tank, a desert", [[0, 2, 4], [3], [0, 1], [2]]),
    ],
)
def test_a_short_text_is_joined_by_what_holds_its_words(text, parts):
    vector, told = expanded(Embedder(CAPTIONS), text)
    assert vector == pytest.approx(by_the_rule(text, parts, phrases_of(text)), abs=1e-5)
    assert vector.dtype == np.float32
    rows = sorted({row for part in parts for row in part})
    assert told.num_captions == len(rows)
    assert len(told.examples) == min(3, len(rows))
    assert set(told.examples) <= {CAPTIONS[row] for row in rows}
    assert told.num_phrases == sum(map(len, phrases_of(text)))
    assert (told.text, told.terms) == (text, tuple(map(str, find_terms(text))))


@pytest.mark.parametrize(
    "text",
    [
        "a road, a boat, a tank, a desert, a house",  # five terms
        "two white",  # what says more of nothing
        "the of",
        "submarine",  # no caption, no phrase
        "",
    ],
)
def test_other_texts_stay_as_they_are(text):
    embedder = Embedder(CAPTIONS)
    typed = embeddings_of([text])[0]
    vector, told = Expander(lambda: embedder).expand(text, typed)
    assert vector is typed
    assert told is None
    assert embedder.texts == []


def test_a_model_without_captions_has_the_phrases():
    vector, told = expanded(Embedder(), "two roads")
    (phrases,) = phrases_of("road")
    assert vector == pytest.approx(by_the_rule("two roads", [], [phrases], ()), abs=1e-5)
    assert (told.num_captions, told.examples, told.num_phrases) == (0, (), len(phrases))


def test_an_embedder_that_knows_nothing_of_captions_is_left_alone():
    class Foreign:
        embed_dim = DIM

        def embed_texts(self, texts):
            raise AssertionError("nothing is embedded")

    expander = Expander(Foreign)
    typed = embeddings_of(["road"])[0]
    assert expander.expand("road", typed) == (typed, None)
    expander.warm_up()


def test_what_was_found_is_kept():
    embedder = Embedder(CAPTIONS)
    expander = Expander(lambda: embedder)
    typed = embeddings_of(["x"])[0]
    first, _ = expander.expand("two roads", typed)
    embedded = list(embedder.texts)
    assert sorted(embedded) == sorted(phrases_of("road")[0])
    again, told = expander.expand("Two roads!", typed)
    assert (again == first).all()
    assert told.text == "Two roads!"
    expander.expand("a street beside the road", typed)
    assert embedder.texts == embedded
    expander.warm_up()
    known = len(embedder.texts)
    assert len(set(embedder.texts)) == known
    expander.expand("a helipad, a silo", typed)
    expander.warm_up()
    assert len(embedder.texts) == known


def test_other_captions_are_taken_at_once():
    embedder = Embedder(CAPTIONS)
    expander = Expander(lambda: embedder)
    typed = embeddings_of(["road"])[0]
    _, told = expander.expand("road", typed)
    assert told.num_captions == 3
    for others in (("a road",), ()):
        embedder.captions = Embedder(others).captions
        vector, told = expander.expand("road", typed)
        parts = [[0]] if others else []
        expected = by_the_rule("road", parts, phrases_of("road"), others)
        assert vector == pytest.approx(expected, abs=1e-5)
        assert (told.num_captions, told.examples) == (len(others), others)


def test_no_more_is_kept_than_has_a_place(monkeypatch):
    monkeypatch.setattr(expansion, "MOST_KEPT", 2)
    expander = Expander(lambda: embedder)
    embedder = Embedder(CAPTIONS)
    typed = embeddings_of(["x"])[0]
    for text in ("road", "tank", "road", "boat"):
        expander.expand(text, typed)
    assert [str(terms[0]) for terms in expander._kept] == ["road", "boat"]


def test_of_many_captions_some_that_lie_evenly_have_the_mean(monkeypatch):
    monkeypatch.setattr(expansion, "MOST_AVERAGED", 2)
    captions = [f"submarine number {i}" for i in range(6)]
    vector, told = expanded(Embedder(captions), "submarine")
    assert vector == pytest.approx(by_the_rule("submarine", [[0, 3]], [], captions), abs=1e-5)
    assert told.num_captions == 6
    assert told.examples == (captions[0], captions[2], captions[4])


def test_what_all_captions_have_in_common_may_be_all():
    vector, told = expanded(Embedder(["a zeppelin"]), "zeppelin")
    assert vector == pytest.approx(by_the_rule("zeppelin", [[0]], [], ["a zeppelin"]), abs=1e-5)
    assert told.num_captions == 1


def test_captions_are_chosen_in_three_steps():
    memory = Embedder(CAPTIONS).captions
    for text, parts in (("white boats", [[3]]), ("white boats, desert", [[3], [2]]), ("x", [])):
        rows = [part.tolist() for part in caption_parts(memory, find_terms(text))]
        assert rows == parts


def test_threads_may_share_it():
    embedder = Embedder(CAPTIONS)
    expander = Expander(lambda: embedder)
    typed = embeddings_of(["x"])[0]
    texts = ["road", "two tanks", "boats", "a silo", "desert roads"] * 20
    found = {}

    def ask(text):
        found.setdefault(text, []).append(expander.expand(text, typed)[0])

    threads = [threading.Thread(target=ask, args=(text,)) for text in texts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for vectors in found.values():
        assert len(vectors) == 20
        assert all((vector == vectors[0]).all() for vector in vectors)


def test_an_expansion_in_words_and_as_values():
    told = Expansion("tanks\x1b[2J", ("tank",), 1234, ('two "tanks"\x07', "a"), 4)
    assert str(told) == ('"tanks�[2J": 1,234 captions of training ("two "tanks"�", "a"), 4 phrases')
    assert str(Expansion("a", ("a",), 1, ("b",), 0)) == '"a": 1 caption of training ("b")'
    assert str(Expansion("a", ("a",), 0, (), 3)) == '"a": 3 phrases'
    assert str(Expansion("a", ("a",), 0, (), 1)) == '"a": 1 phrase'
    assert Expansion("a", ("a",), 1, ("b",), 0).to_dict() == {
        "text": "a",
        "terms": ["a"],
        "num_captions": 1,
        "examples": ["b"],
        "num_phrases": 0,
    }
