"""What a person says of the stretch."""

import pytest

from harma.errors import ConfigError
from harma.scenes.stretch import Stretch
from harma.scenes.stretch_rule import AUTO_RULE, StretchRule, parse_stretch


@pytest.mark.parametrize(
    ("said", "rule"),
    [
        ("auto", AUTO_RULE),
        ("0,3000", StretchRule("fixed", (0.0, 3000.0))),
        (" -25, 0 ", StretchRule("fixed", (-25.0, 0.0))),
        ("0,1", StretchRule("fixed", (0.0, 1.0))),
        ("1,2,3,4,5,6e3", StretchRule("fixed", (1.0, 2.0, 3.0, 4.0, 5.0, 6000.0))),
        ("fixed:2,98", StretchRule("fixed", (2.0, 98.0))),
        ((0, 3000), StretchRule("fixed", (0.0, 3000.0))),
        ([0, 1, 0, 2, 0, 3], StretchRule("fixed", (0.0, 1.0, 0.0, 2.0, 0.0, 3.0))),
        ("archive", StretchRule("archive", (0.5, 99.5))),
        ("archive:1,99", StretchRule("archive", (1.0, 99.0))),
        ("ARCHIVE:1,99,each", StretchRule("archive", (1.0, 99.0), each=True)),
        ("archive:joint", StretchRule("archive", (0.5, 99.5))),
        ("scene", StretchRule("scene", (2.0, 98.0), each=True)),
        ("scene:2,98", StretchRule("scene", (2.0, 98.0), each=True)),
        ("scene:0,100,joint", StretchRule("scene", (0.0, 100.0))),
        (StretchRule("scene", (1.0, 2.0)), StretchRule("scene", (1.0, 2.0))),
    ],
)
def test_what_can_be_said(said, rule):
    assert parse_stretch(said) == rule
    assert parse_stretch(str(rule)) == rule, "what is written down is read again"


@pytest.mark.parametrize("pair", ["2,98", "1,99", "0,100", "0.5,99.5", [2, 98]])
def test_two_numbers_that_were_percentiles_are_asked_about(pair):
    with pytest.raises(ConfigError, match=r"if percentiles are meant, say archive:.* or scene:"):
        parse_stretch(pair)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ("", "allowed are auto, two values such as 0,3000"),
        ("bright", "allowed are auto"),
        ("0", "allowed are auto"),
        ("0,1,2", "allowed are auto"),
        ([1, 2, 3, 4], "allowed are auto"),
        ("0,nan", "allowed are auto"),
        ("0,inf", "allowed are auto"),
        ("3000,0", "the first value must be the lower"),
        ("0,1,5,5,0,1", "the first value must be the lower"),
        ("archive:98,2", "give two numbers from 0 to 100 in order"),
        ("archive:-1,98", "give two numbers from 0 to 100 in order"),
        ("scene:2,2", "give two numbers from 0 to 100 in order"),
        ("scene:2,100.5", "give two numbers from 0 to 100 in order"),
        ("scene:nan,5", "give two numbers from 0 to 100 in order"),
        ("scene:1,2,3", "give two numbers from 0 to 100 in order"),
        ("archive:a,b", "allowed are auto"),
        ("fixed:", "allowed are auto"),
    ],
)
def test_what_cannot(said, message):
    with pytest.raises(ConfigError, match=message):
        parse_stretch(said)


def test_fixed_values_of_bands():
    assert StretchRule("fixed", (0.0, 9.0)).fixed(1) == Stretch((0.0,), (9.0,))
    assert StretchRule("fixed", (0.0, 9.0)).fixed(3) == Stretch((0.0,) * 3, (9.0,) * 3)
    of_each = StretchRule("fixed", (1.0, 2.0, 3.0, 4.0, 5.0, 6.0))
    assert of_each.fixed(3) == Stretch((1.0, 3.0, 5.0), (2.0, 4.0, 6.0))
    with pytest.raises(ConfigError, match="ranges of 3 bands, and 1 is shown; give two values"):
        of_each.fixed(1)


def test_percentiles_of_a_rule():
    assert AUTO_RULE.percentiles == (0.5, 99.5)
    assert parse_stretch("scene").percentiles == (2.0, 98.0)
