"""Counts of an index's sources."""

import datetime as dt
from dataclasses import replace

from harma.index.counts import counted_bands, counted_sensors, last_added
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
