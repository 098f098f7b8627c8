"""Readers of every format on files of any content: problems, never exceptions."""

import io
import json
import tarfile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harma.data.formats import ANNOTATION_READERS
from harma.data.rows import Annotation, Problem

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
