"""Indexes of a server: single ones, groups, and parts that are opened once."""

import pytest

from harma.serve.group import ServedGroup
from harma.serve.served_indexes import ServedIndexes
from harma.serve.settings import ServeSettings


@pytest.fixture
def places(tmp_path):
    """Directories; nothing is opened."""
    names = ("a", "b", "x/a", "Ä b")
    return [tmp_path / name for name in names]


def test_single_ones_are_parts_too(places):
    a, b, other, odd = places
    made = ServedIndexes(
        ServeSettings(
            indexes={"a": a, "again": a, "other": other},
            groups={"both": (b, a), "all": (a, b, other, odd)},
            state="somewhere",
            is_read_only=True,
        )
    )
    assert list(made.indexes) == ["both", "all", "a", "again", "other"]
    both, whole = made.indexes["both"], made.indexes["all"]
    assert isinstance(both, ServedGroup)
    assert [part.id for part in both.parts] == ["b", "a"]
    assert [part.id for part in whole.parts] == ["a", "b", "other", "b-2"]
    assert both.parts[1] is made.indexes["a"] is whole.parts[0]
    assert made.parts == [both.parts[0], whole.parts[3]]
    assert {index.kept_in for index in made.indexes.values()} == {"somewhere"}
    assert all(index.only_reads for index in made.indexes.values())


def test_a_link_is_the_directory_that_it_leads_to(places, tmp_path):
    a, b = places[:2]
    a.mkdir()
    (tmp_path / "link").symlink_to(a)
    made = ServedIndexes(ServeSettings(indexes={"x": a}, groups={"g": (b, tmp_path / "link")}))
    assert made.indexes["g"].parts[1] is made.indexes["x"]
