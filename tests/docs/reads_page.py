"""The tables of the page "What HarMA reads", row by row."""

import re

from tests.docs.shown import PAGES

PAGE = "docs/reads.md"


def rows_of(section):
    """The rows of the first table of a section, a mapping from the header each."""
    text = PAGES[PAGE].read_text(encoding="utf-8")
    part = re.search(rf"^## {section}\n(.*?)(?=^## |\Z)", text, re.M | re.S)[1]
    lines = [line for line in part.splitlines() if line.startswith("|")]
    header, _, *rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [dict(zip(header, row, strict=True)) for row in rows]
