"""Tables of saved searches: moments with their zone."""

import datetime as dt

import pytest

from harma.searches.tables import Moment


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
