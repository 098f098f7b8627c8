"""Numbers of command lines."""

from argparse import ArgumentTypeError

import pytest

from harma.cli.argument_types import count, floats, positive


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (positive, "1", 1),
        (positive, "+12", 12),
        (count, "0", 0),
        (count, "-0", 0),
        (floats, "1,2.5,-3e2", (1.0, 2.5, -300.0)),
        (floats, "7", (7.0,)),
    ],
)
def test_numbers(kind, text, value):
    assert kind(text) == value


@pytest.mark.parametrize(
    ("kind", "text", "message"),
    [
        (positive, "0", "'0' is not allowed; give a whole number from 1"),
        (positive, "-1", "give a whole number from 1"),
        (count, "-1", "'-1' is not allowed; give a whole number from 0"),
        (count, "1.0", "give a whole number from 0"),
        (count, "", "give a whole number from 0"),
        (count, "many", "give a whole number from 0"),
        (floats, "1,,2", "'1,,2' is not a list of numbers such as 4.9,52.4"),
        (floats, "a", "is not a list of numbers"),
    ],
)
def test_what_is_no_such_number(kind, text, message):
    with pytest.raises(ArgumentTypeError, match=message):
        kind(text)
