"""The tables of dates on the page "What HarMA reads": each row as it is read."""

import re

import pytest
from tests.docs.reads_page import PAGE
from tests.docs.shown import PAGES

from harma.scenes.date_pattern import find_by_pattern
from harma.scenes.dates import parse_period, period_in_name


def rows(num_cells):
    """The rows of the section "Dates" that have so many cells, without the header."""
    text = PAGES[PAGE].read_text(encoding="utf-8")
    section = re.search(r"^## Dates\n(.*?)(?=^## )", text, re.M | re.S)[1]
    lines = [line for line in section.splitlines() if line.startswith("| `")]
    cells = [[cell.strip().strip("`") for cell in line[1:-1].split("|")] for line in lines]
    return [row for row in cells if len(row) == num_cells and not row[0].startswith("--")]


def wanted(text):
    return parse_period(text, "the page") if text else None


@pytest.mark.parametrize(("name", "taken"), rows(2))
def test_names(name, taken):
    assert period_in_name(name) == wanted(taken)


@pytest.mark.parametrize(("pattern", "path", "taken"), rows(3))
def test_patterns(pattern, path, taken):
    assert find_by_pattern(pattern, path)[1] == wanted(taken)


def test_there_are_rows():
    assert len(rows(2)) > 20
    assert len(rows(3)) > 3
