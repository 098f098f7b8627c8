from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from harma.curation.convert import write_conversion
from harma.curation.raw import read_raw
from harma.curation.resplit import resplit
from harma.curation.splitting import divide
from harma.data.annotations import load_split
from harma.data.description import load_description
from harma.errors import ConfigError, DataError, MissingFileError

RATIOS = (0.8, 0.1, 0.1)


def singles(number):
    return [[i] for i in range(number)]


def test_labels_are_spread_evenly():
    labels = ["a"] * 50 + ["b"] * 20 + ["c"] * 10
    sides = divide(singles(80), labels, RATIOS, seed=0)
    assert Counter(zip(labels, sides, strict=True)) == {
        ("a", "train"): 40,
        ("a", "val"): 5,
        ("a", "test"): 5,
        ("b", "train"): 16,
        ("b", "val"): 2,
        ("b", "test"): 2,
        ("c", "train"): 8,
        ("c", "val"): 1,
        ("c", "test"): 1,
    }


def test_small_labels_do_not_all_round_the_same_way():
    labels = [str(i % 20) for i in range(100)]  # 20 labels of 5: 4, 0.5 and 0.5 of each
    assert Counter(divide(singles(100), labels, RATIOS, seed=3)) == {
        "train": 80,
        "val": 10,
        "test": 10,
    }


@given(st.lists(st.integers(1, 4), min_size=12, max_size=40), st.integers(0, 5))
def test_groups_stay_together(sizes, seed):
    bounds = np.cumsum([0, *sizes])
    groups = [list(range(a, b)) for a, b in pairwise(bounds)]
    sides = divide(groups, [None] * int(bounds[-1]), (0.5, 0.25, 0.25), seed)
    assert all(len({sides[i] for i in group}) == 1 for group in groups)
    assert abs(sides.count("train") / len(sides) - 0.5) < 4 / len(sides) + 1e-9


def test_the_seed_decides():
    labels = [None] * 60
    first, again, other = (divide(singles(60), labels, RATIOS, seed) for seed in (1, 1, 2))
    assert first == again != other


def test_a_split_may_be_left_out():
    assert set(divide(singles(10), [None] * 10, (0.5, 0.0, 0.5), 0)) == {"train", "test"}


@pytest.mark.parametrize(
    "ratios",
    [(0.8, 0.1), (0.9, 0.2, -0.1), (0.5, 0.1, 0.1), (0, 0.5, 0.5), (float("nan"), 0.5, 0.5)],
)
def test_unusable_ratios_are_refused(ratios):
    with pytest.raises(ConfigError, match="sum to 1"):
        divide(singles(10), [None] * 10, ratios, 0)


def test_a_negative_seed_is_refused():
    with pytest.raises(ConfigError, match="seed is -1; it must be 0 or more"):
        divide(singles(10), [None] * 10, RATIOS, -1)


def test_an_empty_split_is_an_error():
    with pytest.raises(ConfigError, match="leave val, test empty"):
        divide([[0, 1, 2]], [None] * 3, RATIOS, 0)


# -- with files
# --------------------------------------------------------------------------------------------------------


@pytest.fixture
def data(root, row, harma):
    """Train with 18 images of 2 labels, test with 2; image t0 is 0.png upside down, t1 the same file as 1.png."""
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
