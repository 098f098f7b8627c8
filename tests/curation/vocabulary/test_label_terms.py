import json
from dataclasses import asdict

import pytest

from harma.curation.vocabulary.label_terms import read_label_terms
from harma.curation.vocabulary.terms import build_vocabulary
from harma.errors import DataError, MissingFileError


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


TERM = {"text": "boat", "tfidf": {"port": 0.5}}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", "the vocabulary .*v.json: it is not JSON"),
        ("[]", "v.json is no vocabulary; it must be the JSON that"),
        ('{"terms": [], "labels": "x"}', "v.json is no vocabulary"),
        ('{"terms": [], "labels": []}', "v.json has no labels; make it of a data set"),
        ({"terms": [TERM, {"text": " ", "tfidf": {}}]}, r"v.json: terms\[1\] needs a text"),
        ({"terms": [{"text": "x"}]}, r"v.json: terms\[0\] needs a text, and tfidf"),
        ({"terms": ["x"]}, r"v.json: terms\[0\] needs a text"),
        ({"terms": [{"text": "x", "tfidf": {"a": "1"}}]}, r"terms\[0\] .* with a number for each"),
    ],
)
def test_a_file_that_is_no_vocabulary(tmp_path, content, message):
    if isinstance(content, dict):
        content = json.dumps({"labels": [], **content})
    (tmp_path / "v.json").write_text(content)
    with pytest.raises(DataError, match=message):
        read_label_terms(tmp_path / "v.json")


def test_a_vocabulary_that_is_not_there(tmp_path):
    with pytest.raises(MissingFileError, match=r"v.json is not there; `harma data vocabulary"):
        read_label_terms(tmp_path / "v.json")


def test_a_label_without_terms_of_its_own_stays(tmp_path):
    content = {"labels": ["port", "wood"], "terms": [TERM]}
    (tmp_path / "v.json").write_text(json.dumps(content))
    assert read_label_terms(tmp_path / "v.json") == {"port": {"boat": 0.5}, "wood": {}}


@pytest.mark.parametrize(
    "word", ["near", "nearby", "beside", "besides", "next", "across", "alongside"]
)
def test_words_of_place_at_an_end_name_nothing(tmp_path, word):
    terms = [f"{word} dock", f"dock {word}", word, f"dock {word} boat", "dock"]
    content = {"labels": [], "terms": [{"text": text, "tfidf": {"port": 1}} for text in terms]}
    (tmp_path / "v.json").write_text(json.dumps(content))
    assert list(read_label_terms(tmp_path / "v.json")["port"]) == [f"dock {word} boat", "dock"]


@pytest.mark.parametrize(
    ("part", "names"), [("", True), ("NOUN", True), ("PROPN", True), ("VERB", False)]
)
def test_parts_of_speech_that_name_something(tmp_path, part, names):
    content = {"labels": ["port"], "terms": [{**TERM, "part_of_speech": part}]}
    (tmp_path / "v.json").write_text(json.dumps(content))
    assert read_label_terms(tmp_path / "v.json") == {"port": {"boat": 0.5} if names else {}}
