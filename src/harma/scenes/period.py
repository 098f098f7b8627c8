"""Periods: when a scene was taken, as a moment, a day, a month, a year or a range."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# The last moment of a period is inclusive.
TICK = timedelta(microseconds=1)


@dataclass(frozen=True)
class Period:
    """When something was taken, in UTC, as exactly as it is known.

    Attributes:
        start: the first moment.
        end: the last moment, inclusive; the same as `start` where the moment is known.
    """

    start: datetime
    end: datetime

    def __post_init__(self) -> None:
        assert self.start <= self.end, (self.start, self.end)

    @classmethod
    def moment(cls, when: datetime) -> "Period":
        """A period of one moment."""
        return cls(when, when)

    @classmethod
    def day(cls, first: datetime) -> "Period":
        """The day that begins with `first`."""
        return cls(first, first + timedelta(days=1) - TICK)

    @classmethod
    def month(cls, first: datetime) -> "Period":
        """The month that begins with `first`."""
        # The 28th and four days are in the next month, whatever the month.
        following = (first.replace(day=28) + timedelta(days=4)).replace(day=1)
        return cls(first, following - TICK)

    @classmethod
    def year(cls, first: datetime) -> "Period":
        """The year that begins with `first`."""
        return cls(first, datetime(first.year, 12, 31, 23, 59, 59, 999999, tzinfo=first.tzinfo))

    @property
    def is_moment(self) -> bool:
        """Whether it has no length."""
        return self.start == self.end
