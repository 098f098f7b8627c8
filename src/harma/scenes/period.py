"""Periods: when a scene was taken, as a moment, a day, a month, a year or a range."""

from calendar import monthrange
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
        # Not in two steps: the last day of the calendar has none that follows.
        return cls(first, first + (timedelta(days=1) - TICK))

    @classmethod
    def month(cls, first: datetime) -> "Period":
        """The month that begins with `first`."""
        last = first.replace(day=monthrange(first.year, first.month)[1])
        return cls(first, cls.day(last).end)

    @classmethod
    def year(cls, first: datetime) -> "Period":
        """The year that begins with `first`."""
        return cls(first, datetime(first.year, 12, 31, 23, 59, 59, 999999, tzinfo=first.tzinfo))

    @classmethod
    def minute(cls, first: datetime) -> "Period":
        """The minute that begins with `first`."""
        return cls(first, first + timedelta(minutes=1) - TICK)

    @classmethod
    def months(cls, first: datetime, count: int) -> "Period":
        """So many months, of which the first begins with `first`."""
        last = cls.month(first)
        for _ in range(count - 1):
            last = cls.month(last.end + TICK)
        return cls(first, last.end)

    def to(self, last: "Period") -> "Period":
        """From the beginning of this one to the end of another, which ends no earlier."""
        return Period(self.start, last.end)

    def overlaps(self, other: "Period") -> bool:
        """Whether they have a moment in common."""
        return self.start <= other.end and other.start <= self.end

    def holds(self, other: "Period") -> bool:
        """Whether another one lies within this one, and is shorter."""
        is_within = self.start <= other.start and other.end <= self.end
        return is_within and self != other

    @property
    def text(self) -> str:
        """As people write it: 2020, 2020-06, 2020-06-15, 2020-06-01/2020-07-15."""
        if self.is_year:
            return f"{self.start:%Y}"
        # The last day of a month ends with it, too.
        if self.start.day == 1 and self == Period.month(self.start):
            return f"{self.start:%Y-%m}"
        first = self.start.date().isoformat()
        last = self.end.date().isoformat()
        return first if first == last else f"{first}/{last}"

    @property
    def is_year(self) -> bool:
        """Whether it is a year, from its first to its last moment."""
        first = self.start.replace(month=1, day=1, hour=0, minute=0, second=0, microsecond=0)
        return self == Period.year(first)

    @property
    def is_moment(self) -> bool:
        """Whether it has no length."""
        return self.start == self.end


def date_of(first: datetime | None, last: datetime | None) -> str:
    """A date as people write it, as exactly as it is known; "" where it is not.

    Args:
        first: moment, or None.
        last: moment; None where the first is the only one.
    """
    if first is None:
        return ""
    return Period(first, last or first).text
