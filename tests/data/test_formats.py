"""Readers of every format: real captions, and any content, which gives problems, no exceptions."""

import io
import json
import shutil
import tarfile

import pandas
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harma.data.annotations import load_split
from harma.data.captions import clean_caption
from harma.data.description import DataDescription
from harma.data.formats import ANNOTATION_READERS
from harma.data.rows import Annotation, Problem
from harma.scenes.picture import read_image

# Words that readers look for, so that what is drawn gets far into them.
WORDS = st.sampled_from(
    [
        *("images", "annotations", "id", "file_name", "filename", "image_id", "caption", "raw"),
        *("raw_1", "split", "train", "sentences", "image", "a.jpg", "../a.jpg", "label"),
        *("\ud800", "x\0", ""),
    ]
)
LEAVES = st.none() | st.booleans() | st.integers(-2, 10**9) | st.floats() | WORDS
VALUES = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WORDS, inner, max_size=5)
)
ANYTHING = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


def check(form, folder, name):
    for split in ("train", "test"):
        for item in ANNOTATION_READERS[form](folder, [name], split):
            assert isinstance(item, Annotation | Problem)
            str(item)


@pytest.mark.parametrize("form", ["harma", "karpathy", "coco", "nwpu"])
@ANYTHING
@given(content=VALUES)
def test_json(form, tmp_path, content):
    (tmp_path / "t.json").write_text(json.dumps(content))
    check(form, tmp_path, "t.json")


@pytest.mark.parametrize("form", sorted(ANNOTATION_READERS))
@ANYTHING
@given(content=st.binary(max_size=300))
def test_bytes(form, tmp_path, content):
    for name in ("t_caps.txt", "t_filename.txt"):
        (tmp_path / name).write_bytes(content)
    check(form, tmp_path, "t_caps.txt")


@ANYTHING
@given(
    header=st.sampled_from(["filepath,title", "image\tcaption", "image;caption", "path|text"]),
    lines=st.lists(st.text("ab,;|\t\"'\n\r \u2028\0", max_size=20), max_size=4),
)
def test_tables(tmp_path, header, lines):
    (tmp_path / "t.csv").write_bytes("\n".join([header, *lines]).encode())
    check("csv", tmp_path, "t.csv")


@ANYTHING
@given(
    files=st.dictionaries(
        st.text("ab./", min_size=1, max_size=6)
        .map(lambda key: f"{key}0")
        .flatmap(lambda key: st.sampled_from([f"{key}.jpg", f"{key}.txt", f"{key}.json", key])),
        st.binary(max_size=20) | VALUES.map(lambda value: json.dumps(value).encode()),
        max_size=5,
    ),
    cut=st.integers(0, 3000),
)
def test_shards(tmp_path, files, cut):
    with tarfile.open(tmp_path / "t.tar", "w") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    content = (tmp_path / "t.tar").read_bytes()
    (tmp_path / f"{cut}.tar").write_bytes(content[: len(content) - cut])
    for name in ("t.tar", f"{cut}.tar"):
        check("webdataset", tmp_path, name)


# -- real captions in every format: the same split comes out


def written(form, rows, folder, images):
    """The files of a split, as tools of that format write them."""
    if form == "karpathy":
        entries = [
            {
                "filename": row["image"],
                "split": "train",
                "sentences": [{"raw": text, "tokens": text.split()} for text in row["caption"]],
            }
            for row in rows
        ]
        return put(folder / "dataset.json", json.dumps({"images": entries}))
    if form == "nwpu":
        by_class = {}
        for row in rows:
            captions = {"raw": row["caption"][0]}
            for number, text in enumerate(row["caption"][1:], start=1):
                captions[f"raw_{number}"] = text
            entry = {"filename": row["image"], "split": "train", **captions}
            by_class.setdefault(row["image"].split("_")[0], []).append(entry)
        return put(folder / "dataset_nwpu.json", json.dumps(by_class))
    if form == "coco":
        listed = [{"id": 9 * at, "file_name": row["image"]} for at, row in enumerate(rows)]
        captions = [
            {"id": 5 * at + number, "image_id": 9 * at, "caption": text}
            for at, row in enumerate(rows)
            for number, text in enumerate(row["caption"])
        ]
        return put(folder / "t.json", json.dumps({"images": listed, "annotations": captions[::-1]}))
    if form == "csv":
        frame = pandas.DataFrame(rows).explode("caption")
        frame = frame.rename(columns={"image": "filepath", "caption": "title"})
        frame.to_csv(folder / "t.csv", sep="\t")
        return ("t.csv",)
    if form == "caps":
        texts = [text for row in rows for text in row["caption"]]
        put(folder / "t_filename.txt", "\n".join(row["image"] for row in rows))
        return put(folder / "t_caps.txt", "\n".join(texts))
    with tarfile.open(folder / "t.tar", "w") as archive:
        for row in rows:
            stem = row["image"].removesuffix(".jpg")
            archive.add(images / row["image"], f"{stem}.jpg")
            facts = json.dumps({"caption": row["caption"]}).encode()
            member = tarfile.TarInfo(f"{stem}.json")
            member.size = len(facts)
            archive.addfile(member, io.BytesIO(facts))
    return ("t.tar",)


def put(path, text):
    path.write_text(text, encoding="utf-8")
    return (path.name,)


@pytest.mark.shared
@pytest.mark.parametrize("form", sorted(ANNOTATION_READERS.keys() - {"harma"}))
def test_real_captions(shared_dir, tmp_path, form):
    folder = shared_dir / "data" / "rsicd"
    rows = json.loads((folder / "rsicd_val.json").read_text())[:120]
    rows = [{"image": row["image"], "caption": row["caption"][:5]} for row in rows]
    # Of names that stand once each has equally many captions.
    rows = [row for row in rows if len(row["caption"]) == 5]
    assert len(rows) > 100
    images = folder / "images"
    if form == "nwpu":
        images = tmp_path / "images"
        for row in rows:
            place = images / row["image"].split("_")[0] / row["image"]
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(folder / "images" / row["image"], place)
    files = written(form, rows, tmp_path, folder / "images")
    options = {} if form == "webdataset" else {"images": images}
    split = load_split(DataDescription("x", form, train=files), "train", tmp_path, **options)
    expected = [(row["image"], [clean_caption(text) for text in row["caption"]]) for row in rows]
    captions = {}
    for caption, image in zip(split.captions, split.caption_to_image, strict=True):
        captions.setdefault(split.images[image].name, []).append(caption)
    order = reversed if form == "coco" else list
    assert {name: list(order(texts)) for name, texts in captions.items()} == dict(expected)
    for path in split.images[::20]:
        alone = read_image(folder / "images" / path.name)
        assert list(read_image(path).getdata()) == list(alone.getdata())
