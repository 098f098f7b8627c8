"""Counts of an index's sources."""

import datetime as dt
from dataclasses import replace

import numpy as np
from tests.index.made import all_chips, make_store
from tests.index.memory_store import MemoryStore

from harma.index.counts import chip_totals, counted_bands, counted_sensors, last_added
from harma.index.records import SourceRecord


def record(name, bands="", sensor="", *, is_guess=False):
    return SourceRecord(name, 1, 1, "x", bands=bands, sensor=sensor, is_guess=is_guess)


SOURCES = [
    record("a", "1,2,3"),
    record("b", "3,2,1", "landsat-8"),
    record("c", "3,2,1", "landsat-8"),
    record("d", "3,2,1", is_guess=True),
    record("e", "1", "sentinel-1"),
    record("broken"),
]


def test_bands():
    assert counted_bands(SOURCES) == "3,2,1: 3 (1 guessed); 1,2,3: 1; 1: 1"
    assert counted_bands([]) == ""


def test_sensors():
    assert counted_sensors(SOURCES) == "not known: 2; landsat-8: 2; sentinel-1: 1"


def test_the_last_source_that_was_added():
    when = [dt.datetime(2026, 11, day, 9, 5, tzinfo=dt.UTC) for day in (3, 12)]
    sources = [replace(record("a"), added=when[1]), replace(record("b"), added=when[0])]
    assert last_added([*sources, record("of an old index")]) == "2026-11-12 09:05 UTC"
    assert last_added(SOURCES) == "not known"


def test_totals_of_chips_do_not_depend_on_blocks(tmp_path):
    lance = make_store(tmp_path / "index", 450, dim=16)
    chips = all_chips(lance)
    # Its blocks are of 100 chips; the first is without places and dates.
    memory = MemoryStore(lance.settings)
    bare = [
        replace(chip, xmin=None, ymin=None, xmax=None, ymax=None, datetime=None) for chip in chips
    ]
    memory.add_chips([*bare[:100], *chips[100:]], np.ones((450, 16), dtype=np.float32))
    for store, known in ((lance, chips), (memory, chips[100:])):
        totals = chip_totals(store)
        placed = [chip for chip in known if chip.xmin is not None]
        dates = [chip.datetime for chip in known if chip.datetime is not None]
        assert (totals.num_chips, totals.num_placed, totals.num_dated) == (
            450,
            len(placed),
            len(dates),
        )
        assert totals.bounds == [
            min(chip.xmin for chip in placed),
            min(chip.ymin for chip in placed),
            max(chip.xmax for chip in placed),
            max(chip.ymax for chip in placed),
        ]
        assert totals.dates == [min(dates), max(dates)]


def test_without_chips_there_are_no_bounds(tmp_path):
    totals = chip_totals(make_store(tmp_path / "index", 0))
    assert (totals.num_chips, totals.num_placed, totals.num_dated) == (0, 0, 0)
    assert totals.bounds == [None] * 4
    assert totals.dates == [None, None]
