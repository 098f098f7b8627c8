import logging
from dataclasses import replace

import numpy as np
import pytest

from harma.data.annotations import load_split
from harma.data.description import DataDescription, load_description
from harma.errors import ConfigError, DataError, MissingFileError


def test_groups_captions_by_image(small, harma):
    split = load_split(harma, "train", small.path)
    assert split.image_names == ("a.png", "b.png")
    assert split.images == (small.path / "images/a.png", small.path / "images/b.png")
    assert split.captions == ("a river", "a wide river", "two houses")
    assert split.caption_to_image.tolist() == [0, 0, 1]
    assert split.image_sources == ("train.json row 0", "train.json row 1")
    assert (split.labels, split.label_names, split.dropped) == (None, (), ())


def test_a_row_per_image(small, harma):
    split = load_split(harma, "val", small.path, max_words=1)
    assert split.captions == ("a", "a")
    assert split.caption_to_image.dtype == np.int64


def test_paths_may_be_relative(small, harma, monkeypatch):
    monkeypatch.chdir(small.path)
    assert load_split(harma, "val", ".").images == (small.path / "images/c.png",)
    assert (
        load_split(harma, "val", ".", images="images").fingerprint()
        == load_split(harma, "val", small.path).fingerprint()
    )


def test_another_image_root(small, harma):
    (small.path / "images").rename(small.path / "pictures")
    assert load_split(harma, "val", small.path, images=small.path / "pictures").image_names == (
        "c.png",
    )
    assert load_split(replace(harma, images="pictures"), "val", small.path).image_names == (
        "c.png",
    )


def test_several_files_may_use_the_same_ids(small, harma, row):
    small.json("more.json", [row("c.png", 7, "third"), row("d.png", 3, "fourth")])
    split = load_split(replace(harma, train=("train.json", "more.json")), "train", small.path)
    assert split.image_names == ("a.png", "b.png", "c.png", "d.png")
    assert split.caption_to_image.tolist() == [0, 0, 1, 2, 3]


def test_an_image_of_two_files_is_two_images_and_is_told(small, harma, row, caplog):
    small.json("sub/train.json", [row("./a.png", 0, "again")])
    with caplog.at_level(logging.WARNING, "harma"):
        split = load_split(
            replace(harma, train=("train.json", "sub/train.json")), "train", small.path
        )
    assert split.image_names == ("a.png", "b.png", "a.png")
    (record,) = caplog.records
    assert "sub/train.json row 0: image" in record.getMessage()
    assert "is in train.json row 0 too; it counts as two images" in record.getMessage()


# -- files and options


def test_missing_images_are_named_and_counted(small, harma, row):
    small.json("train.json", [row(f"{i}.png", i, "x") for i in range(7)] + [row("a.png", 9, "x")])
    with pytest.raises(MissingFileError) as error:
        load_split(harma, "train", small.path)
    assert str(error.value).startswith(
        f"7 of 8 train images are not in {small.path}/images: 0.png (train.json row 0), "
    )
    assert "4.png (train.json row 4), …; give the folder" in str(error.value)
    assert load_split(harma, "train", small.path, check_files=False).num_images == 8


def test_missing_annotations_and_root(small, harma):
    (small.path / "val.json").unlink()
    with pytest.raises(
        MissingFileError,
        match=r"the val annotations of small are not at .*val.json; get the data from h",
    ):
        load_split(replace(harma, homepage="https://example.org"), "val", small.path)
    with pytest.raises(
        MissingFileError, match=r"the data root .*nowhere is not a folder; it must hold val.json"
    ):
        load_split(harma, "val", small.path / "nowhere")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"empty_captions": "skip"}, "empty_captions is 'skip'; allowed are error, drop"),
        ({"max_words": 0}, "max_words is 0; it must be 1 or more"),
    ],
)
def test_bad_options(small, harma, options, message):
    with pytest.raises(ConfigError, match=message):
        load_split(harma, "val", small.path, **options)


