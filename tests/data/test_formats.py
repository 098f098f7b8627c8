"""Every format is read, and everything wrong in it is named with its place."""

import pytest

from harma.data.formats import READERS
from harma.data.row_values import MAX_LABEL
from harma.data.rows import Annotation, Problem
from harma.data.text_formats import caps_pairs
from harma.errors import ConfigError


def read(kind, root, *names, split="train"):
    items = list(READERS[kind](root.path, names, split))
    return [item for item in items if isinstance(item, Annotation)], [
        str(i) for i in items if isinstance(i, Problem)
    ]


# -- the original's JSON


def test_row_per_caption(root, row):
    root.json(
        "t.json", [row("a.jpg", 4, "One.", label=2, label_name="port"), row("b.jpg", 5, "Two")]
    )
    rows, problems = read("harma", root, "t.json")
    assert problems == []
    assert [
        (str(r.place), r.image, r.captions, r.image_id, r.label, r.label_name, r.whole)
        for r in rows
    ] == [
        ("t.json row 0", "a.jpg", ("One.",), 4, 2, "port", False),
        ("t.json row 1", "b.jpg", ("Two",), 5, None, None, False),
    ]


def test_row_per_image_in_any_split(root):
    root.json(
        "t.json", [{"image": "a.jpg", "caption": ["x", "y"]}, {"image": "b.jpg", "caption": []}]
    )
    rows, problems = read("harma", root, "t.json", split="train")
    assert problems == []
    assert [(r.captions, r.whole) for r in rows] == [(("x", "y"), True), ((), True)]


def test_byte_order_mark(root, row):
    root.text("t.json", "\ufeff[]")
    assert read("harma", root, "t.json")[1] == ["t.json: holds no rows"]


GOOD = {"image": "a.jpg", "image_id": 1, "caption": "x"}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("text", 't.json row 1: is "text"; a row is an object with image and caption'),
        (None, "t.json row 1: is null; a row is an object with image and caption"),
        ({**GOOD, "image": 3}, "t.json row 1: image is 3; it must be a relative path"),
        ({**GOOD, "image": " "}, 't.json row 1: image is " "; it must be a relative path'),
        ({**GOOD, "image": None}, "t.json row 1: image is null; it must be a relative path"),
        (
            {"image_id": 1, "caption": "x"},
            "t.json row 1: image is missing; it must be a relative path",
        ),
        (
            {**GOOD, "image_id": "1"},
            't.json row 1: image_id is "1"; it must be a whole number, one for each image',
        ),
        (
            {**GOOD, "image_id": True},
            "t.json row 1: image_id is true; it must be a whole number, one for each image",
        ),
        (
            {**GOOD, "image_id": 1.5},
            "t.json row 1: image_id is 1.5; it must be a whole number, one for each image",
        ),
        (
            {"image": "a.jpg", "image_id": 1},
            "t.json row 1: caption is missing; it must be text, as this file has a row per caption",
        ),
        (
            {**GOOD, "caption": 7},
            "t.json row 1: caption is 7; it must be text, as this file has a row per caption",
        ),
        (
            {**GOOD, "caption": ["x"]},
            't.json row 1: caption is ["x"]; it must be text, as this file has a row per caption',
        ),
        (
            {**GOOD, "caption": "\ud800"},
            (
                't.json row 1: caption is "\\ud800"; it must be text, as this file has a row per'
                " caption"
            ),
        ),
        (
            {**GOOD, "label": "port"},
            f't.json row 1: label is "port"; it must be a whole number from 0 to {MAX_LABEL}',
        ),
        (
            {**GOOD, "label": -1},
            f"t.json row 1: label is -1; it must be a whole number from 0 to {MAX_LABEL}",
        ),
        (
            {**GOOD, "label": 1.0},
            f"t.json row 1: label is 1.0; it must be a whole number from 0 to {MAX_LABEL}",
        ),
        ({**GOOD, "label_name": 3}, "t.json row 1: label_name is 3; it must be text"),
    ],
)
def test_bad_values_per_caption(root, entry, message):
    root.json("t.json", [GOOD, entry])
    rows, problems = read("harma", root, "t.json")
    assert problems == [message]
    # What is left of a faulty row still names its image, so that a check can look at it.
    assert all(row.faulty for row in rows[1:])


@pytest.mark.parametrize(
    ("caption", "message"),
    [
        (
            "x",
            (
                't.json row 1: caption is "x"; it must be a list of texts, as this file has a row'
                " per image"
            ),
        ),
        (
            None,
            (
                "t.json row 1: caption is null; it must be a list of texts, as this file has a row"
                " per image"
            ),
        ),
        (["x", None], "t.json row 1: caption[1] is null; it must be text"),
        ([["x"]], 't.json row 1: caption[0] is ["x"]; it must be text'),
    ],
)
def test_bad_values_per_image(root, caption, message):
    root.json(
        "t.json", [{"image": "a.jpg", "caption": ["x"]}, {"image": "b.jpg", "caption": caption}]
    )
    assert read("harma", root, "t.json")[1] == [message]


