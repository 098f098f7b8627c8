from dataclasses import replace
from pathlib import Path

import pytest

from harma.curation.convert import Conversion, convert, merge, renumbered, write_conversion
from harma.curation.raw import RawImage, read_raw
from harma.data.annotations import load_split
from harma.data.description import DataDescription, load_description
from harma.errors import ConfigError, DataError


def read_back(made: Conversion, directory: Path, split: str) -> tuple[RawImage, ...]:
    return read_raw(made.description, split, directory).images


@pytest.mark.parametrize("middle", ["karpathy", "caps", "csv"])
def test_there_and_back_is_the_same_data_set(small, harma, tmp_path, middle):
    made = convert(harma, small.path, middle, tmp_path / "m")
    write_conversion(made, tmp_path / "m")
    back = convert(
        load_description(tmp_path / "m" / "data.yaml"), tmp_path / "m", "harma", tmp_path / "b"
    )
    write_conversion(back, tmp_path / "b")
    for split in ("train", "val", "test"):
        first, second = (
            load_split(described, split, root)
            for described, root in (
                (harma, small.path),
                (load_description(tmp_path / "b" / "data.yaml"), tmp_path / "b"),
            )
        )
        assert (first.image_names, first.captions) == (second.image_names, second.captions)
        assert first.images == second.images


def test_rows_of_one_image_come_together_and_stay_as_they_are(small, harma, tmp_path):
    made = convert(harma, small.path, "csv", tmp_path / "c")
    assert (
        made.files["train.csv"]
        == "filename,title\r\na.png,A river.\r\na.png,A wide river\r\nb.png,Two houses\r\n"
    )
    assert made.sizes == {"train": (2, 3), "val": (1, 2), "test": (1, 1)}
    assert made.lost == ("image ids: 2, the first of 'a.png'",)


def test_labels_pass_through_karpathys_form(root, row, harma, tmp_path):
    root.json("train.json", [row("a.png", 4, "x", label=2, label_name="Bärenfeld")])
    only = replace(harma, val=(), test=())
    write_conversion(convert(only, root.path, "karpathy", tmp_path / "k"), tmp_path / "k")
    back = read_raw(load_description(tmp_path / "k" / "data.yaml"), "train", tmp_path / "k")
    assert back.images == (RawImage("a.png", ("x",), 4, 2, "Bärenfeld"),)


def test_what_is_lost_is_said(root, harma, tmp_path):
    root.json(
        "test.json",
        [
            {"image": "a.png", "caption": ["x\ny"], "label": 1, "label_name": "l", "mask": 3},
            {"image": "b.png", "caption": []},
        ],
    )
    only = replace(harma, train=(), val=())
    assert convert(only, root.path, "caps", tmp_path).lost == (
        "keys that no format of HarMA has: mask",
        "images without captions: 1, the first of 'b.png'",
        "numbers of labels: 1, the first of 'a.png'",
        "names of labels: 1, the first of 'a.png'",
        "line breaks in captions (they become spaces), of images: 1, the first of 'a.png'",
    )
    assert convert(only, root.path, "harma", tmp_path).lost == (
        "keys that no format of HarMA has: mask",
    )


def test_images_of_several_files_become_one(root, row, harma, tmp_path):
    root.json("train.json", [row("a.png", 1, "x")])
    root.json("more.json", [row("a.png", 1, "y")])
    both = replace(harma, train=("train.json", "more.json"), val=(), test=())
    made = convert(both, root.path, "csv", tmp_path)
    assert made.files["train.csv"] == "filename,title\r\na.png,x\r\na.png,y\r\n"
    assert (
        made.lost[0]
        == "train: 1 images that several files name become one each, the first is 'a.png'"
    )


@pytest.mark.parametrize("form", ["harma", "karpathy"])
def test_equal_ids_of_several_files_are_given_anew(root, row, harma, tmp_path, form):
    root.json("train.json", [row("a.png", 1, "x"), row("b.png", 5, "x")])
    root.json("more.json", [row("c.png", 1, "y")])
    both = replace(harma, train=("train.json", "more.json"), val=(), test=())
    made = convert(both, root.path, form, tmp_path / "o")
    assert made.lost == ("train: image ids, which are given anew, as several files use the same",)
    write_conversion(made, tmp_path / "o")
    assert [(image.name, image.image_id) for image in read_back(made, tmp_path / "o", "train")] == [
        ("a.png", 0),
        ("b.png", 1),
        ("c.png", 2),
    ]
    root.json("more.json", [row("c.png", 2, "y")])
    kept = convert(both, root.path, form, tmp_path / "p")
    assert kept.lost == ()
    write_conversion(kept, tmp_path / "p")
    assert [image.image_id for image in read_back(kept, tmp_path / "p", "train")] == [1, 5, 2]


