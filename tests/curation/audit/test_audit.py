import json
from dataclasses import replace
from importlib import import_module

import numpy as np
import pytest
from PIL import Image

from harma.curation.audit.audit import Source, audit
from harma.curation.audit.exclusion import exclusions, write_exclusions
from harma.curation.audit.report import as_json, caption_table, copy_table
from harma.curation.audit.sheet import html_sheet, pairs_of, png_sheet, write_sheets
from harma.data.annotations import load_split
from harma.data.description import DataDescription, load_description
from harma.data.exclusion import leave_out, leave_out_listed, read_exclusions
from harma.errors import ConfigError, DataError, MissingFileError

DESCRIPTION = DataDescription(
    name="one", train=("train.json",), val=("val.json",), test=("test.json",)
)


def picture(path, seed):
    path.parent.mkdir(parents=True, exist_ok=True)
    pixels = np.random.default_rng(seed).integers(0, 256, (6, 6, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((48, 48), Image.Resampling.BICUBIC).save(path)


@pytest.fixture
def source(tmp_path):
    """Train a, b, c; val d; test e. e is b, d is a; c is its own. "a field" is of a and b, and of e too."""
    root = tmp_path / "one"
    for name, seed in (("a", 0), ("b", 1), ("c", 2), ("d", 0), ("e", 1)):
        picture(root / "images" / f"{name}.png", seed)
    train = [("a", "A field."), ("a", "a road"), ("b", "a field"), ("c", "a lake")]
    (root / "train.json").write_text(
        json.dumps(
            [
                {"image": f"{image}.png", "caption": caption, "image_id": ord(image)}
                for image, caption in train
            ]
        )
    )
    (root / "val.json").write_text(json.dumps([{"image": "d.png", "caption": ["a hill"]}]))
    (root / "test.json").write_text(
        json.dumps([{"image": "e.png", "caption": ["A field", "a house"]}])
    )
    return Source(DESCRIPTION, root)


def names(excluded):
    return [(item.image.split, item.image.name, item.copy_of.name) for item in excluded]


def test_copies_across_splits_are_left_out_of_the_one_that_is_learned_from(source):
    found = audit([source])
    assert [
        (found.images[c.first].name, found.images[c.second].name, c.kind) for c in found.copies
    ] == [("a.png", "d.png", "file"), ("b.png", "e.png", "file")]
    assert names(exclusions(found)) == [("train", "a.png", "d.png"), ("train", "b.png", "e.png")]


def test_captions_and_ceilings(source):
    found = audit([source])
    # a, b and e are images 0, 1 and 4.
    assert [(caption.text, caption.images) for caption in found.captions] == [
        ("a field", (0, 1, 4))
    ]
    assert dict(caption_table(found)) == {
        ("one train", "one train"): 1,
        ("one train", "one test"): 1,
    }
    assert dict(copy_table(found)) == {
        ("one train", "one val"): (1, 0, 0),
        ("one train", "one test"): (1, 0, 0),
    }
    train = found.ceilings[0]
    # Of "a field" twice, one of two is first at best: 3 of 4 captions.
    assert (train.num_captions, train.num_distinct, train.ceilings["t2i_R@1"]) == (4, 3, 75.0)
    assert train.ceilings["t2i_R@5"] == 100.0


def test_across_data_sets_a_test_image_of_one_leaves_train_of_the_other(source, tmp_path):
    other = tmp_path / "two"
    picture(other / "images" / "x.png", 1)
    picture(other / "images" / "y.png", 9)
    (other / "train.json").write_text(
        json.dumps(
            [
                {"image": "x.png", "caption": "a wood", "image_id": 0},
                {"image": "y.png", "caption": "a pond", "image_id": 1},
            ]
        )
    )
    two = Source(DataDescription(name="two", train=("train.json",)), other)
    left_out = exclusions(audit([source, two]))
    assert ("train", "x.png", "e.png") in names(left_out)
    paths = write_exclusions(tmp_path / "out", ["one", "two"], left_out)
    assert [path.name for path in paths] == ["exclude_one.csv", "exclude_two.csv"]
    assert list(read_exclusions(paths[1], data="two", split="train")) == ["x.png"]
    assert read_exclusions(paths[1], data="two", split="val") == {}


def test_within_thins_out_copies_of_one_kind_of_split(source):
    picture(source.root / "images" / "c.png", 0)
    only_train = replace(source, splits=("train",))
    found = audit([only_train])
    assert exclusions(found) == ()
    assert names(exclusions(found, within=True)) == [("train", "c.png", "a.png")]


def test_two_data_sets_of_one_name_are_refused(source):
    with pytest.raises(ConfigError, match="two data sets are called one"):
        audit([source, source])


def test_a_description_without_files_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="names no annotation files"):
        audit([Source(DataDescription(name="none"), tmp_path)])


def test_everything_goes_to_json(source):
    found = audit([source])
    content = json.loads(json.dumps(as_json(found, exclusions(found))))
    assert content["copies"][0]["second"] == {"data": "one", "split": "val", "image": "d.png"}
    assert content["exclude"][1] == {
        "data": "one",
        "split": "train",
        "image": "b.png",
        "copy_of": "one test e.png",
    }


def test_sheets_show_pairs_across_splits_first_and_say_what_is_left_out(source, tmp_path):
    picture(source.root / "images" / "f.png", 2)
    rows = json.loads((source.root / "train.json").read_text())
    rows.append({"image": "f.png", "caption": "<b>a pond", "image_id": 1})
    (source.root / "train.json").write_text(json.dumps(rows))
    found = audit([source])
    pairs = pairs_of(found, 10)
    assert [pair.is_across for pair in pairs] == [True, True, False]
    html = html_sheet(pairs, "3 pairs")
    assert html.count("data:image/jpeg;base64,") == 6
    assert "http" not in html
    assert png_sheet(pairs, "3 pairs").size[0] > 300
    written = write_sheets(tmp_path / "sheets", found, most=1)
    assert "3 pairs of copies among 6 images; 1 are shown" in written[0].read_text()
    assert Image.open(written[1]).format == "PNG"


def test_an_audit_without_copies_has_sheets_too(tmp_path, source):
    found = audit([replace(source, splits=("test",))])
    assert [path.name for path in write_sheets(tmp_path, found, most=5)] == [
        "pairs.html",
        "pairs.png",
    ]


# -- lists
# ----------------------------------------------------------------------------------------------------------


def test_a_text_list_leaves_images_out(source, tmp_path):
    train = load_split(DESCRIPTION, "train", source.root)
    (tmp_path / "list.txt").write_text("b.png\n\n c.png\r\n")
    kept = leave_out_listed(train, tmp_path / "list.txt", "one")
    assert (kept.image_names, kept.captions) == (("a.png",), ("a field", "a road"))


def test_a_list_of_another_data_set_is_told(source, tmp_path, caplog):
    train = load_split(DESCRIPTION, "train", source.root)
    (tmp_path / "l.csv").write_text("data,image\ntwo,b.png\n")
    assert leave_out_listed(train, tmp_path / "l.csv", "one").num_images == 3
    assert "l.csv names images of two only: nothing of one is left out" in caplog.text
    caplog.clear()
    (tmp_path / "l.csv").write_text("data,split,image\n")
    leave_out_listed(train, tmp_path / "l.csv", "one")
    (tmp_path / "l.csv").write_text("data,split,image\none,val,d.png\n")
    leave_out_listed(train, tmp_path / "l.csv", "one")
    assert "only" not in caplog.text


def test_an_unknown_name_is_an_error(source):
    train = load_split(DESCRIPTION, "train", source.root)
    with pytest.raises(
        DataError, match=r"list line 2: 'x.png' is no image of split train \(1 more\)"
    ):
        leave_out(train, {"a.png": "list line 1", "x.png": "list line 2", "y.png": "list line 3"})


def test_a_list_of_all_images_is_an_error(source):
    train = load_split(DESCRIPTION, "train", source.root)
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


@pytest.mark.shared
def test_the_ceilings_of_ucm(shared_dir):
    module = import_module("harma.curation.audit.audit")
    split = load_split(
        load_description("ucm"), "test", shared_dir / "data" / "ucm", check_files=False
    )
    found = module._ceiling("ucm", split)
    assert [round(value, 1) for value in found.ceilings.values()] == [38.3, 84.8, 100.0]
