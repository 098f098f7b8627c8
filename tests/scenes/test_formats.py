"""Suffixes of files."""

import pytest

from harma.scenes.formats import (
    CONTAINERS,
    LEFT_OUT,
    MAYBE,
    SCENE_SUFFIXES,
    WITH_HEADER,
    suffix_of,
)


@pytest.mark.parametrize(
    ("path", "suffix"),
    [
        ("/a/b.TIF", ".tif"),
        ("/a.b/c", ""),
        ("/a/b.tar.gz", ".gz"),
        ("b.Tif", ".tif"),
        ("/a/", ""),
        ("/vsizip/a.zip/b", ""),
    ],
)
def test_the_suffix_of_a_path(path, suffix):
    assert suffix_of(path) == suffix


def test_no_suffix_is_read_and_left_out():
    read = {*SCENE_SUFFIXES, *WITH_HEADER, *CONTAINERS}
    assert read & LEFT_OUT.keys() == set()
    assert set(MAYBE) <= read
    for suffix in (*read, *LEFT_OUT):
        assert suffix == suffix.lower()
        assert suffix.startswith(".")
