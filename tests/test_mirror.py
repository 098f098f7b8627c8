"""Tests mirror the package: what tests a module is found by the module's name."""

from pathlib import Path

import pytest
from benchmarks.house import read_package

import harma

TESTS = Path(__file__).parent
# A module of fewer lines of code may be tested by those that use it.
SMALL = 60
# Module → the file that tests it under another name, and why.
ELSEWHERE = {
    "harma": ("test_init.py", "the package's own name would say nothing"),
    **dict.fromkeys(
        ("harma.index.store.reads", "harma.index.store.source_reads"),
        ("index/test_contract.py", "every store is held to one contract there"),
    ),
}


def expected(name):
    """The test file of a module; that of a package stands inside its folder."""
    parts = name.split(".")[1:]
    inside = TESTS.joinpath(*parts, f"test_{parts[-1]}.py")
    if inside.is_file():
        return inside
    return TESTS.joinpath(*parts[:-1], f"test_{parts[-1]}.py")


def large_modules():
    modules = read_package(Path(harma.__file__).parent)
    return [module.name for module in modules if len(module.code_lines) > SMALL]


@pytest.mark.parametrize("name", [name for name in large_modules() if name not in ELSEWHERE])
def test_every_module_has_tests_of_its_name(name):
    assert expected(name).is_file(), f"write tests/{expected(name).relative_to(TESTS)}"


@pytest.mark.parametrize("name", ELSEWHERE)
def test_what_is_tested_elsewhere_is_tested_there(name):
    file, reason = ELSEWHERE[name]
    assert (TESTS / file).is_file()
    assert reason
    if name != "harma":
        assert not expected(name).is_file(), f"{name} has a file of its own; leave it out here"
