import logging
from dataclasses import replace

import numpy as np
import pytest

from harma.data.annotations import load_split, read_split
from harma.data.description import DataDescription, load_description
from harma.data.labels import number_labels
from harma.data.rows import Annotation, RowPlace
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


# -- what contradicts itself


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            [("a.png", 1), ("b.png", 1)],
            "image_id 1 names 'b.png' here, but 'a.png' in train.json row 0",
        ),
        (
            [("a.png", 1), ("./a.png", 2)],
            "image 'a.png' has image_id 2 here, but 1 in train.json row 0",
        ),
    ],
)
def test_contradicting_ids(small, harma, row, rows, message):
    small.json("train.json", [row(image, image_id, "x") for image, image_id in rows])
    with pytest.raises(DataError) as error:
        load_split(harma, "train", small.path)
    assert str(error.value) == f"train.json row 1: {message}"


def test_contradicting_labels(small, harma, row):
    small.json(
        "train.json",
        [row("a.png", 1, "x", label_name="port"), row("a.png", 1, "y", label_name="pier")],
    )
    with pytest.raises(
        DataError,
        match="row 1: image 'a.png' has label_name 'pier' here, but 'port' in train.json row 0",
    ):
        load_split(harma, "train", small.path)


def test_an_image_in_two_rows(small, harma):
    small.json(
        "val.json", [{"image": "c.png", "caption": ["x"]}, {"image": "c.png", "caption": ["y"]}]
    )
    with pytest.raises(
        DataError,
        match="val.json row 1: image 'c.png' is in val.json row 0 too; give an image one row",
    ):
        load_split(harma, "val", small.path)


@pytest.mark.parametrize("name", ["../secret.png", "/etc/passwd", "sub/../../x.png", ".", "sub/.."])
def test_images_stay_in_the_image_folder(small, harma, name):
    small.json("val.json", [{"image": name, "caption": ["x"]}])
    with pytest.raises(
        DataError,
        match=r"val.json row 0: image '.*' does not lie in the image folder .*images; name a",
    ):
        load_split(harma, "val", small.path)


def test_absolute_paths_within_the_image_folder(small, harma):
    small.json("val.json", [{"image": str(small.path / "images/c.png"), "caption": ["x"]}])
    assert load_split(harma, "val", small.path).image_names == ("c.png",)
    assert load_split(harma, "val", small.path, images="/").image_names[0].endswith("images/c.png")


# -- captions


def test_empty_captions_are_an_error(small, harma, row):
    small.json("train.json", [row("a.png", 1, "x"), row("a.png", 1, " . "), row("b.png", 2, ".")])
    with pytest.raises(DataError) as error:
        load_split(harma, "train", small.path)
    assert (
        str(error.value)
        == "train.json row 1: caption ' . ' is empty after cleaning; correct it, or drop such"
        " captions with empty_captions: drop (1 more; `harma data check` lists them all)"
    )


def test_empty_captions_can_be_dropped(small, harma, row):
    small.json("train.json", [row("a.png", 1, "x"), row("a.png", 1, "."), row("b.png", 2, ".")])
    split = load_split(harma, "train", small.path, empty_captions="drop")
    assert (split.image_names, split.captions) == (("a.png",), ("x",))
    assert split.dropped == (
        "train.json row 1: caption '.' is empty after cleaning",
        "train.json row 2: caption '.' is empty after cleaning",
        "train.json row 2: image 'b.png' has no caption left",
    )


def test_images_without_captions(small, harma):
    small.json(
        "val.json", [{"image": "c.png", "caption": []}, {"image": "d.png", "caption": ["x"]}]
    )
    with pytest.raises(
        DataError, match="val.json row 0: image 'c.png' has no caption; give it one, or drop"
    ):
        load_split(harma, "val", small.path)
    split = load_split(harma, "val", small.path, empty_captions="drop")
    assert split.image_names == ("d.png",)
    assert split.dropped == ("val.json row 0: image 'c.png' has no caption left",)


def test_nothing_left(small, harma):
    small.json("val.json", [{"image": "c.png", "caption": ["."]}])
    with pytest.raises(DataError, match="val.json: no image of split val has a caption"):
        load_split(harma, "val", small.path, empty_captions="drop")
    description = DataDescription(name="k", format="karpathy", test=("d.json",))
    small.json(
        "d.json", {"images": [{"split": "train", "filename": "a.png", "sentences": [{"raw": "x"}]}]}
    )
    with pytest.raises(DataError, match="d.json: no image of split test has a caption"):
        load_split(description, "test", small.path)


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


def test_reading_keeps_images_of_faulty_rows(small, harma, row):
    small.json(
        "train.json", [row("a.png", 1, None), row("b.png", 2, "x"), {"caption": "x", "image_id": 3}]
    )
    reading = read_split(harma, "train", small.path)
    assert [str(place) for place in reading.places.values()] == [
        "train.json row 0",
        "train.json row 1",
    ]
    assert [problem.row for problem in reading.problems] == ["row 0", "row 2"]
    assert reading.split.image_names == ("b.png",)


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


# -- labels


def labelled(*labels):
    return [
        Annotation(RowPlace("t.json", f"row {i}"), f"{i}.png", ("x",), label=n, label_name=s)
        for i, (n, s) in enumerate(labels)
    ]


@pytest.mark.parametrize(
    ("given", "labels", "names"),
    [
        ([(3, "port"), (1, "lake"), (3, "port")], [3, 1, 3], ("", "lake", "", "port")),
        ([(None, "port"), (None, "lake")], [1, 0], ("lake", "port")),
        ([(0, "port"), (0, "lake")], [1, 0], ("lake", "port")),
        ([(0, "port"), (1, "port"), (2, "lake")], [1, 1, 0], ("lake", "port")),
        ([(0, "port"), (None, "lake")], [1, 0], ("lake", "port")),
        ([(2, None), (0, "port")], [2, 0], ("0", "1", "2")),
    ],
)
def test_numbering_labels(given, labels, names):
    numbers, found = number_labels(labelled(*given))
    assert (numbers.tolist(), found) == (labels, names)
    assert numbers.dtype == np.int64


def test_labels_of_some_images_are_none(caplog):
    with caplog.at_level(logging.WARNING, "harma"):
        assert number_labels(labelled((1, None), (None, "port"))) == (None, ())
    assert "only some images of t.json have labels: none are used" in caplog.text
    caplog.clear()
    assert number_labels(labelled((None, None))) == (None, ())
    assert number_labels([]) == (None, ())
    assert not caplog.records


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
