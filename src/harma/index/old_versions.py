"""Old versions of a table: how long readers may look at them; their number stays bounded."""

from collections.abc import Sequence
from datetime import datetime, timedelta

# An index at rest keeps them so long, for whoever reads it: an export, a server.
KEPT = timedelta(hours=1)
# Of one that is written all the time so many, and all of the last minutes.
MOST_VERSIONS = 100
KEPT_ALWAYS = timedelta(minutes=10)


def kept_for(written: Sequence[datetime], now: datetime) -> timedelta:
    """How old versions may become that are kept.

    Args:
        written: when each was written, the oldest first, by the same clock as `now`.
        now: the time.
    """
    if len(written) <= MOST_VERSIONS:
        return KEPT
    # A clock that was put back makes ages that are none.
    age = max(now - written[-MOST_VERSIONS], KEPT_ALWAYS)
    return min(age, KEPT)
