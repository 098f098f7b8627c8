import json
from dataclasses import asdict

from harma.curation.vocabulary.label_terms import read_label_terms
from harma.curation.vocabulary.terms import build_vocabulary


def test_terms_of_a_written_vocabulary_come_back_but_for_words_of_place(tmp_path):
    found = build_vocabulary(
        ["boats near a dock", "docked boats"], labels=["port", None], min_count=1
    )
    (tmp_path / "v.json").write_text(json.dumps(asdict(found)))
    weights = {term.text: term.tfidf["port"] for term in found.of_label("port")}
    assert set(weights) == {"boat", "near", "dock", "boat near"}
    assert read_label_terms(tmp_path / "v.json") == {
        "port": {name: weights[name] for name in ("boat", "dock")}
    }


def test_only_nouns_where_parts_of_speech_are_known(tmp_path):
    found = build_vocabulary(
        ["docked boats"],
        labels=["port"],
        min_count=1,
        pairs=False,
        tag=lambda _: {"boats": "NOUN", "docked": "VERB"},
    )
    (tmp_path / "v.json").write_bytes(b"\xef\xbb\xbf" + json.dumps(asdict(found)).encode())
    assert list(read_label_terms(tmp_path / "v.json")["port"]) == ["boat"]
