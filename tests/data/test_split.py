from pathlib import Path

import numpy as np
import pytest

from harma.data.split import Split
from harma.errors import DataError

ROOT = Path("/data/images")


def make(**changes):
    values = {
        "name": "val",
        "images": (ROOT / "a.png", ROOT / "sub/b.png", ROOT / "c.png"),
        "captions": ("one", "two", "three", "four"),
        "caption_to_image": np.array([0, 2, 1, 0]),
        "labels": np.array([5, 6, 7]),
        "image_sources": ("val.json row 0", "val.json row 1", "val.json row 2"),
        "image_root": ROOT,
    }
    return Split(**{**values, **changes})


def test_counts_and_names():
    split = make()
    assert (split.num_images, split.num_captions) == (3, 4)
    assert split.image_names == ("a.png", "sub/b.png", "c.png")
    assert make(image_root=None).image_names == ("a.png", "b.png", "c.png")


def test_fingerprint_depends_on_content_alone():
    split = make()
    moved = make(
        images=tuple(Path("/elsewhere") / name for name in split.image_names),
        image_root=Path("/elsewhere"),
    )
    assert moved.fingerprint() == split.fingerprint()
    assert len(split.fingerprint()) == 64
    others = [
        make(captions=("one", "two", "three", "five")),
        make(caption_to_image=np.array([0, 2, 1, 1])),
        make(images=(ROOT / "x.png", ROOT / "sub/b.png", ROOT / "c.png")),
    ]
    assert len({split.fingerprint(), *(other.fingerprint() for other in others)}) == 4


def test_subset_keeps_order_and_captions():
    part = make().subset([2, 0])
    assert part.image_names == ("c.png", "a.png")
    assert part.captions == ("one", "two", "four")
    assert part.caption_to_image.tolist() == [1, 0, 1]
    assert part.labels.tolist() == [7, 5]
    assert part.image_sources == ("val.json row 2", "val.json row 0")
    assert make().subset([]).num_captions == 0


def test_subset_refuses_bad_indices():
    with pytest.raises(DataError, match=r"image index 3 does not exist, allowed are 0 to 2"):
        make().subset([0, 3])
    with pytest.raises(DataError, match=r"image index -1 does not exist, allowed are 0 to 2"):
        make().subset([-1])
    with pytest.raises(DataError, match="comes twice"):
        make().subset([0, 0])


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"caption_to_image": np.array([0, 1])}, r"shape \(2,\), 4 captions need \(4,\)"),
        (
            {"caption_to_image": np.array([0, 1, 3, 0])},
            r"values from 0 to 3, 3 images allow 0 to 2",
        ),
        ({"caption_to_image": np.array([0, 1, -1, 0])}, r"values from -1 to 1"),
        ({"labels": np.array([1])}, r"labels have shape \(1,\), 3 images need \(3,\)"),
    ],
)
def test_refuses_what_does_not_fit(change, message):
    with pytest.raises(DataError, match=message):
        make(**change)


def test_a_subset_keeps_what_is_not_of_single_images():
    part = make(label_names=("a", "b"), dropped=("one",)).subset(np.array([1]))
    assert (part.name, part.label_names, part.dropped) == ("val", ("a", "b"), ("one",))
    assert part.image_root == ROOT
    plain = make(labels=None, image_sources=()).subset([1, 2])
    assert (plain.labels, plain.image_sources) == (None, ())


def test_a_split_may_be_empty():
    split = make(
        images=(),
        captions=(),
        caption_to_image=np.zeros(0, np.int64),
        labels=np.zeros(0, np.int64),
        image_sources=(),
    )
    assert split.size == (0, 0)
    with pytest.raises(DataError, match="0 images allow 0 to -1"):
        make(images=(), captions=("x",), caption_to_image=np.array([0]), labels=None)
