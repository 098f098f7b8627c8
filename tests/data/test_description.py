import dataclasses
from pathlib import Path

import pytest

from harma.data.description import (
    DataDescription,
    description_yaml,
    folder_of_description,
    load_description,
    shipped_descriptions,
)
from harma.errors import ConfigError, MissingFileError


@pytest.mark.parametrize("name", ["rsitmd", "rsicd", "ucm"])
def test_ships_the_published_data_sets(name):
    description = load_description(name)
    assert description.name == name
    assert description.splits == ("train", "val", "test")
    assert description.files("train") == (f"{name}_train.json",)
    assert description.images == "images"
    assert description.homepage
    assert description.licence


@pytest.mark.parametrize("name", shipped_descriptions())
def test_every_shipped_description_loads_and_says_what_it_is(name):
    assert load_description(name).format == "harma"
    assert shipped_descriptions()[name].read_text().startswith("# ")


def test_reads_a_few_lines(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_text("format: csv\ntrain: [one.csv, two.csv]\nval: val.csv\nimages: .\n")
    description = load_description(path)
    assert description == DataDescription(
        name="mine", format="csv", train=("one.csv", "two.csv"), val=("val.csv",), images="."
    )
    assert load_description(str(path)) == description
    assert description.splits == ("train", "val")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "trian: a.json",
            (
                r"mine.yaml: unknown key trian; allowed are name, format, images, train, val, test,"
                r" title"
            ),
        ),
        ("format: xml", r"format is 'xml'; allowed are harma, karpathy, caps, csv, coco, nwpu"),
        ("- a\n- b", r"holds a list; a description is a mapping"),
        ("", r"holds nothing; a description is a mapping"),
        ("name: 2020", r"name is 2020; it must be text"),
        (
            "train: [a.json, 3]",
            r"train is \['a.json', 3\]; it must be a file name or a list of them",
        ),
        ("train: [a.json, a.json]", r"train lists a.json twice; list each file once"),
        ("name: [", r"mine.yaml is not YAML"),
        ("format: caps\ntrain: words.txt", r"words.txt has no file of image names"),
    ],
)
def test_says_what_is_wrong(tmp_path, text, message):
    path = tmp_path / "mine.yaml"
    path.write_text(text)
    with pytest.raises(ConfigError, match=message):
        load_description(path)


def test_not_utf8(tmp_path):
    path = tmp_path / "mine.yaml"
    path.write_bytes(b"name: \xff\xfe")
    with pytest.raises(ConfigError, match="is not YAML"):
        load_description(path)


def test_unknown_name_and_missing_file(tmp_path):
    with pytest.raises(
        ConfigError,
        match=r"no data set 'rsitdm'; shipped are .*rsicd, rsitmd, ucm, or give the path",
    ):
        load_description("rsitdm")
    with pytest.raises(MissingFileError, match=r"none.yaml is not there"):
        load_description(tmp_path / "none.yaml")


def test_a_split_it_does_not_have():
    description = DataDescription(name="d", train=("a.json",))
    with pytest.raises(ConfigError, match="data set d has no files for split 'val'; it has train"):
        description.files("val")
    with pytest.raises(ConfigError, match="no files for split 'name'"):
        dataclasses.replace(description, train=()).files("name")


def test_a_written_description_is_read_back(tmp_path):
    description = DataDescription(
        name="d", format="csv", train=("a.csv", "b.csv"), val=("v.csv",), title="Küste: «x»"
    )
    text = description_yaml(description)
    assert text == (
        "name: d\nformat: csv\nimages: images\ntrain:\n- a.csv\n- b.csv\nval: v.csv\n"
        "title: 'Küste: «x»'\n"
    )
    (tmp_path / "other.yaml").write_text(text, encoding="utf-8")
    assert load_description(tmp_path / "other.yaml") == description


def test_where_the_files_of_a_data_set_are():
    assert folder_of_description("data/mine.yaml") == Path("data")
    assert folder_of_description("mine.yml") == Path()
    assert folder_of_description("ucm") is None


def test_the_splits_that_are_asked_for():
    description = DataDescription(name="d", train=("a.json",), test=("b.json",))
    assert description.chosen_splits(None) == ("train", "test")
    assert description.chosen_splits(["test"]) == ("test",)
    with pytest.raises(ConfigError, match="data set e names no annotation files; add train"):
        DataDescription(name="e").chosen_splits(None)
