"""Texts of spreadsheets: UTF-8 and UTF-16, with marks, and what is no text."""

import pytest

from harma.errors import DataError
from harma.evaluation.judging.text_files import lines_of, read_text


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(tmp_path, encoding):
    (tmp_path / "x.csv").write_bytes("query,chip\nČáslav,ü\n".encode(encoding))
    assert read_text(tmp_path / "x.csv", "the queries") == "query,chip\nČáslav,ü\n"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"query,chip\nM\xfcnchen,a\n", "x.csv: line 2: is not UTF-8; save the file as UTF-8"),
        (b"", "x.csv: is empty"),
        (b"\xef\xbb\xbf \r\n", "x.csv: is empty"),
    ],
)
def test_what_is_no_text_is_named(tmp_path, content, message):
    (tmp_path / "x.csv").write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_text(tmp_path / "x.csv", "the queries")


def test_lines_keep_their_numbers():
    assert lines_of("a\r\n\r\nb\rc\n \nd") == [(1, "a"), (3, "b"), (4, "c"), (6, "d")]
