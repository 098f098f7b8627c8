"""JSON from outside."""

import pytest

from harma.errors import ConfigError, DataError
from harma.ground.json_text import parse_json


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"a": 1, "a": 2}', "it gives 'a' twice in one object"),
        ('[{"b": {"c": 1, "c": 1}}]', "gives 'c' twice"),
        ("[" * 200 + "]" * 200, "too deep in one another; allowed are 100"),
        ('{"a":' * 150 + "1" + "}" * 150, "too deep"),
        ("[" * 100_000, "too deep"),
        ("[" * 100_000 + "]" * 100_000, "too deep"),
        ("[1,", "is not JSON"),
        ("", "is not JSON"),
        ("9" * 5000, "a whole number in it has 5,000 digits; at most 400 are read"),
        ("[-1%s]" % ("0" * 450), "has 452 digits"),
        ('["\\ud800"]', "half of a pair of surrogates"),
        ('[{"\\udfff": 1}]', "half of a pair"),
        (b"\xff\xfe", "is not UTF-8"),
        (b'"\xc3"', "is not UTF-8"),
    ],
)
def test_what_cannot_be_used(text, problem):
    with pytest.raises(DataError, match=problem):
        parse_json(text)


def test_what_can():
    assert parse_json(b"\xef\xbb\xbf[1]") == [1]
    # Brackets in texts are no lists.
    assert parse_json('["' + "[" * 500 + '\\"["]') == ["[" * 500 + '"[']
    assert parse_json("[" * 100 + "]" * 100)
    assert parse_json('[{"a": 1}, {"a": 2}]') == [{"a": 1}, {"a": 2}]
    assert parse_json('["\\ud83d\\ude00", 1e999]') == ["\U0001f600", float("inf")]


@pytest.mark.parametrize("length", [1, 5_000_000])
@pytest.mark.parametrize(
    "text",
    # What stands in texts, behind quotes and backslashes that are escaped, is no list.
    ['"%s', '"]%s', '"[%s', r'"\\%s', r'"\"]%s', r'"\\\"]]%s', '"","]","[",""," %s'],
)
def test_depth_of_long_texts_too(text, length):
    filled = text % ("x" * length)
    for count in (100, 101):
        lists = "[" * (count - 1) + "{}" + f',{filled}","["' + "]" * (count - 1)
        if count == 100:
            assert parse_json(lists)
            continue
        with pytest.raises(DataError, match="too deep in one another; allowed are 100"):
            parse_json(lists)


def test_whose_error_it_is():
    with pytest.raises(ConfigError, match=r"^a.json: it is not JSON \("):
        parse_json("{", source="a.json", error=ConfigError)


def test_its_size(monkeypatch):
    monkeypatch.setenv("HARMA_MAX_JSON_BYTES", "10")
    with pytest.raises(DataError, match="12 bytes of JSON; allowed are 10"):
        parse_json("[1, 2, 3, 4]")
    assert parse_json("[1, 2, 3]") == [1, 2, 3]
