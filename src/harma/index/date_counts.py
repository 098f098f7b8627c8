"""How many scenes and chips have a date, and what names it, for `index info` and builds' summaries.

What names a date is a text such as "its name" or "its metadata (DATE_ACQUIRED)", "" where there is
none; of what was taken for a date and is none it begins with `NO_DATE`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from harma.index.records import SourceRecord
from harma.scenes.taken import NO_DATE

# Of dates whose origin an index of an earlier version did not keep.
NOT_KEPT = "not kept"


def told_dates(dates: Mapping[str, int]) -> Iterator[str]:
    """Lines on the dates of the scenes that were read.

    Args:
        dates: what names a date → scenes.
    """
    num_scenes = sum(dates.values())
    kinds = _kinds(dates)
    if num_scenes:
        origins = ", ".join(f"{count:,} by {kind}" for kind, count in kinds.most_common())
        line = f"dates: {kinds.total():,} of {num_scenes:,} scenes"
        yield f"{line} ({origins})" if origins else line
    wrong = [origin for origin in dates if origin.startswith(NO_DATE)]
    if wrong:
        count = sum(dates[origin] for origin in wrong)
        yield f"{count:,} without a date: {wrong[0].removeprefix(NO_DATE)}"


def dated_chips(num_dated: int, sources: Iterable[SourceRecord]) -> dict[str, Any]:
    """How many chips have a date, and what names it, as `index info` shows it.

    Args:
        num_dated: chips that have one.
        sources: records of their sources.
    """
    by_origin: Counter[str] = Counter()
    for record in sources:
        by_origin[record.date_from] += record.num_chips
    kinds = _kinds(by_origin)
    unknown = num_dated - kinds.total()
    if unknown > 0:
        kinds[NOT_KEPT] = unknown
    told = [f"{kind}: {count:,}" for kind, count in kinds.most_common()]
    return {"dated": num_dated, "dated by": "; ".join(told)}


def _kinds(dates: Mapping[str, int]) -> Counter[str]:
    """Dates by what names them, without the particulars in parentheses."""
    kinds: Counter[str] = Counter()
    for origin, count in dates.items():
        if origin and count and not origin.startswith(NO_DATE):
            kinds[origin.partition(" (")[0]] += count
    return kinds
