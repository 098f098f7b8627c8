"""Places, said to a person: sources without one, and chips that do not lie on the Earth."""

import re
from collections.abc import Collection, Mapping, Sequence

from harma.index.records import SourceRecord
from harma.scenes.unplaced import UNPLACED

# What `placed_by` of scenes speaks of.
KINDS = ("control points", "rational polynomial coefficients", "a stated reference system")
ERROR = re.compile(r"([\d.]+) pixels$")


def off_earth_line(num_chips: Mapping[str, int]) -> str:
    """Chips left out because they do not lie on the Earth.

    Args:
        num_chips: source → chips of it; not empty.
    """
    total = sum(num_chips.values())
    return f"{total:,} chips left out: they do not lie on the Earth ({_such_as(num_chips)})"


def unplaced_line(reason: str, sources: Collection[str]) -> str:
    """Sources whose coordinates are no place.

    Args:
        reason: a key of `harma.scenes.unplaced.UNPLACED`.
        sources: their names; not empty.
    """
    return f"{len(sources):,} sources have {UNPLACED[reason]} ({_such_as(sources)})"


def places_said(sources: Sequence[SourceRecord]) -> dict[str, str]:
    """What `index info` says of places, beside the number of chips that have one.

    Args:
        sources: records of an index.
    """
    facts: dict[str, str] = {}
    by_words = _by_words(sources)
    if by_words:
        facts["placed by"] = "; ".join(by_words)
    without: list[str] = []
    for reason in UNPLACED:
        names = [record.source for record in sources if record.placed_by == reason]
        if names:
            without.append(unplaced_line(reason, names))
    if without:
        facts["without a place"] = "; ".join(without)
    off_earth = {record.source: record.num_off_earth for record in sources if record.num_off_earth}
    if off_earth:
        facts["not on the Earth"] = off_earth_line(off_earth)
    return facts


def _by_words(sources: Sequence[SourceRecord]) -> list[str]:
    """How many sources each thing places that is not a transform of their own, and the worst."""
    said = []
    for kind in KINDS:
        placed = [record for record in sources if kind in record.placed_by]
        if placed:
            worst = max(placed, key=_error)
            said.append(f"{kind}: {len(placed):,} sources ({worst.placed_by}: {worst.source})")
    return said


def _error(record: SourceRecord) -> float:
    """How far control points lie from where they are shown, pixels; 0 where nothing says it."""
    matched = ERROR.search(record.placed_by)
    return float(matched[1]) if matched else 0.0


def _such_as(names: Collection[str]) -> str:
    """The first of some names, and that there are more."""
    first = next(iter(names))
    if len(names) > 1:
        return f"{first}, …"
    return first
