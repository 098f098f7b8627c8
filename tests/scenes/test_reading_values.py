"""How scenes are read, as plain values."""

import json

import pytest

from harma.errors import ConfigError, DataError
from harma.scenes.ranges import KindRange
from harma.scenes.reading import Reading
from harma.scenes.reading_values import as_trained, reading_of_values, reading_values
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import parse_stretch

A = KindRange("a", Stretch((0.0,), (9.0,)))
OTHER_A = KindRange("a", Stretch((5.0,), (6.0,)))
B = KindRange("b", Stretch((1.0,) * 3, (2.5,) * 3))


@pytest.mark.parametrize(
    "reading",
    [
        Reading(),
        Reading(ranges=(A, B), bands=(3, 2, 1)),
        Reading(stretch=parse_stretch("0,1,0,2,0,3"), nodata=0.0),
        Reading(stretch=parse_stretch("archive:1,99,each"), bands="sentinel-2"),
        Reading(stretch=parse_stretch("scene:2,98,joint"), crs="EPSG:4326", height=3.5),
    ],
)
def test_values_go_through_json(reading):
    assert reading_of_values(json.loads(json.dumps(reading_values(reading)))) == reading


def test_the_ranges_of_the_training_images_count():
    trained = reading_values(Reading(ranges=(A,)))
    assert as_trained(Reading(ranges=(OTHER_A, B)), trained).ranges == (A, B)
    assert as_trained(Reading(ranges=(OTHER_A,)), None).ranges == (OTHER_A,)


def test_the_rule_of_the_training_images_counts_where_nothing_is_said():
    trained = reading_values(Reading(stretch=parse_stretch("0,3000")))
    assert str(as_trained(Reading(), trained).stretch) == "fixed:0,3000"
    said = Reading(stretch=parse_stretch("scene:2,98"))
    assert as_trained(said, trained).stretch == said.stretch


@pytest.mark.parametrize("values", [{}, {"bands": "auto", "stretch": "bright"}, {"bands": 3}, 7])
def test_damaged_values_are_named(values):
    with pytest.raises(DataError, match="what the model says of its training images is damaged"):
        as_trained(Reading(), values)


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("nodata", [1], r"nodata is \[1\]; it must be a number"),
        ("nodata", "9", "nodata is '9'; it must be a number"),
        ("nodata", True, "nodata is True"),
        ("height", {}, "height is {}; it must be a number"),
        ("crs", 4326, "crs is 4326; it must be a text"),
        ("date_from", [], r"date_from is \[\]; it must be a text"),
        ("bands", [3, 2, None], r"bands is \[3, 2, None\]; they must be whole numbers from 1"),
        ("bands", [0], "whole numbers from 1"),
    ],
)
def test_values_of_another_kind(name, value, message):
    with pytest.raises(ConfigError, match=message):
        reading_of_values({**reading_values(Reading()), name: value})


@pytest.mark.parametrize(
    ("kind", "low", "high", "level", "message"),
    [
        (1, [0], [9], 0, "the kind of a range is 1"),
        ("a", [0, 1], [9], 0, "other numbers of low and high values"),
        ("a", ["0"], [9], 0, "a value of a range is '0'"),
        ("a", [None], [9], 0, "a value of a range is 'nothing'"),
        ("a", [0], [9], [], r"a value of a range is \[\]"),
    ],
)
def test_ranges_of_another_kind(kind, low, high, level, message):
    known = {"kind": kind, "stretch": {"low": low, "high": high}, "level": level}
    with pytest.raises(ConfigError, match=message):
        reading_of_values({**reading_values(Reading()), "ranges": [known]})
