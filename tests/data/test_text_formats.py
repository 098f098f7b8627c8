"""Lines of text and CSV: read, and everything wrong in it named with its place."""

import pytest
from tests.data.reading import read

from harma.data.text_formats import caps_pairs, unread_columns
from harma.errors import ConfigError


def test_caps(root):
    root.text("train_caps.txt", "A river\r\nTwo, houses\n\nlast")
    root.text("train_filename.txt", "a.jpg\na.jpg\nb.jpg\nc.jpg\n")
    rows, problems = read("caps", root, "train_caps.txt")
    assert problems == []
    assert [(str(r.place), r.image, r.captions[0]) for r in rows] == [
        ("train_caps.txt line 1", "a.jpg", "A river"),
        ("train_caps.txt line 2", "a.jpg", "Two, houses"),
        ("train_caps.txt line 3", "b.jpg", ""),
        ("train_caps.txt line 4", "c.jpg", "last"),
    ]


def test_caps_lines_end_at_newlines_only(root):
    root.text("x_caps.txt", "a\u2028b\x0bc\n")
    root.text("x_filename.txt", "a.jpg\n")
    assert len(read("caps", root, "x_caps.txt")[0]) == 1


def test_caps_bad_lines(root):
    root.text("x_caps.txt", "a\nb\n")
    root.text("x_filename.txt", "a.jpg\n \n")
    assert read("caps", root, "x_caps.txt")[1] == [
        'x_filename.txt line 2: is " "; it must name an image'
    ]
    root.text("x_filename.txt", "a.jpg\n")
    assert read("caps", root, "x_caps.txt")[1] == [
        "x_caps.txt: has 2 lines, x_filename.txt has 1; their lines go in pairs"
    ]
    (root.path / "x_filename.txt").unlink()
    assert "x_filename.txt: is not there" in read("caps", root, "x_caps.txt")[1][0]


def test_caps_pairs():
    assert caps_pairs(["a_caps.txt", "b_caps.txt"]) == [
        ("a_caps.txt", "a_filename.txt"),
        ("b_caps.txt", "b_filename.txt"),
    ]
    assert caps_pairs(["a_caps.txt", "names.txt"]) == [("a_caps.txt", "names.txt")]
    assert caps_pairs(["words.txt", "names.txt"]) == [("words.txt", "names.txt")]
    with pytest.raises(ConfigError, match="words.txt has no file of image names; list it as"):
        caps_pairs(["words.txt"])


@pytest.mark.parametrize("header", ["filename,title", "image,caption", "title,x,filename"])
def test_csv(root, header):
    values = {
        "filename": "a.jpg",
        "image": "a.jpg",
        "title": '"A, b\nc"',
        "caption": '"A, b\nc"',
        "x": "1",
    }
    record = ",".join(values[column] for column in header.split(","))
    root.text("t.csv", f"{header}\n{record}\n\n{record}\n")
    rows, problems = read("csv", root, "t.csv")
    assert problems == []
    assert [(str(r.place), r.image, r.captions) for r in rows] == [
        ("t.csv line 2", "a.jpg", ("A, b\nc",)),
        ("t.csv line 5", "a.jpg", ("A, b\nc",)),
    ]


def test_csv_labels(root):
    root.text("t.csv", "image,caption,label_name\na.jpg,x,port\nb.jpg,y,\n")
    assert [row.label_name for row in read("csv", root, "t.csv")[0]] == ["port", None]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "t.csv line 1: is []; the header must have filename,title or image,caption"),
        (
            "file,text\n",
            (
                't.csv line 1: is ["file", "text"]; the header must have filename,title or'
                " image,caption"
            ),
        ),
        (
            "filename,title\na.jpg,one, two\n",
            (
                "t.csv line 2: has 3 fields, the header has 2; put captions with commas in double"
                " quotes"
            ),
        ),
        (
            "filename,title\na.jpg\n",
            (
                "t.csv line 2: has 1 fields, the header has 2; put captions with commas in double"
                " quotes"
            ),
        ),
        (
            "image,caption, image\na.jpg,x,b.jpg\n",
            "t.csv line 1: has the column image 2 times; leave one",
        ),
        (
            "label_name,image,caption,label_name\nx,a.jpg,x,y\n",
            "t.csv line 1: has the column label_name 2 times; leave one",
        ),
        ("filename,title\n,x\n", 't.csv line 2: filename is ""; it must name an image'),
        ('filename,title\na.jpg,"x"y\n', "t.csv line 2: is not CSV (',' expected after '\"')"),
    ],
)
def test_csv_bad_lines(root, content, message):
    root.text("t.csv", content)
    (problem,) = read("csv", root, "t.csv")[1]
    assert problem.startswith(message)


def test_columns_that_no_reader_takes():
    assert unread_columns("image,caption,source, label_name \n") == ["source"]
    assert unread_columns("filename,title,caption\n") == ["caption"]
    assert unread_columns("") == []


def test_both_files_of_a_pair_are_named_at_once(root):
    problems = read("caps", root, "x_caps.txt")[1]
    assert [problem.split(":")[0] for problem in problems] == ["x_caps.txt", "x_filename.txt"]


def test_other_columns_may_come_twice(root):
    root.text("t.csv", "x,image,x,caption\n1,a.jpg,2,y\n")
    rows, problems = read("csv", root, "t.csv")
    assert (problems, rows[0].image, rows[0].captions) == ([], "a.jpg", ("y",))


def test_names_of_images_lose_their_spaces(root):
    root.text("t.csv", "image,caption\n a.jpg ,y\n")
    root.text("x_caps.txt", "a\n")
    root.text("x_filename.txt", " a.jpg \n")
    assert read("csv", root, "t.csv")[0][0].image == "a.jpg"
    assert read("caps", root, "x_caps.txt")[0][0].image == "a.jpg"
