"""Times in names of products: moments, days, day of year."""

from datetime import UTC, datetime

from harma.scenes.period import Period


def moment(text: str, form: str) -> Period | None:
    """A moment.

    Args:
        text: as the product's name has it.
        form: as `datetime.strptime` reads it.

    Returns:
        None where the name has no such date after all.
    """
    found = _parsed(text, form)
    return None if found is None else Period.moment(found)


def day(text: str, form: str) -> Period | None:
    """A day, as `moment` reads it."""
    found = _parsed(text, form)
    return None if found is None else Period.day(found)


def _parsed(text: str, form: str) -> datetime | None:
    try:
        return datetime.strptime(text, form).replace(tzinfo=UTC)
    except ValueError:
        return None
