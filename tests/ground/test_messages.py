"""The reason that a message quotes."""

import pytest

from harma.ground.messages import REASON_LENGTH, first_line, in_one_line, sendable


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
