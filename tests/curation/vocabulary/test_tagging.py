"""Parts of speech, with a stand-in for spaCy, which need not be installed."""

import sys

import pytest

from harma.curation.vocabulary.tagging import make_tagger
from harma.errors import MissingDependencyError


def test_a_missing_spacy_is_named(monkeypatch):

    monkeypatch.setitem(sys.modules, "spacy", None)
    with pytest.raises(MissingDependencyError, match="pip install spacy"):
        make_tagger()


def test_the_tag_that_a_word_has_most_often(monkeypatch):
    from types import SimpleNamespace

    class Document(list):
        text = ""

    def pipe(texts):
        for text in texts:
            document = Document(
                SimpleNamespace(text=word, pos_="VERB" if text == "park here" else "NOUN")
                for word in text.split()
            )
            document.text = text
            yield document

    monkeypatch.setitem(
        sys.modules, "spacy", SimpleNamespace(load=lambda name: SimpleNamespace(pipe=pipe))
    )
    tags = make_tagger()(["park here", "a park", "a park"])
    assert tags["park"] == "NOUN"

    def missing(name):
        raise OSError("E050")

    monkeypatch.setitem(sys.modules, "spacy", SimpleNamespace(load=missing))
    with pytest.raises(MissingDependencyError, match="the spaCy model xx is not installed"):
        make_tagger("xx")
