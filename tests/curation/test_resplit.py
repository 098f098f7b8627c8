"""New splits of a data set with files."""

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from harma.curation.convert import write_conversion
from harma.curation.raw import read_raw
from harma.curation.resplit import resplit
from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.errors import DataError, MissingFileError


@pytest.fixture
def data(root, row, harma):
    """Train with 18 images of 2 labels, test with 2.

    Image t0 is 0.png upside down, t1 the same file as 1.png.
    """
    for i in range(18):
        pixels = np.random.default_rng(i).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        path = root.image(f"{i}.png")
        Image.fromarray(pixels).resize((40, 40), Image.Resampling.BICUBIC).save(path)
    (path.parent / "t1.png").write_bytes((path.parent / "1.png").read_bytes())
    Image.open(path.parent / "0.png").transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(
        path.parent / "t0.png"
    )
    root.json(
        "train.json",
        [row(f"{i}.png", i, f"Caption, {i}!", label_name="ab"[i % 2]) for i in range(18)],
    )
    root.json(
        "test.json",
        [
            {"image": f"t{i}.png", "caption": ["x", "y"], "label_name": "ab"[i], "image_id": i}
            for i in range(2)
        ],
    )
    return root, replace(harma, val=())


def test_copies_lie_on_one_side_and_nothing_is_lost(data, tmp_path):
    root, described = data
    for seed in range(3):
        made = resplit(
            described, root.path, "harma", tmp_path / "s", ratios=(0.6, 0.2, 0.2), seed=seed
        )
        write_conversion(made.conversion, tmp_path / "s", overwrite=True)
        new = load_description(tmp_path / "s" / "data.yaml")
        side = {
            image.name: split
            for split in new.splits
            for image in read_raw(new, split, tmp_path / "s").images
        }
        assert side["0.png"] == side["t0.png"]
        assert side["1.png"] == side["t1.png"]
        assert (made.num_groups, made.num_copies) == (2, 4)
        assert len(side) == 20
        captions = [
            c
            for split in new.splits
            for i in read_raw(new, split, tmp_path / "s").images
            for c in i.captions
        ]
        assert sorted(captions) == sorted([f"Caption, {i}!" for i in range(18)] + ["x", "y"] * 2)
        assert sum(sum(counts) for counts in made.labels.values()) == 20
    assert load_split(new, "train", tmp_path / "s").images[0].is_file()


def test_only_equal_files_bind_where_near_ones_are_not_asked_for(data, tmp_path):
    root, described = data
    assert resplit(described, root.path, "csv", tmp_path, near=False).num_copies == 2


def test_a_missing_image_and_a_malformed_row_are_named(data, tmp_path):
    root, described = data
    (root.path / "images" / "3.png").unlink()
    with pytest.raises(
        MissingFileError, match=r"1 of 20 images are not there, the first is .*3\.png"
    ):
        resplit(described, root.path, "harma", tmp_path)
    root.json("test.json", [{"image": "t0.png"}])
    with pytest.raises(DataError, match=r"test\.json row 0: caption"):
        resplit(described, root.path, "harma", tmp_path)


def test_keys_that_are_lost_are_named(data, tmp_path):
    root, described = data
    root.json("test.json", [{"image": f"t{i}.png", "caption": ["x"], "mask": 1} for i in range(2)])
    made = resplit(described, root.path, "harma", tmp_path, near=False)
    assert made.conversion.lost == ("keys that no format of HarMA has: mask",)


def test_labels_are_counted_by_split_and_ids_given_anew(data, tmp_path):
    root, described = data
    made = resplit(described, root.path, "harma", tmp_path / "s", ratios=(0.6, 0.2, 0.2), seed=1)
    write_conversion(made.conversion, tmp_path / "s")
    new = load_description(tmp_path / "s" / "data.yaml")
    for index, split in enumerate(("train", "val", "test")):
        images = read_raw(new, split, tmp_path / "s").images
        assert [image.image_id for image in images] == list(range(len(images)))
        for label, counts in made.labels.items():
            assert sum(image.label_name == label for image in images) == counts[index]
    assert list(made.labels) == ["a", "b"]
