"""The original's JSON and Karpathy's: read, and everything wrong in it named with its place."""

import pytest
from tests.data.reading import read

from harma.data.row_values import MAX_LABEL


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
                "t.json: a text in it holds half of a pair of surrogates, which no file can hold;"
                " write the character itself"
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
        ('{"images": []}', "for a Karpathy file, which this is, write format: karpathy"),
        ("3", "t.json: holds 3; format harma is a list of rows"),
        ("[]", "t.json: holds no rows"),
        ("", "t.json: is not JSON (Expecting value: line 1 column 1 (char 0))"),
        ('[{"image": ', "t.json: is not JSON (Expecting value: line 1 column 12 (char 11))"),
        ("[" * 100_000, "t.json: is not JSON that is read here"),
    ],
)
def test_bad_files(root, content, message):
    root.text("t.json", content)
    (problem,) = read("harma", root, "t.json")[1]
    assert message in problem


def test_one_bad_file_does_not_hide_the_next(root):
    root.text("bad.json", "")
    root.json("t.json", [GOOD])
    rows, problems = read("harma", root, "bad.json", "t.json")
    assert (len(rows), len(problems)) == (1, 1)


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


def test_a_karpathy_entry_has_all_captions_of_its_image(root):
    root.json("d.json", {"images": [karpathy("train")]})
    (row,), _ = read("karpathy", root, "d.json")
    assert row.whole
    assert not row.faulty


def test_sentences_may_be_their_text_alone(root):
    entry = {**karpathy("train"), "sentences": ["one", {"raw": "two"}]}
    root.json("d.json", {"images": [entry]})
    (row,), problems = read("karpathy", root, "d.json")
    assert (row.captions, problems) == (("one", "two"), [])


CLASSES = {"image_id": 0, "label": 0, "label_name": ""}


def classes_of(row):
    return {name: getattr(row, name) for name in CLASSES}


def test_ids_and_classes_come_as_they_are(root):
    root.json("t.json", [{**GOOD, **CLASSES}, GOOD])
    root.json("d.json", {"images": [karpathy("train", **CLASSES), karpathy("train", "b.jpg")]})
    for form, name in (("harma", "t.json"), ("karpathy", "d.json")):
        (first, second), problems = read(form, root, name)
        assert problems == []
        assert classes_of(first) == CLASSES
        assert [getattr(second, name) for name in ("label", "label_name")] == [None, None]


def test_ids_and_classes_that_are_none_are_left_out_of_the_row(root):
    wrong = {"image_id": True, "label": -1, "label_name": 3}
    root.json("d.json", {"images": [karpathy("train", **wrong)]})
    (row,), problems = read("karpathy", root, "d.json")
    assert len(problems) == 3
    assert row.faulty
    assert classes_of(row) == dict.fromkeys(CLASSES)


@pytest.mark.parametrize(("first", "per_image"), [(["x"], True), ("x", False)])
def test_the_first_caption_of_either_kind_decides(root, first, per_image):
    odd = [3, {"image": "a.jpg"}, {"image": "b.jpg", "caption": None}]
    other = "y" if per_image else ["y"]
    entries = [{"image": "c.jpg", "caption": first}, {"image": "d.jpg", "caption": other}]
    root.json("t.json", [*odd, *entries])
    rows, problems = read("harma", root, "t.json")
    assert [row.faulty for row in rows] == [True, True, False, True]
    assert all(row.whole == per_image for row in rows)
    assert problems[-1].startswith("t.json row 4: caption is ")


@pytest.mark.parametrize("folder", ["", " "])
def test_a_folder_without_a_name_is_none(root, folder):
    root.json("d.json", {"images": [karpathy("train", filepath=folder)]})
    (row,), problems = read("karpathy", root, "d.json")
    assert (row.image, problems) == ("a.jpg", [])


def test_wrong_sentences_are_named_by_their_number(root):
    root.json("d.json", {"images": [karpathy("train", raw=("x", 3, "y", None))]})
    (row,), problems = read("karpathy", root, "d.json")
    assert row.captions == ("x", "y")
    assert [problem.split(";")[0] for problem in problems] == [
        "d.json row 0: sentences[1] has raw 3",
        "d.json row 0: sentences[3] has raw null",
    ]


# As RSICD, UCM-Captions and Sydney-Captions have them.
def test_a_file_of_captions_of_remote_sensing(root):
    def image(number, split):
        raw = [f"caption {number} {sentence} ." for sentence in range(5)]
        sentences = [
            {"tokens": text.split()[:-1], "raw": text, "imgid": number, "sentid": 5 * number + at}
            for at, text in enumerate(raw)
        ]
        return {
            "sentids": [sentence["sentid"] for sentence in sentences],
            "imgid": number,
            "sentences": sentences,
            "split": split,
            "filename": f"{number + 1}.tif",
        }

    images = [image(number, split) for number, split in enumerate(("train", "val", "test"))]
    root.json("dataset.json", {"images": images, "dataset": "Sydney"})
    for number, split in enumerate(("train", "val", "test")):
        (row,), problems = read("karpathy", root, "dataset.json", split=split)
        assert problems == []
        assert (row.image, len(row.captions)) == (f"{number + 1}.tif", 5)
