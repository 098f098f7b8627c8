import json
from dataclasses import replace

from tests.curation.audit.conftest import write_picture

from harma.curation.audit.audit import Audit, AuditedImage, AuditedSet, audit
from harma.curation.audit.exclusion import exclusions, write_exclusions
from harma.data.description import DataDescription
from harma.data.exclusion import read_exclusions


def names(excluded):
    return [(item.image.split, item.image.name, item.copy_of.name) for item in excluded]


def test_copies_across_splits_are_left_out_of_the_one_that_is_learned_from(source):
    excluded = exclusions(audit([source]))
    assert names(excluded) == [("train", "a.png", "d.png"), ("train", "b.png", "e.png")]


def one_group(*parts):
    images = tuple(
        AuditedImage(data, split, f"{i}.png", None) for i, (data, split) in enumerate(parts)
    )
    return Audit(images, (), (tuple(range(len(images))),), (), (), True)


def test_test_stays_before_val_before_train_of_whatever_data_set():
    found = one_group(("a", "train"), ("b", "val"), ("a", "val"), ("b", "test"))
    assert names(exclusions(found)) == [
        ("val", "1.png", "3.png"),
        ("val", "2.png", "3.png"),
        ("train", "0.png", "3.png"),
    ]
    # Without test the val images stay, both of them; within thins them out, and the first stays.
    found = one_group(("a", "train"), ("b", "val"), ("a", "val"))
    assert names(exclusions(found)) == [("train", "0.png", "1.png")]
    assert names(exclusions(found, within=True)) == [
        ("val", "2.png", "1.png"),
        ("train", "0.png", "1.png"),
    ]


def test_across_data_sets_a_test_image_of_one_leaves_train_of_the_other(source, tmp_path):
    other = tmp_path / "two"
    write_picture(other / "images" / "x.png", 1)
    write_picture(other / "images" / "y.png", 9)
    rows = [
        {"image": "x.png", "caption": "a wood", "image_id": 0},
        {"image": "y.png", "caption": "a pond", "image_id": 1},
    ]
    (other / "train.json").write_text(json.dumps(rows))
    two = AuditedSet(DataDescription(name="two", train=("train.json",)), other)
    left_out = exclusions(audit([source, two]))
    assert ("train", "x.png", "e.png") in names(left_out)
    paths = write_exclusions(tmp_path / "out", ["one", "two"], left_out)
    assert [path.name for path in paths] == ["exclude_one.csv", "exclude_two.csv"]
    assert list(read_exclusions(paths[1], data="two", split="train")) == ["x.png"]
    assert read_exclusions(paths[1], data="two", split="val") == {}


def test_a_list_is_written_where_nothing_is_to_be_left_out(tmp_path):
    (path,) = write_exclusions(tmp_path, ["one"], [])
    assert path.read_text() == "data,split,image,copy_of\n"


def test_within_thins_out_copies_of_one_kind_of_split(source):
    write_picture(source.root / "images" / "c.png", 0)
    found = audit([replace(source, splits=("train",))])
    assert exclusions(found) == ()
    assert names(exclusions(found, within=True)) == [("train", "c.png", "a.png")]
