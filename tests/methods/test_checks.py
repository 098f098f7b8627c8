"""Checks of options, by worked examples at the ends of their ranges."""

import pytest

from harma.errors import ConfigError
from harma.methods.checks import check_count, check_number


@pytest.mark.parametrize("value", [1, 2, 10**6])
def test_counts_are_whole_numbers_from_1(value):
    check_count("n", value)


@pytest.mark.parametrize("value", [0, -1, 1.0, True, "1", None])
def test_what_is_no_count_is_named(value):
    with pytest.raises(ConfigError, match=f"n is {value!r}; it must be a whole number from 1"):
        check_count("n", value)


@pytest.mark.parametrize("value", [0, 0.0, 0.3, 1, 1.0])
def test_both_ends_of_a_range_are_allowed(value):
    check_number("share", value, 0, 1)


@pytest.mark.parametrize("value", [-0.01, 1.01, True, "0.5", None, float("nan")])
def test_what_is_outside_a_range_is_named(value):
    with pytest.raises(ConfigError, match=f"share is {value!r}; it must be a number from 0 to 1"):
        check_number("share", value, 0, 1)
