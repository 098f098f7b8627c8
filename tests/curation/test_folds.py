"""Folds of a data set: every image judged once, copies in one part."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
import yaml
from PIL import Image

from harma.curation.folds import FOLDS_FILE, split_into_folds, write_folds
from harma.curation.raw import read_raw
from harma.curation.resplit import pooled_images
from harma.data.description import load_description
from harma.errors import ConfigError


@pytest.fixture
def data(root, row, harma):
    """Ten images of two labels, of which 9.png is a copy of 0.png."""
    for i in range(9):
        pixels = np.random.default_rng(i).integers(0, 256, (6, 6, 3), dtype=np.uint8)
        path = root.image(f"{i}.png")
        Image.fromarray(pixels).resize((40, 40), Image.Resampling.BICUBIC).save(path)
    (path.parent / "9.png").write_bytes((path.parent / "0.png").read_bytes())
    rows = [row(f"{i}.png", i, f"caption {i}", label_name="ab"[i % 2]) for i in range(10)]
    root.json("train.json", rows)
    return root, replace(harma, val=(), test=())


@pytest.fixture
def folds(data, tmp_path):
    """Three folds, not written, and where they go."""
    root, described = data
    pool = pooled_images(described, root.path)
    return split_into_folds(pool, described, "harma", tmp_path / "f", num_folds=3), tmp_path / "f"


def splits_of(path):
    """Split → names of images, of each fold that the file names."""
    of_folds = []
    for name in yaml.safe_load(path.read_text())["folds"]:
        described = load_description(path.parent / name)
        folder = (path.parent / name).parent
        names = {}
        for split in described.splits:
            names[split] = {image.name for image in read_raw(described, split, folder).images}
        of_folds.append(names)
    return of_folds


def test_every_image_is_judged_once_and_never_by_a_model_that_knows_it(folds):
    made, directory = folds
    path = write_folds(made, directory)
    assert path == directory / FOLDS_FILE
    assert (made.num_groups, made.num_copies) == (1, 2)
    everything = {f"{i}.png" for i in range(10)}
    of_folds = splits_of(path)
    assert len(of_folds) == 3
    judged = Counter()
    for fold, following in zip(of_folds, [*of_folds[1:], of_folds[0]], strict=True):
        assert fold["val"] == following["test"], "chosen on the part that the next one is judged on"
        assert set.union(*fold.values()) == everything
        assert sum(len(names) for names in fold.values()) == 10
        judged.update(fold["test"])
        # The copy is where its twin is.
        assert [{"0.png", "9.png"} & names for names in fold.values()].count(set()) == 2
    assert set(judged.values()) == {1}
    assert set(judged) == everything


def test_folds_are_not_replaced_unasked(folds):
    made, directory = folds
    (directory / "fold-2").mkdir(parents=True)
    with pytest.raises(ConfigError, match=r"has fold-2 already; name another folder, or overwrite"):
        write_folds(made, directory)
    assert not (directory / "fold-1").exists()
    write_folds(made, directory, overwrite=True)
    assert len(splits_of(directory / FOLDS_FILE)) == 3


def test_what_a_format_does_not_hold_is_known_before(data, tmp_path):
    root, described = data
    pool = pooled_images(described, root.path)
    made = split_into_folds(pool, described, "csv", tmp_path / "f", num_folds=3)
    with pytest.raises(ConfigError, match="format csv does not hold all of it"):
        write_folds(made, tmp_path / "f", lossy=False)
    assert not (tmp_path / "f").exists()
