"""Names in judgments: chips by ids, sources by as much of their path as tells them apart."""

import pytest
from tests.evaluation.judging.made import index_of

from harma.errors import ConfigError, DataError, NotFoundError
from harma.evaluation.judging.names import SourceNames, check_by, chips_among, resolved_names

SOURCES = {"a": "/x/one.tif", "b": "/x/two.tif", "c": "/y/two.tif", "d": "s3://z/my two.tif"}


@pytest.fixture
def store(tmp_path):
    return index_of(tmp_path / "index", dict.fromkeys(SOURCES, 0.5), SOURCES).store


def test_chips_among(store):
    assert chips_among(store, {"a", "d", "e"}) == {"a", "d"}
    assert chips_among(store, set()) == set()


@pytest.mark.parametrize(
    ("name", "called"),
    [
        ("/x/one.tif", ["/x/one.tif"]),
        ("one.tif", ["/x/one.tif"]),
        ("./one.tif", ["/x/one.tif"]),
        ("x/one.tif", ["/x/one.tif"]),
        ("x\\one.tif", ["/x/one.tif"]),
        ("two.tif", ["/x/two.tif", "/y/two.tif"]),
        ("y/two.tif", ["/y/two.tif"]),
        ("my two.tif", ["s3://z/my two.tif"]),
        # Only whole parts of a path count.
        ("ne.tif", []),
        ("z/one.tif", []),
        ("one", []),
    ],
)
def test_what_a_name_means(store, name, called):
    assert SourceNames(store).called(name) == called


def test_names_are_resolved(store):
    assert resolved_names(store, ["one.tif", "y/two.tif"], "source") == {
        "one.tif": "/x/one.tif",
        "y/two.tif": "/y/two.tif",
    }
    assert resolved_names(store, ["b"], "chip") == {"b": "b"}


def test_unknown_and_ambiguous_names_are_named_with_their_lines(store):
    names = [f"n{number}" for number in range(7)]
    places = {name: f"line {number}" for number, name in enumerate(names, 2)}
    with pytest.raises(NotFoundError) as raised:
        resolved_names(store, [*names, "a"], "chip", places)
    said = str(raised.value)
    assert said.startswith("7 of 8 judged chips are not in the index")
    assert "'n0' (line 2), 'n1' (line 3), 'n2' (line 4), 'n3' (line 5), 'n4' (line 6), …" in said
    with pytest.raises(DataError, match=r"'two.tif' \(line 9\) may be any of 2 sources, such as"):
        resolved_names(store, ["two.tif"], "source", {"two.tif": "line 9"})


def test_judgments_are_by_chip_or_by_source():
    check_by("source")
    with pytest.raises(ConfigError, match="by is 'scene'"):
        check_by("scene")
