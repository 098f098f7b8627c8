"""Reading lists of images to leave out, and leaving them out."""

import logging

import pytest

from harma.data.annotations import load_split
from harma.data.exclusion import leave_out, leave_out_listed, read_exclusions
from harma.errors import DataError, MissingFileError


@pytest.fixture
def train(small, harma, row):
    """Images a, b and c; a has two captions."""
    rows = [("a.png", 0, "a field"), ("a.png", 0, "a road"), ("b.png", 1, "x"), ("c.png", 2, "y")]
    small.json("train.json", [row(*values) for values in rows])
    return load_split(harma, "train", small.path)


def test_a_text_list_leaves_images_out(train, tmp_path, caplog):
    (tmp_path / "list.txt").write_text("b.png\n\n c.png\r\n")
    with caplog.at_level(logging.DEBUG, "harma"):
        rest = leave_out_listed(train, tmp_path / "list.txt", "one")
    assert (rest.image_names, rest.captions) == (("a.png",), ("a field", "a road"))
    assert "list.txt: 2 of 3 images of train are left out, 1 are left" in caplog.text
    assert "left out: c.png (list.txt line 3)" in caplog.text


def test_rows_of_other_data_sets_and_splits_do_not_count(tmp_path):
    path = tmp_path / "l.csv"
    path.write_text(
        "data,split,image\none,train,a.png\none,val,b.png\ntwo,train,c.png\none,train,d.png\n"
    )
    named = read_exclusions(path, data="one", split="train")
    assert named == {"a.png": "l.csv line 2", "d.png": "l.csv line 5"}
    assert read_exclusions(path, data="two", split="val") == {}


@pytest.mark.parametrize(
    ("header", "row"),
    [("image", "a.png"), ("split,image", "train,a.png"), ("image,data", "a.png,one")],
)
def test_a_list_without_a_column_counts_for_all(tmp_path, header, row):
    (tmp_path / "l.csv").write_text(f"{header}\n{row}\n")
    assert list(read_exclusions(tmp_path / "l.csv", data="one", split="train")) == ["a.png"]


def test_a_list_of_another_data_set_is_told(train, tmp_path, caplog):
    path = tmp_path / "l.csv"
    path.write_text("data,image\ntwo,b.png\n")
    assert leave_out_listed(train, path, "one").num_images == 3
    assert "l.csv names images of two only: nothing of one is left out" in caplog.text
    caplog.clear()
    path.write_text("data,split,image\n")
    leave_out_listed(train, path, "one")
    path.write_text("data,split,image\none,val,d.png\n")
    leave_out_listed(train, path, "one")
    assert "only" not in caplog.text


def test_an_unknown_name_is_an_error(train):
    with pytest.raises(
        DataError, match=r"list line 2: 'x.png' is no image of split train \(1 more\)"
    ):
        leave_out(train, {"a.png": "list line 1", "x.png": "list line 2", "y.png": "list line 3"})
    with pytest.raises(DataError, match=r"'x.png' is no image of split train; names are relative"):
        leave_out(train, {"x.png": "list line 2"})


def test_a_list_of_all_images_is_an_error(train):
    with pytest.raises(DataError, match="names all 3 images of split train"):
        leave_out(train, dict.fromkeys(train.image_names, "list"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name\na.png\n", r"l\.csv line 1: the header is name; it must have a column image"),
        ("", r"l\.csv line 1: the header is empty"),
        ("image,split\na.png\n", r"l\.csv line 2: has 1 fields, the header 2"),
        ("image\n \n", r"l\.csv line 2: image is empty"),
        ('image\n"a".png\n', r"l\.csv line 2: is not CSV"),
    ],
)
def test_a_malformed_list_names_the_line(tmp_path, text, message):
    (tmp_path / "l.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_exclusions(tmp_path / "l.csv", data="one", split="train")


def test_a_list_that_is_not_there_or_no_text(tmp_path):
    with pytest.raises(MissingFileError, match="harma data audit` writes one"):
        read_exclusions(tmp_path / "l.csv", data="one", split="train")
    (tmp_path / "l.txt").write_bytes(b"\xff\xfe")
    with pytest.raises(DataError, match="is not UTF-8"):
        read_exclusions(tmp_path / "l.txt", data="one", split="train")


def test_a_table_by_its_suffix(tmp_path):
    for name, expected in (("l.CSV", {"a.png": "l.CSV line 2"}), ("l.lst", None)):
        (tmp_path / name).write_text("image\na.png\n")
        listed = read_exclusions(tmp_path / name, data="one", split="train")
        assert listed == (expected or {"image": "l.lst line 1", "a.png": "l.lst line 2"})
