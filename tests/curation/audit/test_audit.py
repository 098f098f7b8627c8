from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from harma.curation.audit.audit import (
    Audit,
    AuditedImage,
    AuditedSet,
    audit,
    ceiling_of,
    shared_captions,
)
from harma.curation.audit.copies import Copy
from harma.data.annotations import load_split
from harma.data.description import DataDescription, load_description
from harma.data.split import Split
from harma.errors import ConfigError


def test_copies_across_splits(source):
    found = audit([source])
    pairs = [(*found.pair(copy), copy.kind) for copy in found.copies]
    assert [(first.name, second.name, kind) for first, second, kind in pairs] == [
        ("a.png", "d.png", "file"),
        ("b.png", "e.png", "file"),
    ]
    assert not any(found.is_within(copy) for copy in found.copies)
    assert found.groups == ((0, 3), (1, 4))
    assert str(found.images[4]) == "one test e.png"


def of_images(*splits, groups):
    images = tuple(AuditedImage("x", split, f"{i}.png", None) for i, split in enumerate(splits))
    return Audit(images, (), groups, (), (), True)


def test_what_counts_as_a_copy_across_splits():
    assert of_images("train", "test", groups=((0, 1),)).has_copies_across_splits
    assert not of_images("train", "train", "test", groups=((0, 1),)).has_copies_across_splits
    # Among several groups the last one counts too.
    mixed = of_images("val", "val", "val", "test", groups=((0, 1), (2, 3)))
    assert mixed.has_copies_across_splits


def test_captions_and_ceilings(source):
    found = audit([source])
    # a, b and e are images 0, 1 and 4.
    assert [(caption.text, caption.images) for caption in found.captions] == [
        ("a field", (0, 1, 4))
    ]
    train = found.ceilings[0]
    # Of "a field" twice, one of two is first at best: 3 of 4 captions.
    assert (train.num_captions, train.num_distinct, train.ceilings["t2i_R@1"]) == (4, 3, 75.0)
    assert train.ceilings["t2i_R@5"] == 100.0


def test_two_data_sets_of_one_name_are_refused(source):
    with pytest.raises(ConfigError, match="two data sets are called one"):
        audit([source, source])


def test_a_description_without_files_is_refused(tmp_path):
    with pytest.raises(ConfigError, match="names no annotation files"):
        audit([AuditedSet(DataDescription(name="none"), tmp_path)])


def test_near_copies_can_be_left_alone(source):
    assert audit([source]).looks_at_near
    exact = audit([replace(source, splits=("train",))], near=False)
    assert (exact.looks_at_near, len(exact.images)) == (False, 3)


@pytest.mark.shared
def test_the_ceilings_of_ucm(shared_dir):
    root = shared_dir / "data" / "ucm"
    split = load_split(load_description("ucm"), "test", root, check_files=False)
    ceiling = ceiling_of("ucm", split)
    assert [round(value, 1) for value in ceiling.ceilings.values()] == [38.3, 84.8, 100.0]


def test_names_that_come_twice_are_told_in_order(tmp_path):
    names = ["e", "b", "x", "d", "a", "c"]
    sets = [AuditedSet(DataDescription(name=name), tmp_path) for name in [*names, *"abcde"]]
    with pytest.raises(ConfigError, match="two data sets are called a, b, c, d, e; give each"):
        audit(sets)


def test_shared_captions_most_images_first_then_by_the_alphabet():
    def split(name, *owned):
        texts = [text for text, _ in owned]
        owners = np.array([image for _, image in owned])
        images = tuple(Path(f"{i}.png") for i in range(3))
        return Split(name, images, tuple(texts), owners)

    first = split("train", ("b", 0), ("b", 1), ("a", 0), ("a", 2), ("one", 1), ("one", 1))
    second = split("val", ("z", 0), ("z", 1), ("z", 2), ("a", 1), ("c", 0))
    assert [(shared.text, shared.images) for shared in shared_captions([first, second])] == [
        ("a", (0, 2, 4)),
        ("z", (3, 4, 5)),
        ("b", (0, 1)),
    ]


def test_copies_within_a_split_of_one_data_set():
    images = tuple(
        AuditedImage(data, split, "a.png", None)
        for data, split in (("x", "train"), ("x", "train"), ("y", "train"), ("x", "test"))
    )
    found = Audit(images, (), (), (), (), True)
    within = [found.is_within(Copy(0, second, "file")) for second in (1, 2, 3)]
    assert within == [True, False, False]
