"""The reason that a message quotes."""

import pytest

from harma.errors import ConfigError, DataError
from harma.ground.messages import (
    REASON_LENGTH,
    about_file,
    first_line,
    in_one_line,
    kind_of,
    sendable,
)


@pytest.mark.parametrize(
    ("text", "first", "joined"),
    [
        ("short", "short", "short"),
        ("\n first  of \nsecond\n", "first  of", "first of second"),
        ("carriage\r\nreturn", "carriage", "carriage return"),
        ("", "LibraryError", "LibraryError"),
        (" \n ", "LibraryError", "LibraryError"),
    ],
)
def test_one_line_of_an_error(text, first, joined):
    class LibraryError(Exception):
        pass

    assert first_line(LibraryError(text)) == first
    assert in_one_line(LibraryError(text)) == joined


def test_long_lines_are_cut():
    error = ValueError("ab" * REASON_LENGTH + "\nmore")
    assert first_line(error) == "ab" * (REASON_LENGTH // 2)
    assert first_line(error, length=3) == "aba"
    assert in_one_line(error, length=5) == "ababa"


def test_what_no_utf8_can_say_is_written_out():
    assert sendable("é \udcff\ud800") == "é \\udcff\\ud800"


def test_addresses_of_memory_say_nothing():
    assert first_line(ValueError("<X at 0x7f84c0122e50> failed")) == "<X at …> failed"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (None, "nothing"),
        (True, "true or false"),
        (1, "a number"),
        (1.5, "a number"),
        ("a", "text"),
        ([], "a list"),
        ({}, "a mapping"),
        (b"", "bytes"),
    ],
)
def test_kinds_in_words(value, words):
    assert kind_of(value) == words


def test_errors_name_the_file_once(tmp_path):
    path = tmp_path / "a.yaml"
    with pytest.raises(ConfigError, match=rf"^{path}: it is odd$"), about_file(path):
        raise ConfigError("it is odd")
    with pytest.raises(DataError, match=f"^{path} is odd$"), about_file(path):
        raise DataError(f"{path} is odd")
    with pytest.raises(DataError, match=r"^b\.tif: it is odd$"), about_file(path):
        raise DataError("it is odd", source="b.tif")


@pytest.mark.parametrize("name", ["plain.yaml", "a\nb", "t\tab"])
def test_a_file_is_not_named_twice(name):
    """However the message quotes it."""
    with pytest.raises(DataError) as raised, about_file(name):
        raise DataError(f"the file {name!r} is empty")
    assert str(raised.value) == f"the file {name!r} is empty"
