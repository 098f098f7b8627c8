import json

import pytest

from harma.data.caption_lists import is_caption_list, read_texts
from harma.errors import DataError, MissingFileError

ROW = {"image": "a.png", "caption": "A river."}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("a.txt", "\ufeffa river\r\n a road \r\n", ["a river", "a road"]),
        ("a.txt", "a river\na river", ["a river", "a river"]),
        ("a.json", json.dumps(["a, river", "Straße"]), ["a, river", "Straße"]),
        ("a.json", json.dumps([ROW, {**ROW, "caption": "Two."}]), ["A river.", "Two."]),
        ("a.json", json.dumps([{**ROW, "caption": ["One.", "Two."]}]), ["One.", "Two."]),
        ("a.JSON", '["one", "two"]', ["one", "two"]),
        ("a.CSV", "image,caption\na.png,one\n", ["one"]),
        ("a.csv", 'image,caption\na.png,"one, two"\nb.png,three\n', ["one, two", "three"]),
        (
            "a.json",
            json.dumps(
                {
                    "images": [
                        {"filename": "b.png", "split": "test", "sentences": [{"raw": "last"}]},
                        {"filename": "a.png", "split": "train", "sentences": [{"raw": "first"}]},
                    ]
                }
            ),
            ["first", "last"],
        ),
    ],
)
def test_texts_of_every_kind_of_file(tmp_path, name, content, expected):
    (tmp_path / name).write_text(content, encoding="utf-8")
    assert read_texts(tmp_path / name) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("a.txt", "", "holds no text; write one per line"),
        ("a.txt", "one\n\ntwo\n", "the text of line 2 is empty"),
        ("a.json", '["one", " "]', "the text of number 1 is empty"),
        ("a.json", "[1", "is not JSON"),
        ("a.json", '["one", 2]', 'row 0: is "one"; a row is an object with image and caption'),
        ("a.json", "3", "holds 3; format harma is a list of rows"),
        ("a.csv", "x,y\n1,2\n", "the header must have filename,title or image,caption"),
        (
            "a.json",
            json.dumps({"images": [{"filename": "a.png", "split": "dev"}]}),
            r"split is \"dev\"[^(]*$",
        ),
    ],
)
def test_files_that_cannot_be_used(tmp_path, name, content, message):
    (tmp_path / name).write_text(content)
    with pytest.raises(DataError, match=message):
        read_texts(tmp_path / name)


def test_no_text_file_at_all(tmp_path):
    with pytest.raises(MissingFileError, match="there is no file"):
        read_texts(tmp_path / "none.txt")
    (tmp_path / "latin.txt").write_bytes("Stra\xdfe".encode("latin-1"))
    with pytest.raises(DataError, match="is not UTF-8 text .*; save it as UTF-8"):
        read_texts(tmp_path / "latin.txt")


def test_what_is_a_list_of_texts():
    assert all(map(is_caption_list, ("a.txt", "b/c.CSV", "d.json")))
    assert not any(map(is_caption_list, ("ucm", "mine.yaml", "txt", "a.txt=dir")))


def test_spaces_after_the_last_line_are_no_text_that_was_forgotten(tmp_path):
    (tmp_path / "a.txt").write_text("one\ntwo\n  ")
    assert read_texts(tmp_path / "a.txt") == ["one", "two"]


def test_problems_of_rows_are_counted(tmp_path):
    (tmp_path / "a.json").write_text(json.dumps([ROW, 1, 2, 3]))
    with pytest.raises(DataError, match=r"row 1: is 1; .* \(2 more\)$"):
        read_texts(tmp_path / "a.json")
    (tmp_path / "a.json").write_text(json.dumps([ROW, 1]))
    with pytest.raises(DataError, match="image and caption$"):
        read_texts(tmp_path / "a.json")


def test_an_empty_text_of_a_row_is_counted_from_0(tmp_path):
    (tmp_path / "a.csv").write_text("image,caption\na.png,\n")
    with pytest.raises(DataError, match="the text of number 0 is empty"):
        read_texts(tmp_path / "a.csv")
    with pytest.raises(MissingFileError, match="there is no file"):
        read_texts(tmp_path)
