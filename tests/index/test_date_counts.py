"""Counts of dates, by what names them."""

from collections import Counter

from harma.index.date_counts import dated_chips, told_dates
from harma.index.records import SourceRecord


def test_a_line_for_a_build():
    dates = Counter(
        {
            "its name": 120,
            "its metadata (DATE)": 40,
            "its metadata (ACQUIRED)": 20,
            "": 17,
            "no date: date_from (%Y%m%d) finds '20201345', which is none": 2,
            "no date: date_from (%Y%m%d) finds '20201399', which is none": 1,
        }
    )
    assert list(told_dates(dates)) == [
        "dates: 180 of 200 scenes (120 by its name, 60 by its metadata)",
        "3 without a date: date_from (%Y%m%d) finds '20201345', which is none",
    ]
    assert list(told_dates({"": 2})) == ["dates: 0 of 2 scenes"]
    assert list(told_dates({})) == []


def test_chips_of_an_index():
    sources = [
        SourceRecord("a", 1, 1, "", num_chips=3, date_from="its name"),
        SourceRecord("b", 1, 1, "", num_chips=1, date_from="its metadata (DATE)"),
        SourceRecord("c", 1, 1, "", num_chips=2),
        SourceRecord("d", 1, 1, "", num_chips=2, date_from="no date: date_from finds …"),
    ]
    assert dated_chips(6, sources) == {
        "dated": 6,
        # Of an index that was made before origins were kept.
        "dated by": "its name: 3; not kept: 2; its metadata: 1",
    }
    assert dated_chips(0, []) == {"dated": 0, "dated by": ""}
