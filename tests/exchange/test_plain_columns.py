"""Columns of other programs in plain types; dates within the calendar."""

import pyarrow as pa
import pytest

from harma.errors import DataError
from harma.exchange.plain_columns import UTC_MOMENT, moments_within, plain_batch, plain_type


@pytest.mark.parametrize(
    ("column", "kind"),
    [
        (pa.array(["a", None], pa.string_view()), pa.large_string()),
        (pa.array([b"a", None], pa.binary_view()), pa.large_binary()),
        (pa.array(["a", None]).dictionary_encode(), pa.string()),
        (pa.array([b"a", None]).dictionary_encode(), pa.binary()),
        (pa.array([1.5, None]), pa.float64()),
    ],
)
def test_values_stay_and_types_are_plain(column, kind):
    batch = plain_batch(pa.RecordBatch.from_arrays([column], ["a"]), "a.parquet")
    assert batch.schema.field("a").type == kind == plain_type(column.type)
    assert batch["a"].to_pylist() == column.to_pylist()


@pytest.mark.parametrize("year", ["0001-01-02", "1970-01-01", "9999-12-30"])
def test_dates_of_the_calendar(year):
    moments = pa.array([f"{year}T00:00:00Z", None]).cast(UTC_MOMENT)
    assert moments_within(moments, "a.parquet", "date").to_pylist()[0].year == int(year[:4])


@pytest.mark.parametrize("number", [-(2**62), 2**62, 253_402_300_799_000_000])
def test_dates_beyond_it(number):
    moments = pa.array([0, number], pa.int64()).cast(UTC_MOMENT)
    with pytest.raises(DataError, match=r"a.parquet: the dates \(date\) reach beyond the years"):
        moments_within(moments, "a.parquet", "date")
