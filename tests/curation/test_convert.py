import json
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harma.curation.convert import Conversion, convert, prepare, write_conversion
from harma.curation.raw import RawImage, read_raw
from harma.curation.writers import WRITERS, losses, unwritable
from harma.data.annotations import load_split
from harma.data.description import DataDescription, load_description
from harma.errors import ConfigError, DataError

DESCRIBED = DataDescription(name="x", title="Ein Titel: «x»", licence="none")

text = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
captions = st.lists(
    text | st.sampled_from(['a "b", c', "", "\n", "a\r\nb", "\ufeffx", "- d", "x\r", "\x00"]),
    min_size=1,
    max_size=3,
)
odd = st.sampled_from(
    [
        "a b.jpg",
        'q"u,o.jpg',
        "ä/ö.tif",
        "日本.png",
        "-x.jpg",
        "#.jpg",
        "a\nb.jpg",
        "'.jpg",
        "a\rb.png",
    ]
)
part = st.text(
    st.sampled_from(string.ascii_letters + string.digits + " ._-,'\"é雪"), min_size=1, max_size=8
)
names = odd | part.map(lambda name: f"d/{name.strip() or 'x'}x.jpg")


@st.composite
def splits(draw):
    """Splits of images, all names different, at least one caption with a word in each split."""
    result = {}
    for split in draw(st.lists(st.sampled_from(["train", "val", "test"]), min_size=1, unique=True)):
        found = draw(st.lists(names, min_size=1, max_size=4, unique=True))
        labelled = draw(st.booleans())
        images = [
            RawImage(
                name,
                tuple(draw(captions)),
                draw(st.just(number)) if draw(st.booleans()) else None,
                draw(st.none() | st.integers(0, 50)),
                draw(text) if labelled else None,
            )
            for number, name in enumerate(found)
        ]
        images[0] = replace(images[0], captions=(*images[0].captions, "a word"))
        result[split] = tuple(images)
    return result


def read_back(made: Conversion, directory: Path, split: str) -> tuple[RawImage, ...]:
    return read_raw(made.description, split, directory).images


@pytest.mark.parametrize("form", WRITERS)
@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(data=splits())
def test_what_is_written_is_read_back(tmp_path_factory, form, data):
    directory = tmp_path_factory.mktemp("c")
    # Of what a format has no place for there is a message; the rest must come back as it was.
    if unwritable(form, data):
        with pytest.raises(DataError, match="rename it"):
            prepare(data, form, directory, directory / "images", DESCRIBED)
        return
    made = prepare(data, form, directory, directory / "images", DESCRIBED)
    write_conversion(made, directory)
    described = load_description(directory / "data.yaml")
    assert described == made.description
    for split, images in data.items():
        back = read_back(made, directory, split)
        assert [image.name for image in back] == [image.name for image in images]
        if not losses(form, data):
            ids = (
                any(image.image_id is not None for image in images)
                or form != "harma"
                or split != "train"
            )
            assert back == (
                images
                if ids
                else tuple(replace(image, image_id=n) for n, image in enumerate(images))
            )
        elif not any("line breaks" in loss for loss in losses(form, data)):
            assert [image.captions for image in back] == [image.captions for image in images]


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


def test_karpathys_own_fields_are_written(small, harma, tmp_path):
    content = json.loads(
        convert(harma, small.path, "karpathy", tmp_path).files["dataset_small.json"]
    )
    assert content["dataset"] == "small"
    assert content["images"][2]["sentids"] == [3, 4]
    assert content["images"][2]["sentences"][1] == {
        "raw": "A bridge!",
        "tokens": ["a", "bridge!"],
        "imgid": 2,
        "sentid": 4,
    }


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


def test_keys_of_sentences_and_restval_are_lost(root, tmp_path):
    entry = {
        "filename": "a.png",
        "split": "restval",
        "sentences": [{"raw": "x", "tokens": ["x"], "mood": 1}],
    }
    root.json("d.json", {"images": [entry]})
    described = DataDescription(name="k", format="karpathy", train=("d.json",))
    made = convert(described, root.path, "karpathy", tmp_path)
    assert made.lost == (
        "keys that no format of HarMA has: sentences.mood, split restval (read as train)",
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


def test_what_no_format_has_is_named_whatever_the_file(root, tmp_path):
    entry = {"filename": "a.png", "filepath": "f", "split": "train", "sentences": ["a b"]}
    root.json("d.json", {"images": [entry], "dataset": "d", "info": {}})
    karpathy = convert(
        DataDescription(name="k", format="karpathy", train=("d.json",)),
        root.path,
        "karpathy",
        tmp_path,
    )
    assert karpathy.lost == ("keys that no format of HarMA has: info (of the file)",)
    assert '"filename": "f/a.png"' in karpathy.files["dataset_k.json"]
    root.text("d.csv", "\ufefffilename, title ,source,label_name\r\na.png,x,usgs,sea\r\n")
    rows = convert(
        DataDescription(name="c", format="csv", train=("d.csv",)), root.path, "csv", tmp_path
    )
    assert rows.lost == ("keys that no format of HarMA has: column source",)


def test_nothing_is_overwritten_unasked(small, harma, tmp_path):
    made = convert(harma, small.path, "csv", tmp_path / "o")
    write_conversion(made, tmp_path / "o")
    with pytest.raises(
        ConfigError, match=r"has train\.csv, val\.csv, test\.csv, data\.yaml already"
    ):
        write_conversion(made, tmp_path / "o")
    write_conversion(made, tmp_path / "o", overwrite=True)


@pytest.mark.parametrize(
    ("form", "file", "content", "message"),
    [
        (
            "harma",
            "t.json",
            '[{"image": "a.png", "caption": "x"}, {"image": "b.png"}]',
            "row 1: caption is missing",
        ),
        ("harma", "t.json", '[{"image": "a.png",]', "t.json: is not JSON"),
        (
            "karpathy",
            "t.json",
            '{"images": [{"filename": "a.png", "split": "train"}]}',
            "row 0: sentences is missing",
        ),
        (
            "karpathy",
            "t.json",
            '{"images": [{"filename": "a.png", "split": "train", "sentences": [], "label": -1}]}',
            "t.json row 0: label is -1",
        ),
        ("csv", "t.csv", "filename,title\na.png,x\nb.png,y,z\n", "t.csv line 3: has 3 fields"),
        (
            "csv",
            "t.csv",
            "filename,title,title\na.png,x,y\n",
            "t.csv line 1: has the column title 2 times; leave one",
        ),
        (
            "csv",
            "t.csv",
            b"filename,title\na.png,x\nb.png,caf\xe9\n",
            "t.csv line 3: is not UTF-8 text",
        ),
        ("caps", "t_caps.txt", "x\ny\n", "t_caps.txt: has 2 lines, t_filename.txt has 1"),
    ],
)
def test_a_malformed_file_names_the_row(root, tmp_path, form, file, content, message):
    (root.path / file).write_bytes(content if isinstance(content, bytes) else content.encode())
    root.text("t_filename.txt", "a.png\n")
    with pytest.raises(DataError, match=message):
        convert(DataDescription(name="x", format=form, train=(file,)), root.path, "harma", tmp_path)


def test_an_unknown_format_and_an_empty_description_are_refused(small, harma, tmp_path):
    with pytest.raises(ConfigError, match="allowed are harma, karpathy, caps, csv"):
        convert(harma, small.path, "xml", tmp_path)
    with pytest.raises(ConfigError, match="names no annotation files"):
        convert(DataDescription(name="x"), small.path, "csv", tmp_path)
