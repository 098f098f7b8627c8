"""The 30 cases of ../shared/cases, one test each; `python tests/cases/run.py` prints them."""

import shutil

import pytest
from tests.cases import run

NUMBERS = range(1, 31)
# Cases that start other processes.
SLOW = (13, 15, 29, 30)


def marked(number):
    marks = [pytest.mark.slow] if number in SLOW else []
    return pytest.param(number, marks=marks, id=f"{number:02}")


@pytest.fixture(scope="module")
def check(shared_dir):
    module = run.load()
    yield module
    shutil.rmtree(module.WORK, ignore_errors=True)


@pytest.mark.shared
@pytest.mark.parametrize("number", [marked(number) for number in NUMBERS])
def test_case(check, number):
    right, came_out = getattr(check, f"c{number:02}")()
    assert right, came_out
