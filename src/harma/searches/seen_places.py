"""Places that a watch has seen: a new hit that overlaps one of them is no event."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely

from harma.index.hits import Hit
from harma.index.merge import merged
from harma.index.records import ShownChip

# Where a search keeps all overlapping chips, only the same place again is no event; areas are
# rounded.
THE_SAME = 0.999


@dataclass(frozen=True)
class SeenPlace:
    """A place of a hit.

    Attributes:
        source: name of the scene.
        geometry: footprint (WKB, WGS84), or None.
        taken: first moment of the chip, or None.
        taken_end: last moment, where it is another one.
        column: of the window in the scene, pixels.
        row: of the window.
        width: of the window.
        height: of the window.
    """

    source: str
    geometry: bytes | None
    taken: dt.datetime | None
    taken_end: dt.datetime | None
    column: int
    row: int
    width: int
    height: int

    @classmethod
    def of(cls, hit: Hit) -> "SeenPlace":
        """The place of a hit."""
        geometry: bytes | None = None
        if hit.geometry is not None:
            geometry = shapely.to_wkb(hit.geometry)
        return cls(hit.source, geometry, hit.datetime, hit.datetime_end, **vars(hit.window))


def unseen(
    hits: Sequence[Hit], seen: Sequence[SeenPlace], overlap: float | None, *, any_date: bool
) -> list[Hit]:
    """Hits of places that were not seen; the best of those that overlap.

    Two places are one where they overlap and are of one scene and date, or of one day. A scene
    whose file is replaced by one of another date is looked at anew.

    Args:
        hits: new ones, the best first.
        seen: places that were seen.
        overlap: share of the smaller place that both cover, from which on they are one; None only
            takes the same place for one.
        any_date: places of any scenes and dates are one, as those of changes.
    """
    before = [_shown(place) for place in seen]
    new = [_shown(SeenPlace.of(hit)) for hit in hits]
    if not any_date:
        before = _related(before, new)
    chips = [*before, *new]
    share = overlap or THE_SAME
    kept = merged(chips, share, len(chips), any_date=any_date)
    return [hits[position - len(before)] for position in kept if position >= len(before)]


def _related(before: Sequence[ShownChip], new: Sequence[ShownChip]) -> list[ShownChip]:
    """Places that may be of one scene or day with new ones: of all that were seen, few are."""
    sources = {chip.source for chip in new}
    days: set[dt.date] = set()
    for chip in new:
        days |= _days(chip)
    return [chip for chip in before if chip.source in sources or days.intersection(_days(chip))]


def _days(chip: ShownChip) -> set[dt.date]:
    """Days on which a chip may be one with another: its first and its last."""
    if chip.taken is None:
        return set()
    return {chip.taken.start.date(), chip.taken.end.date()}


def _shown(place: SeenPlace) -> ShownChip:
    """A place as what is merged."""
    chip = ShownChip(
        id="",
        geometry=place.geometry,
        datetime=place.taken,
        source=place.source,
        column=place.column,
        row=place.row,
        width=place.width,
        height=place.height,
        crs="",
        gsd=None,
        nodata=0.0,
        datetime_end=place.taken_end,
    )
    # Of one scene and date: the file of a scene may have been replaced by that of another day.
    date = "" if chip.taken is None else chip.taken.text
    return replace(chip, source=f"{place.source}\0{date}")