@pytest.mark.parametrize("kind", ["karpathy", "caps", "csv"])
def test_other_formats_give_the_same_split(small, harma, kind):
    expected = load_split(harma, "train", small.path)
    small.json(
        "d.json",
        {
            "images": [
                {
                    "split": "train",
                    "filename": "a.png",
                    "sentences": [{"raw": "A river."}, {"raw": "A wide river"}],
                },
                {"split": "restval", "filename": "b.png", "sentences": [{"raw": "Two houses"}]},
            ]
        },
    )
    small.text("t_caps.txt", "A river.\nTwo houses\nA wide river\n")
    small.text("t_filename.txt", "a.png\nb.png\na.png\n")
    small.text("t.csv", "filename,title\na.png,A river.\nb.png,Two houses\na.png,A wide river\n")
    files = {"karpathy": ("d.json",), "caps": ("t_caps.txt", "t_filename.txt"), "csv": ("t.csv",)}[
        kind
    ]
    split = load_split(DataDescription(name="other", format=kind, train=files), "train", small.path)
    assert split.fingerprint() == expected.fingerprint()


# -- the real data


@pytest.mark.shared
@pytest.mark.parametrize(
    ("split", "images", "captions"),
    [("train", 1680, 8400), ("val", 210, 1050), ("test", 210, 1050)],
)
def test_ucm(shared_dir, split, images, captions):
    found = load_split(load_description("ucm"), split, shared_dir / "data/ucm")
    assert (found.num_images, found.num_captions, len(found.label_names)) == (images, captions, 21)


@pytest.mark.shared
def test_rsicd_captions_without_words(shared_dir):
    rsicd = load_description("rsicd")
    with pytest.raises(
        DataError, match=r"rsicd_train.json row 4690: caption '.' is empty after cleaning.*\(2 more"
    ):
        load_split(rsicd, "train", shared_dir / "data/rsicd")
    split = load_split(
        rsicd, "train", shared_dir / "data/rsicd", empty_captions="drop", check_files=False
    )
    assert (split.num_images, split.num_captions) == (6473, 32362)
    assert [message.split(":")[0] for message in split.dropped] == [
        f"rsicd_train.json row {row}" for row in (4690, 5157, 18407)
    ]


@pytest.mark.parametrize(("missing", "ends"), [(5, ", 4.png (train.json row 4);"), (6, ", …;")])
def test_five_missing_images_are_named(small, harma, row, missing, ends):
    small.json("train.json", [row(f"{i}.png", i, "x") for i in range(missing)])
    with pytest.raises(MissingFileError) as error:
        load_split(harma, "train", small.path)
    assert ends in str(error.value)
    assert str(error.value).count(".png (") == 5


@pytest.mark.parametrize("dropped", [1, 5, 6, 8])
def test_five_dropped_captions_are_named_and_the_rest_is_counted(
    small, harma, row, caplog, dropped
):
    rows = [row("a.png", 1, "."), *[row("a.png", 1, "x")], *[row("a.png", 1, ".")] * (dropped - 1)]
    small.json("train.json", rows)
    with caplog.at_level(logging.DEBUG, "harma"):
        load_split(harma, "train", small.path, empty_captions="drop")
    at_info = [record.getMessage() for record in caplog.records if record.levelname == "INFO"]
    at_debug = [record.getMessage() for record in caplog.records if record.levelname == "DEBUG"]
    assert sum(" row " in message for message in at_info) == min(dropped, 5)
    assert [message.split(";")[0] for message in at_info if " more " in message] == (
        [f"dropped: {dropped - 5} more captions"] if dropped > 5 else []
    )
    assert len(at_debug) == max(0, dropped - 5)


def test_one_problem_has_no_more(small, harma, row):
    small.json("train.json", [row("a.png", 1, "x"), "text"])
    with pytest.raises(DataError) as error:
        load_split(harma, "train", small.path)
    assert "more" not in str(error.value)
    small.json("train.json", [row("a.png", 1, "x"), "text", "text"])
    with pytest.raises(DataError, match=r"\(1 more; `harma data check` lists them all\)$"):
        load_split(harma, "train", small.path)
