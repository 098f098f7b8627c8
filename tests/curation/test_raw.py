"""Annotations as they are written."""

import pytest

from harma.curation.convert import convert
from harma.curation.raw import RawImage, read_raw
from harma.data.description import DataDescription
from harma.errors import DataError


def test_keys_of_sentences_and_restval_are_lost(root, tmp_path):
    entry = {
        "filename": "a.png",
        "split": "restval",
        "sentences": [{"raw": "x", "tokens": ["x"], "mood": 1}],
    }
    root.json("d.json", {"images": [entry]})
    described = DataDescription(name="k", format="karpathy", train=("d.json",))
    made = convert(described, root.path, "karpathy", tmp_path)
    assert made.lost == (
        "keys that no format of HarMA has: sentences.mood, split restval (read as train)",
    )


def test_what_no_format_has_is_named_whatever_the_file(root, tmp_path):
    entry = {"filename": "a.png", "filepath": "f", "split": "train", "sentences": ["a b"]}
    root.json("d.json", {"images": [entry], "dataset": "d", "info": {}})
    karpathy = convert(
        DataDescription(name="k", format="karpathy", train=("d.json",)),
        root.path,
        "karpathy",
        tmp_path,
    )
    assert karpathy.lost == ("keys that no format of HarMA has: info (of the file)",)
    assert '"filename": "f/a.png"' in karpathy.files["dataset_k.json"]
    root.text("d.csv", "\ufefffilename, title ,source,label_name\r\na.png,x,usgs,sea\r\n")
    rows = convert(
        DataDescription(name="c", format="csv", train=("d.csv",)), root.path, "csv", tmp_path
    )
    assert rows.lost == ("keys that no format of HarMA has: column source",)


@pytest.mark.parametrize(
    ("form", "file", "content", "message"),
    [
        (
            "harma",
            "t.json",
            '[{"image": "a.png", "caption": "x"}, {"image": "b.png"}]',
            "row 1: caption is missing",
        ),
        ("harma", "t.json", '[{"image": "a.png",]', "t.json: is not JSON"),
        (
            "karpathy",
            "t.json",
            '{"images": [{"filename": "a.png", "split": "train"}]}',
            "row 0: sentences is missing",
        ),
        (
            "karpathy",
            "t.json",
            '{"images": [{"filename": "a.png", "split": "train", "sentences": [], "label": -1}]}',
            "t.json row 0: label is -1",
        ),
        ("csv", "t.csv", "filename,title\na.png,x\nb.png,y,z\n", "t.csv line 3: has 3 fields"),
        (
            "csv",
            "t.csv",
            "filename,title,title\na.png,x,y\n",
            "t.csv line 1: has the column title 2 times; leave one",
        ),
        (
            "csv",
            "t.csv",
            b"filename,title\na.png,x\nb.png,caf\xe9\n",
            "t.csv line 3: is not UTF-8 text",
        ),
        ("caps", "t_caps.txt", "x\ny\n", "t_caps.txt: has 2 lines, t_filename.txt has 3"),
    ],
)
def test_a_malformed_file_names_the_row(root, tmp_path, form, file, content, message):
    (root.path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    root.text("t_filename.txt", "a.png\nb.png\nc.png\n")
    with pytest.raises(DataError, match=message):
        convert(DataDescription(name="x", format=form, train=(file,)), root.path, "harma", tmp_path)


def test_captions_and_classes_come_as_they_are(root, row, harma):
    root.json(
        "train.json",
        [
            row("a.png", 7, "A River!", label=2),
            row("b.png", 3, "x"),
            row("./a.png", 7, " y ", label_name="port"),
        ],
    )
    raw = read_raw(harma, "train", root.path)
    assert raw.images == (
        RawImage("a.png", ("A River!", " y "), 7, 2, "port"),
        RawImage("b.png", ("x",), 3),
    )
    assert (raw.name, raw.repeated, raw.unread) == ("train", (), ())


def test_images_that_several_files_name_are_there_for_each(root, row, harma):
    root.json("train.json", [row("a.png", 1, "x"), row("b.png", 2, "x")])
    root.json("more.json", [row("b.png", 1, "y")])
    both = DataDescription(name="d", train=("train.json", "more.json"))
    raw = read_raw(both, "train", root.path)
    assert [image.name for image in raw.images] == ["a.png", "b.png", "b.png"]
    assert raw.repeated == ("b.png",)


def test_the_class_an_image_counts_for():
    assert RawImage("a", ()).class_name is None
    assert RawImage("a", (), label=3).class_name == "3"
    assert RawImage("a", (), label=3, label_name="port").class_name == "port"
    assert RawImage("a", (), label=3, label_name="").class_name == ""


def test_all_problems_are_counted(root, row, harma):
    root.json("train.json", [row("a.png", 1, None), row("b.png", 2, None)])
    with pytest.raises(
        DataError, match=r"train.json row 0: caption is null.* \(1 more; `harma data check`"
    ):
        read_raw(harma, "train", root.path)
