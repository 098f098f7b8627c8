"""The rules of breath (CONTRIBUTING): one statement, one thought; held by syntax trees."""

from pathlib import Path

import pytest
from benchmarks import house

import harma

SOURCE = Path(harma.__file__).parent
MODULES = house.read_package(SOURCE)
# Functions that may be over the limit, each with its reason.
COMPLEX: dict[str, str] = {}


def places(rule):
    return [place for module in MODULES for place in rule(module)]


def test_no_function_is_too_complex():
    found = {place.rpartition(" ")[0]: place for place in places(house.too_complex)}
    assert [place for name, place in found.items() if name not in COMPLEX] == []
    assert COMPLEX.keys() <= found.keys(), "an exception that is not needed any more"


def test_conditional_expressions_are_short():
    assert places(house.dense_conditionals) == []


def test_no_comprehension_stands_in_another():
    assert places(house.nested_comprehensions) == []


def test_no_tuple_of_three_is_assigned():
    assert places(lambda module: house.tuple_assignments(module, least=3)) == []


def test_the_formatter_is_never_switched_off():
    assert places(house.switched_off) == []


def test_a_class_name_occurs_once():
    assert house.classes_named_twice(MODULES) == {}


@pytest.mark.parametrize(
    ("figure", "most"),
    [
        ("`Any` per 1,000 lines", 8.0),
        ("characters per code line", 36.0),
        ("conditional expressions per 1,000 code lines", 14.0),
        ("tuple-to-tuple assignments per 1,000 code lines", 4.0),
        ("entries at the package's top", 22),
    ],
)
def test_density(figure, most):
    assert float(house.figures(SOURCE)[figure]) <= most


def test_comments_say_why():
    assert float(house.figures(SOURCE)["comment lines"].split()[0]) >= 3.0


@pytest.mark.parametrize("figure", ["public functions documented", "public functions typed"])
def test_public_functions_are_told(figure):
    assert house.figures(SOURCE)[figure] == "100.0 %"


# -- the rules themselves can fail ----------------------------------------------------------------


def module_of(text):
    return house.Module(Path("made.py"), "made", text)


def test_complexity_counts_conditions_of_every_kind():
    text = """
def f(a, b, c):
    x = 1 if a and b or c else 2          # + 1, and + 1, or + 1
    for item in [i for i in x if i]:      # + 1, comprehension + 1, its if + 1
        while item:                       # + 1
            assert a                      # + 1
    try:
        pass
    except ValueError:                    # + 1
        def inner():
            return 1 if a else 2          # counts for itself
"""
    counts = {name: house.complexity(f) for name, f in module_of(text).functions}
    assert counts == {"f": 10, "f.inner": 2}


@pytest.mark.parametrize(
    ("text", "num"),
    [
        ("x = 1 if a else 2", 0),
        ("x = 1 if a > 3 else 2", 0),
        ("x = 1 if a and b else 2", 1),
        ("x = 1 + a if a else 2", 1),
        ("x = 1 if a else 2 if b else 3", 1),
        ("x = (\n    1\n    if a\n    else 2\n)", 1),
    ],
)
def test_dense_conditionals_are_found(text, num):
    assert len(house.dense_conditionals(module_of(text))) == num


@pytest.mark.parametrize(
    ("text", "num"),
    [("[i for i in x]", 0), ("[i for j in x for i in j]", 1), ("[{j for j in i} for i in x]", 1)],
)
def test_nested_comprehensions_are_found(text, num):
    assert len(house.nested_comprehensions(module_of(text))) == num


def test_figures_of_a_made_package(tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Made."""\n')
    (folder / "low.py").write_text(
        '"""Low."""\n\nfrom typing import Any\n\n'
        "# Why.\nx: Any = 1  # beside code\na, b, c = 1, 2, 3\n"
    )
    (folder / "high.py").write_text('"""High."""\n\nfrom made import low\n\n\nclass C: ...\n')
    figures = house.figures(folder)
    assert figures["`Any` per 1,000 lines"] == f"{1000 / 14:.1f}"
    assert figures["comment lines"] == f"{100 / 14:.1f} %"
    assert figures["entries at the package's top"] == "3"
    assert figures["arrows between rooms; circles"] == "1; 0"
    lengths = [
        len(line)
        for line in (
            "from typing import Any",
            "x: Any = 1  # beside code",
            "a, b, c = 1, 2, 3",
            "from made import low",
            "class C: ...",
        )
    ]
    assert figures["characters per code line"] == f"{sum(lengths) / 5:.1f}"
