"""Records of chips and sources."""

from dataclasses import fields
from datetime import UTC, datetime

from harma.index.records import CHIP_COLUMNS, SHOWN_COLUMNS, ShownChip, SourceRecord
from harma.index.schema import SOURCE_SCHEMA, chip_schema
from harma.scenes.period import Period

FIRST = datetime(2020, 6, 1, tzinfo=UTC)
LAST = datetime(2020, 6, 30, tzinfo=UTC)


def shown(first, last):
    return ShownChip("a", None, first, "a.tif", 0, 0, 9, 9, "", None, 0.0, last)


def test_when_a_chip_was_taken():
    assert shown(FIRST, LAST).taken == Period(FIRST, LAST)
    assert shown(FIRST, None).taken == Period.moment(FIRST)
    assert shown(None, None).taken is None


def test_records_are_rows_of_the_tables():
    # Properties of catalogues are columns where they are.
    names = set(CHIP_COLUMNS)
    assert names | {"embedding", "model"} == set(chip_schema(4).names)
    assert set(SHOWN_COLUMNS) <= names
    assert [field.name for field in fields(SourceRecord)] == SOURCE_SCHEMA.names
