import pytest

from harma.data.row_values import (
    MAX_LABEL,
    is_class,
    is_count,
    is_name,
    is_text,
    shown_value,
    wrong_value,
)


@pytest.mark.parametrize(
    ("value", "text", "name"),
    [
        ("a.png", True, True),
        ("日本", True, True),
        ("", True, False),
        (" \t", True, False),
        ("a\0b", True, False),
        ("\ud800", False, False),
        (3, False, False),
        (None, False, False),
    ],
)
def test_texts_and_names(value, text, name):
    assert (is_text(value), is_name(value)) == (text, name)


@pytest.mark.parametrize(
    ("value", "count", "label"),
    [
        (0, True, True),
        (MAX_LABEL, True, True),
        (MAX_LABEL + 1, True, False),
        (-1, True, False),
        (True, False, False),
        (1.0, False, False),
        ("1", False, False),
    ],
)
def test_counts_and_classes(value, count, label):
    assert (is_count(value), is_class(value)) == (count, label)


def test_what_is_wrong_with_a_value():
    assert wrong_value({"a": 1}, "a", is_count, "a number") is None
    assert wrong_value({"a": "x"}, "a", is_count, "a number") == 'a is "x"; it must be a number'
    assert wrong_value({}, "a", is_count, "a number") == "a is missing; it must be a number"
    assert wrong_value({"a": None}, "a", is_count, "a number") == "a is null; it must be a number"
    assert wrong_value({}, "a", is_count, "a number", optional=True) is None
    assert wrong_value({"a": None}, "a", is_count, "a number", optional=True) is None
    assert wrong_value({"a": []}, "a", is_count, "a number", optional=True) is not None


def test_values_in_messages_are_short():
    assert shown_value({}) == "an object with nothing"
    assert shown_value(dict.fromkeys("abcdef")) == "an object with a, b, c, d, e"
    assert shown_value("x" * 58) == '"' + "x" * 58 + '"'
    assert shown_value("x" * 59) == '"' + "x" * 56 + "..."
