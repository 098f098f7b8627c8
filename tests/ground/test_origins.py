"""Where errors come from."""

import errno
import json
import os

import pytest

from harma.ground.origins import is_of_machine, passed_through, was_raised_in


def caught(call):
    try:
        call()
    except Exception as error:
        return error
    raise AssertionError


def chained():
    try:
        os.open("/nowhere", os.O_RDONLY)
    except OSError as error:
        error.errno = errno.EMFILE
        raise ValueError("it is damaged") from error


@pytest.mark.parametrize(
    ("error", "is_machine"),
    [
        (OSError(errno.EMFILE, "Too many open files"), True),
        (OSError(errno.ENFILE, "x"), True),
        (OSError(errno.ENOENT, "x"), False),
        (RuntimeError("/a.tif: Too many open files"), True),
        (ValueError("it is damaged"), False),
        (caught(chained), True),
    ],
)
def test_errors_of_the_machine(error, is_machine):
    assert is_of_machine(error) == is_machine


def test_the_package_that_an_error_came_out_of():
    error = caught(lambda: json.loads("{"))
    assert was_raised_in(error, "json")
    assert not was_raised_in(error, "harma")
    assert passed_through(error, ["json", "harma"])
    assert not passed_through(error, ["lancedb"])
    assert not was_raised_in(ValueError(), "json")