def test_all_problems_of_a_row_at_once(root):
    root.json("t.json", [GOOD, {"image": 3, "caption": None}])
    assert len(read("harma", root, "t.json")[1]) == 2


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"a": 1}', "t.json: holds an object with a; format harma is a list of rows"),
        ('{"images": []}', "for a Karpathy file write format: karpathy"),
        ("3", "t.json: holds 3; format harma is a list of rows"),
        ("[]", "t.json: holds no rows"),
        ("", "t.json: is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ('[{"image": ', "t.json: is not JSON (Expecting value: line 1 column 12 (char 11))"),
        ("[" * 100_000, "t.json: is not JSON (maximum recursion depth"),
    ],
)
def test_bad_files(root, content, message):
    root.text("t.json", content)
    (problem,) = read("harma", root, "t.json")[1]
    assert message in problem


def test_not_utf8_missing_and_directory(root):
    (root.path / "t.json").write_bytes(b'["\xe9"]')
    (root.path / "d.json").mkdir()
    assert read("harma", root, "t.json")[1] == [
        "t.json line 1: is not UTF-8 text (invalid continuation byte at byte 2); save it as UTF-8"
    ]
    assert "none.json: is not there; looked for" in read("harma", root, "none.json")[1][0]
    assert read("harma", root, "d.json")[1] == ["d.json: cannot be read (Is a directory)"]


def test_one_bad_file_does_not_hide_the_next(root):
    root.text("bad.json", "")
    root.json("t.json", [GOOD])
    rows, problems = read("harma", root, "bad.json", "t.json")
    assert (len(rows), len(problems)) == (1, 1)


# -- Karpathy's JSON


def karpathy(split, filename="a.jpg", raw=("x",), **more):
    return {"split": split, "filename": filename, "sentences": [{"raw": r} for r in raw], **more}


def test_karpathy_splits(root):
    root.json(
        "d.json",
        {
            "images": [
                karpathy("train"),
                karpathy("val", "b.jpg"),
                karpathy("restval", "c.jpg"),
                karpathy("test", "d.jpg", ("x", "y"), filepath="sub"),
            ]
        },
    )
    assert [row.image for row in read("karpathy", root, "d.json", split="train")[0]] == [
        "a.jpg",
        "c.jpg",
    ]
    assert [row.image for row in read("karpathy", root, "d.json", split="val")[0]] == ["b.jpg"]
    (row,), problems = read("karpathy", root, "d.json", split="test")
    assert (row.image, row.captions, str(row.place), problems) == (
        "sub/d.jpg",
        ("x", "y"),
        "d.json row 3",
        [],
    )


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        (3, "d.json row 0: is 3; a row is an object with filename, split and sentences"),
        (
            {"filename": "a"},
            "d.json row 0: split is missing; it must be one of train, restval, val, test",
        ),
        (
            karpathy("dev"),
            'd.json row 0: split is "dev"; it must be one of train, restval, val, test',
        ),
        (
            karpathy(["train"]),
            'd.json row 0: split is ["train"]; it must be one of train, restval, val, test',
        ),
        (karpathy("train", 3), "d.json row 0: filename is 3; it must be a relative path"),
        (karpathy("train", filepath=3), "d.json row 0: filepath is 3; it must be text"),
        (
            karpathy("train", raw=(None,)),
            "d.json row 0: sentences[0] has raw null; it must be text",
        ),
        (
            {**karpathy("train"), "sentences": "x"},
            'd.json row 0: sentences is "x"; it must be a list of objects with raw',
        ),
    ],
)
def test_karpathy_bad_values(root, entry, message):
    root.json("d.json", {"images": [entry]})
    problems = read("karpathy", root, "d.json")[1]
    assert problems == [
        (
            message.replace("it must be text", "it must be a folder")
            if "filepath" in message
            else message
        )
    ]


def test_karpathy_bad_top_level(root):
    root.json("d.json", [1])
    assert read("karpathy", root, "d.json")[1] == [
        "d.json: holds [1]; format karpathy is an object with a list of images"
    ]


# -- lines of text


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


# -- CSV


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
        ("filename,title\n,x\n", 't.csv line 2: filename is ""; it must name an image'),
        ('filename,title\na.jpg,"x"y\n', "t.csv line 2: is not CSV (',' expected after '\"')"),
    ],
)
def test_csv_bad_lines(root, content, message):
    root.text("t.csv", content)
    (problem,) = read("csv", root, "t.csv")[1]
    assert problem.startswith(message)
