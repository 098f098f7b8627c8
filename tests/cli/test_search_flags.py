"""From the flags of `harma search` to the declaration."""

import argparse
from pathlib import Path

import pytest

from harma.cli.search_flags import (
    add_flags,
    example_of,
    page_of,
    query_of,
    where_of,
    without_weight,
)
from harma.index.ask import OVERLAP, Chip, Page, Picture, Text


def parsed(*arguments):
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return parser.parse_args(arguments)


def told(example):
    value = example.image if isinstance(example, Picture) else vars(example)
    return type(example), value, example.weight


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a road", Text("a road")),
        ("a road@0.2", Text("a road", 0.2)),
        ("me@home", Text("me@home")),
        ("chip:0a1b", Chip("0a1b")),
        ("chip:0a1b@2", Chip("0a1b", 2.0)),
        ("photo.PNG@.5", Picture(Path("photo.PNG"), 0.5)),
        ("scene.jp2", Picture(Path("scene.jp2"))),
        ("no file " * 100, Text("no file " * 100)),
    ],
)
def test_examples_as_they_are_written_at_the_terminal(text, expected):
    assert told(example_of(text)) == told(expected)


def test_a_file_that_is_there_is_a_picture_whatever_its_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a road").write_bytes(b"")
    assert told(example_of("a road")) == told(Picture(Path("a road")))


def test_weights_are_left_out_of_titles():
    assert without_weight("a road@0.2") == "a road"
    assert without_weight("a road") == "a road"


def test_flags_become_the_declaration():
    args = parsed(
        *("a harbour", "--image", "chip:0a", "--like", "a quay@2", "--unlike", "a road"),
        *("--bbox", "1,2,3,4", "--near", "4.9,52.4", "--radius", "20", "--within"),
        *("--since", "2015", "--source", "a*", "--source", "b", "--where", "gsd < 1"),
        *("-k", "5", "--offset", "2", "--keep-overlapping", "--exact", "--expand", "off"),
    )
    query = query_of(args)
    assert (query.text, query.image, query.expand) == ("a harbour", None, "off")
    assert query.like == [Chip("0a"), Text("a quay", 2.0)]
    assert query.unlike == [Text("a road")]
    where = where_of(args)
    assert (where.bbox, where.near, where.radius_km) == ((1, 2, 3, 4), (4.9, 52.4), 20.0)
    assert (where.within, where.source, where.where) == (True, ["a*", "b"], "gsd < 1")
    assert (where.date, where.before, where.polygon) == (("2015", None), None, None)
    assert page_of(args) == Page(k=5, offset=2, overlap=None, exact=True)


def test_what_is_not_said_is_the_default():
    args = parsed("a harbour")
    assert page_of(args) == Page()
    assert page_of(args).overlap == OVERLAP
    assert query_of(args).expand == "auto"
    where = where_of(args)
    assert set(vars(where).values()) == {None, False}


def test_an_image_is_a_picture():
    query = query_of(parsed("--image", "a harbour"))
    assert isinstance(query.image, Picture)
    assert query.image.image == Path("a harbour")
    assert query.like == []
    assert query.text is None


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--bbox", "1,2,x"), "'1,2,x' is not a list of numbers such as 4.9,52.4"),
        (("-k", "0"), "'0' is not allowed; give a whole number from 1"),
        (("--offset", "-1"), "give a whole number from 0"),
        (("--expand", "on"), "invalid choice: 'on'"),
        (("--radius", "far"), "invalid float value: 'far'"),
    ],
)
def test_flags_that_cannot_be_read(arguments, message, capsys):
    with pytest.raises(SystemExit):
        parsed(*arguments)
    assert message in capsys.readouterr().err
