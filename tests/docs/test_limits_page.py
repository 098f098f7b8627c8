"""The page on limits has a row for each, as it is."""

import re
from pathlib import Path

from harma.ground.limits import LIMITS

PAGE = Path(__file__).parents[2] / "docs" / "limits.md"
ROW = re.compile(r"^\| `(HARMA_\w+)` \| ([\d,]+) \| (.+) \|$", re.MULTILINE)


def test_each_limit_has_its_row():
    rows = [
        (name, int(number.replace(",", "")), of)
        for name, number, of in ROW.findall(PAGE.read_text())
    ]
    assert rows == [(limit.variable, limit.usual, limit.of) for limit in LIMITS]