def test_a_label_that_only_the_second_file_has_is_kept(root, harma, tmp_path):
    root.json(
        "train.json",
        [{"image": "a.png", "caption": "x", "label": 3}, {"image": "b.png", "caption": "x"}],
    )
    root.json(
        "more.json",
        [
            {"image": name, "caption": "y", "image_id": i, "label_name": "sea"}
            for i, name in enumerate(("a.png", "b.png"))
        ],
    )
    both = replace(harma, train=("train.json", "more.json"), val=(), test=())
    made = convert(both, root.path, "karpathy", tmp_path)
    write_conversion(made, tmp_path)
    # The number of one file and the name of another need not mean the same class.
    assert read_back(made, tmp_path, "train") == (
        RawImage("a.png", ("x", "y"), 0, 3, None),
        RawImage("b.png", ("x", "y"), 1, None, "sea"),
    )


def test_nothing_is_written_where_something_would_be_lost_unasked(small, harma, tmp_path):
    made = convert(harma, small.path, "csv", tmp_path / "o")
    with pytest.raises(
        ConfigError,
        match=r"format csv does not hold all of it \(image ids: 2, the first of 'a.png'\); nothing",
    ):
        write_conversion(made, tmp_path / "o", lossy=False)
    assert not (tmp_path / "o").exists()
    whole = convert(harma, small.path, "karpathy", tmp_path / "o")
    assert write_conversion(whole, tmp_path / "o", lossy=False).is_file()


def test_nothing_is_overwritten_unasked(small, harma, tmp_path):
    made = convert(harma, small.path, "csv", tmp_path / "o")
    write_conversion(made, tmp_path / "o")
    for name in ("train.csv", "data.yaml"):
        (tmp_path / "o" / name).write_text("by a person")
    (tmp_path / "o" / "val.csv").unlink()
    (tmp_path / "o" / "val.csv").mkdir()
    with pytest.raises(ConfigError, match=r"has train\.csv, val\.csv, data\.yaml already"):
        write_conversion(made, tmp_path / "o")
    (tmp_path / "o" / "val.csv").rmdir()
    assert not (tmp_path / "o" / "val.csv").exists()
    write_conversion(made, tmp_path / "o", overwrite=True)
    assert (tmp_path / "o" / "val.csv").is_file()


@pytest.mark.parametrize("num_written", range(5))
def test_an_interrupted_conversion_goes_on(small, harma, tmp_path, num_written):
    made = convert(harma, small.path, "csv", tmp_path / "o")
    write_conversion(made, tmp_path / "o")
    whole = {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()}
    for name in list(whole)[num_written:]:
        (tmp_path / "o" / name).unlink()
    write_conversion(made, tmp_path / "o")
    assert {path.name: path.read_bytes() for path in (tmp_path / "o").iterdir()} == whole


def test_an_unknown_format_and_an_empty_description_are_refused(small, harma, tmp_path):
    with pytest.raises(ConfigError, match="allowed are harma, karpathy, caps, csv"):
        convert(harma, small.path, "xml", tmp_path)
    with pytest.raises(ConfigError, match="names no annotation files"):
        convert(DataDescription(name="x"), small.path, "csv", tmp_path)


def test_names_without_a_place_in_a_format_are_counted(root, row, harma, tmp_path):
    only = replace(harma, val=(), test=())
    root.json("train.json", [row(" a.png", 1, "x")])
    with pytest.raises(DataError, match=r"spaces around them; rename it, or take format harma"):
        convert(only, root.path, "csv", tmp_path)
    root.json("train.json", [row(" a.png", 1, "x"), row(" b.png", 2, "x"), row(" c.png", 3, "x")])
    with pytest.raises(DataError, match=r"spaces around them \(2 more\); rename it"):
        convert(only, root.path, "csv", tmp_path)


def test_ids_stay_none_where_no_image_has_one_and_begin_at_0():
    images = (RawImage("a", ("x",)), RawImage("b", ("y",)))
    assert renumbered(images) == images
    with_one = (images[0], replace(images[1], image_id=9))
    assert [image.image_id for image in renumbered(with_one)] == [0, 1]


def test_an_id_of_0_is_an_id():
    first, second = RawImage("a", ("x",), 0), RawImage("./a", ("y",), 7, 2)
    assert merge([first, second]) == (RawImage("a", ("x", "y"), 0, 2),)


def test_equal_ids_are_nothing_to_a_format_without_ids(root, row, harma, tmp_path):
    root.json("train.json", [row("a.png", 1, "x")])
    root.json("more.json", [row("c.png", 1, "y")])
    both = replace(harma, train=("train.json", "more.json"), val=(), test=())
    made = convert(both, root.path, "csv", tmp_path)
    assert made.lost == ("image ids: 2, the first of 'a.png'",)
