"""Tables of saved searches: moments with their zone, columns by their version."""

import datetime as dt
import hashlib

import pytest

from harma.searches.migrations import VERSION
from harma.searches.tables import TABLES, Moment


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("2024-05-01T12:00:00+02:00", "2024-05-01T10:00:00+00:00"),
        ("2024-05-01T12:00:00+00:00", "2024-05-01T12:00:00+00:00"),
    ],
)
def test_moments_are_kept_in_utc(given, kept):
    moment = Moment().process_bind_param(dt.datetime.fromisoformat(given), None)
    assert moment.isoformat() == kept
    # SQLite gives it back without its zone.
    assert Moment().process_result_value(moment.replace(tzinfo=None), None) == moment
    assert Moment().process_bind_param(None, None) is None
    assert Moment().process_result_value(None, None) is None


# Version → fingerprint of its columns. Tables that change are of the next version, with a step in
# `harma.searches.migrations`: databases of this one are out there.
FINGERPRINTS = {1: "6b3874913bca7436"}


def fingerprint():
    columns = [
        f"{table.name}.{column.name} {column.type!r} {column.nullable} {column.primary_key}"
        for table in TABLES.sorted_tables
        for column in table.columns
    ]
    return hashlib.sha256("\n".join(columns).encode()).hexdigest()[:16]


def test_tables_that_change_are_of_another_version():
    assert fingerprint() == FINGERPRINTS[VERSION]
