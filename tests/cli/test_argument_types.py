"""Numbers of command lines."""

from argparse import ArgumentTypeError

import pytest

from harma.cli.argument_types import (
    count,
    floats,
    given_name,
    index_home,
    local_directory,
    local_file,
    output_directory,
    output_file,
    positive,
    state_place,
    thread_count,
    worker_count,
)


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        (positive, "1", 1),
        (positive, "+12", 12),
        (count, "0", 0),
        (count, "-0", 0),
        (floats, "1,2.5,-3e2", (1.0, 2.5, -300.0)),
        (floats, "7", (7.0,)),
        (worker_count, "0", 0),
        (thread_count, "1024", 1024),
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
        # A number of thousands of digits is none that Python reads.
        (positive, "9" * 5000, "give a whole number from 1"),
        (count, "²", "'²' is not allowed"),
        (worker_count, "1" + "0" * 18, "give a whole number from 0 to 1,024"),
        (worker_count, "1025", "give a whole number from 0 to 1,024"),
        (thread_count, "0", "give a whole number from 1 to 1,024"),
        (state_place, "\udcff", r"'\\udcff' is no name of UTF-8 text"),
        (floats, "1,,2", "'1,,2' is not a list of numbers such as 4.9,52.4"),
        (floats, "a", "is not a list of numbers"),
    ],
)
def test_what_is_no_such_number(kind, text, message):
    with pytest.raises(ArgumentTypeError, match=message):
        kind(text)


@pytest.mark.parametrize("text", ["", " ", "\t\n"])
@pytest.mark.parametrize(
    "kind",
    [given_name, index_home, local_file, local_directory, output_file, output_directory],
)
def test_an_empty_name_is_not_the_folder_one_is_in(kind, text):
    with pytest.raises(ArgumentTypeError, match="is no name; is a variable of the shell not set"):
        kind(text)
