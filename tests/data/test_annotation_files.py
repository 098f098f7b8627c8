"""Files that cannot be read are problems, never exceptions."""

import tarfile

import pytest
from tests.data.reading import read

from harma.data.annotation_files import (
    annotation_json,
    annotation_lines,
    annotation_text,
    split_lines,
)
from harma.data.rows import Problem


def test_byte_order_mark(root, row):
    root.text("t.json", "\ufeff[]")
    assert read("harma", root, "t.json")[1] == ["t.json: holds no rows"]


def test_not_utf8_missing_and_directory(root):
    (root.path / "t.json").write_bytes(b'["\xe9"]')
    (root.path / "d.json").mkdir()
    assert read("harma", root, "t.json")[1] == [
        "t.json line 1: is not UTF-8 text (invalid continuation byte at byte 2); save it as UTF-8"
    ]
    assert "none.json: is not there; looked for" in read("harma", root, "none.json")[1][0]
    assert read("harma", root, "d.json")[1] == ["d.json: cannot be read (Is a directory)"]


def test_what_can_be_read(root):
    root.text("a.txt", "\ufeffone\r\ntwo")
    assert annotation_text(root.path, "a.txt") == "one\r\ntwo"
    assert annotation_lines(root.path, "a.txt") == ["one", "two"]
    root.json("a.json", {"a": [1]})
    assert annotation_json(root.path, "a.json") == {"a": [1]}


def test_what_cannot_be_read_comes_back_as_a_problem(root):
    for read_file in (annotation_text, annotation_lines, annotation_json):
        assert isinstance(read_file(root.path, "none"), Problem)
    root.text("a.json", "[1")
    problem = annotation_json(root.path, "a.json")
    assert str(problem).startswith("a.json: is not JSON (Expecting ',' delimiter")


def test_lines_end_at_line_feeds_alone():
    assert split_lines("a\n\nb\r\n") == ["a", "", "b"]
    assert split_lines("a\u2028b\x0cc\rd") == ["a\u2028b\x0cc\rd"]
    assert split_lines("") == []
    assert split_lines("\n") == [""]


def test_the_line_and_byte_that_are_no_text(root):
    (root.path / "t.txt").write_bytes(b"one\ntwo\n\xff")
    assert str(annotation_text(root.path, "t.txt")) == (
        "t.txt line 3: is not UTF-8 text (invalid start byte at byte 8); save it as UTF-8"
    )


# Whoever names a file in the wrong format reads which is the right one.
@pytest.mark.parametrize(
    ("read_as", "name", "content", "message"),
    [
        ("harma", "t.csv", "image,caption\na.jpg,x\n", "write format: csv"),
        ("karpathy", "t.TSV", "image\tcaption\na.jpg\tx\n", "write format: csv"),
        ("coco", "t_caps.txt", "a river\n", "write format: caps"),
        ("harma", "t.jsonl", '{"image": "a.jpg"}\n{"image": "b.jpg"}\n', "into one list"),
        ("csv", "t.json", '[{"image": "a.jpg", "caption": "x"}]', "is JSON, not CSV; write format"),
        ("csv", "t.json", '{\n"images": []}', "is JSON, not CSV; write format: harma, karpathy"),
    ],
)
def test_other_formats_are_named(root, read_as, name, content, message):
    root.text(name, content)
    (problem,) = read(read_as, root, name)[1]
    assert message in problem


@pytest.mark.parametrize("read_as", ["harma", "csv", "caps", "nwpu"])
def test_tar_archives_are_named(root, read_as):
    with tarfile.open(root.path / "x_caps.txt", "w") as archive:
        archive.addfile(tarfile.TarInfo("000.jpg"))
    root.text("x_filename.txt", "a.jpg\n")
    (problem,) = read(read_as, root, "x_caps.txt")[1]
    assert problem.endswith("is a tar archive; for webdataset write format: webdataset")
