"""What is written is read back, whatever the format."""

import json
import string
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harma.curation.convert import Conversion, convert, prepare, write_conversion
from harma.curation.raw import RawImage, read_raw
from harma.curation.writers import (
    ANNOTATION_WRITERS,
    LONGEST_FIELD,
    harma_files,
    losses,
    unwritable,
)
from harma.data.description import DataDescription, load_description
from harma.errors import DataError

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


@pytest.mark.parametrize("form", ANNOTATION_WRITERS)
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


def image(name="a.png", captions=("x",), **more):
    return RawImage(name, captions, **more)


def test_train_has_a_row_per_caption_where_every_image_has_one():
    rows = json.loads(harma_files({"train": [image(captions=("x", "y"))]}, "n")["train.json"])
    assert rows == [
        {"caption": "x", "image": "a.png", "image_id": 0},
        {"caption": "y", "image": "a.png", "image_id": 0},
    ]
    split = [image(captions=("x",)), image("b.png", ())]
    rows = json.loads(harma_files({"train": split}, "n")["train.json"])
    assert [row["caption"] for row in rows] == [["x"], []]


def test_ids_are_given_only_where_no_image_has_one():
    split = [image(), image("b.png", image_id=7)]
    rows = json.loads(harma_files({"train": split}, "n")["train.json"])
    assert [row.get("image_id") for row in rows] == [None, 7]


@pytest.mark.parametrize(
    ("form", "raw", "why"),
    [
        ("csv", image(" a.png"), "format csv has no names with spaces around them"),
        ("caps", image("a.png "), "format caps has no names with spaces around them"),
        ("caps", image("a\nb.png"), "format caps has no names with line breaks"),
        ("csv", image("a\nb.png"), None),
        ("csv", image(captions=()), None),
        ("csv", image(captions=("x" * LONGEST_FIELD,)), None),
        ("csv", image(captions=("y", "x" * (LONGEST_FIELD + 1))), "longer than 131,072 characters"),
        ("caps", image(captions=("x" * (LONGEST_FIELD + 1),)), None),
        ("harma", image(" a.png"), None),
        ("karpathy", image("a\n.png"), None),
    ],
)
def test_what_a_format_has_no_place_for(form, raw, why):
    messages = unwritable(form, {"val": [image("ok.png"), raw]})
    if why is None:
        assert messages == []
    else:
        assert len(messages) == 1
        assert messages[0].startswith(f"val image {raw.name!r}: ")
        assert why in messages[0]


def test_labels_that_are_empty_do_not_come_back_from_csv():
    assert losses("csv", {"val": [image(label_name="")]}) == [
        "names of labels that are empty: 1, the first of 'a.png'"
    ]
    assert losses("csv", {"val": [image(label_name="sea")]}) == []
    assert losses("harma", {"val": [image(label_name="", image_id=1)]}) == []
