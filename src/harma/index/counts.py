"""Facts of an index for `info`: bands, how many were guessed, sensors, age, bounds and dates."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from harma.index.contract import StoreReader
from harma.index.records import SourceRecord
from harma.index.schema import BOX_COLUMNS


@dataclass
class ChipTotals:
    """What the chips of an index have together.

    Attributes:
        num_chips: of the index.
        num_placed: those that have a place.
        num_dated: those that have a date.
        bounds: west, south, east and north of all; None where none has a place.
        dates: the first and the last; None where none has a date.
    """

    num_chips: int = 0
    num_placed: int = 0
    num_dated: int = 0
    bounds: list[float | None] = field(default_factory=lambda: [None] * 4)
    dates: list[dt.datetime | None] = field(default_factory=lambda: [None] * 2)

    def add(self, block: pa.Table) -> None:
        """Take in some chips."""
        self.num_chips += block.num_rows
        self.num_placed += block.num_rows - block["xmin"].null_count
        self.num_dated += block.num_rows - block["datetime"].null_count
        for place, side in enumerate(BOX_COLUMNS):
            which = max if side.endswith("max") else min
            self.bounds[place] = _further(which, self.bounds[place], block[side])
        self.dates[0] = _further(min, self.dates[0], block["datetime"])
        self.dates[1] = _further(max, self.dates[1], block["datetime"])


def chip_totals(store: StoreReader) -> ChipTotals:
    """What all chips of an index have together; a block of them is in memory."""
    totals = ChipTotals()
    # Without embeddings and thumbnails, which are nearly all of an index's bytes.
    for block in store.blocks([*BOX_COLUMNS, "datetime"]):
        totals.add(block)
    return totals


def _further(which: Any, so_far: Any, column: pa.ChunkedArray) -> Any:
    """The smallest (`min`) or largest (`max`) of a value and a column; None where there is none."""
    ends = pc.min_max(column).as_py()
    values = [value for value in (so_far, ends[which.__name__]) if value is not None]
    return which(values, default=None)


def counted_bands(sources: Iterable[SourceRecord]) -> str:
    """How many sources are shown in which bands, such as "3,2,1: 12 (2 guessed)", most first.

    Args:
        sources: of an index; those that could not be read say nothing of bands.
    """
    chosen: Counter[str] = Counter()
    guessed: Counter[str] = Counter()
    for source in sources:
        if source.bands:
            chosen[source.bands] += 1
            guessed[source.bands] += source.is_guess
    told = []
    for bands, count in chosen.most_common():
        text = f"{bands}: {count:,}"
        if guessed[bands]:
            text += f" ({guessed[bands]:,} guessed)"
        told.append(text)
    return "; ".join(told)


def counted_sensors(sources: Iterable[SourceRecord]) -> str:
    """How many sources are of which sensor, such as "landsat-8: 3; not known: 2", most first.

    Args:
        sources: of an index; those that could not be read are of none.
    """
    sensors = Counter(source.sensor or "not known" for source in sources if source.bands)
    return "; ".join(f"{sensor}: {count:,}" for sensor, count in sensors.most_common())


def last_added(sources: Iterable[SourceRecord]) -> str:
    """When the last source came in, in UTC, such as "2026-11-26 15:40"; "not known" of old indexes.

    Args:
        sources: of an index.
    """
    moments = [source.added for source in sources if source.added is not None]
    if not moments:
        return "not known"
    return f"{max(moments):%Y-%m-%d %H:%M} UTC"
