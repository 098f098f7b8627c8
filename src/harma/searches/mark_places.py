"""Labels by their places: the chip of an index that a labelled point or footprint is of."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from harma.index.contract import StoreReader
from harma.index.source_ids import source_title
from harma.scenes.middle import middle
from harma.scenes.period import Period
from harma.searches.chips import COLUMNS
from harma.searches.mark_words import MarkRow

# Share of a labelled footprint that a chip must hold to be what was labelled.
LEAST_SHARE = 0.5
# How well a chip fits a label; the largest one is taken.
Fit = tuple[bool, bool, float, str, str]


@dataclass(frozen=True)
class _Fitting:
    """A chip that a label may be of, and how well it fits."""

    fit: Fit
    chip: Mapping[str, Any]


def chips_at(store: StoreReader, rows: Sequence[MarkRow]) -> dict[int, Mapping[str, Any]]:
    """The chips that labels with a place are of.

    A point is of the chip that holds it, and of several of the one whose middle is nearest; a
    footprint of the chip that it shares most with, if that holds half of it. A chip of the scene
    that the label names goes before others. A label with a date is of no chip of another date; of
    one without, the newest chip is taken.

    Args:
        store: of the index.
        rows: with a geometry.

    Returns:
        Number of a row → its chip, a row of `harma.searches.chips.COLUMNS`; only where there is
        one.
    """
    best: dict[int, _Fitting] = {}
    for place, chip in _pairs(store, rows):
        row = rows[place]
        fit = _fit(row, chip)
        known = best.get(row.number)
        if fit is not None and (known is None or fit > known.fit):
            best[row.number] = _Fitting(fit, chip)
    return {number: fitting.chip for number, fitting in best.items()}


def _pairs(store: StoreReader, rows: Sequence[MarkRow]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """Places in `rows`, and chips whose footprints meet theirs."""
    labels = np.array([row.geometry for row in rows], dtype=object)
    if not len(labels):
        return
    tree = shapely.STRtree(labels)
    west, south, east, north = shapely.total_bounds(labels).tolist()
    where = f"xmin <= {east!r} AND xmax >= {west!r} AND ymin <= {north!r} AND ymax >= {south!r}"
    with store.reading():
        for table in store.blocks(COLUMNS, where):
            outlines = shapely.from_wkb(table["geometry"].to_numpy())
            found: NDArray[np.int64] = tree.query(outlines, predicate="intersects")
            chips = table.take(found[0]).select(COLUMNS).to_pylist()
            outlines = outlines[found[0]]
            for chip, outline, label in zip(chips, outlines, found[1], strict=True):
                yield int(label), {**chip, "outline": outline}


def _fit(row: MarkRow, chip: Mapping[str, Any]) -> Fit | None:
    """How well a chip fits a label; None where it does not."""
    taken = _taken(chip)
    if row.taken is not None and taken is not None and not row.taken.overlaps(taken):
        return None
    likeness = _likeness(row, chip["outline"])
    if likeness is None:
        return None
    is_named = bool(row.source_name) and source_title(chip["source"]) == row.source_name
    # A chip without a date may be of any.
    is_dated = taken is not None
    newest = "" if taken is None else taken.start.isoformat()
    return is_named, is_dated, likeness, newest, chip["id"]


def _taken(chip: Mapping[str, Any]) -> Period | None:
    first = chip["datetime"]
    if first is None:
        return None
    return Period(first, chip["datetime_end"] or first)


def _likeness(row: MarkRow, outline: Any) -> float | None:
    """How much a label and a footprint are one place, from 0 to 1; None where they are not."""
    label = row.geometry
    if label is None:
        return None
    if label.geom_type == "Point":
        west, south, east, north = outline.bounds
        size = max(east - west, north - south)
        # A chip that is a point holds no other.
        if size == 0:
            return 1.0
        centre = middle(outline)
        distance = shapely.Point(*centre).distance(label) / size
        nearness: float = 1 - min(distance, 1)
        return round(nearness, 6)
    shared = outline.intersection(label).area
    if not label.area or shared < LEAST_SHARE * label.area:
        return None
    share: float = shared / outline.union(label).area
    return round(share, 6)
