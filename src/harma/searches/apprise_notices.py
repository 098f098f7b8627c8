"""Mail and chat by apprise: a hundred services, each named by an address (mailto://…)."""

from collections.abc import Sequence
from typing import Any

from harma.errors import MissingDependencyError
from harma.searches.event_forms import date_text, scene_name
from harma.searches.records import Event
from harma.searches.watch_json import without_secrets
from harma.searches.webhook_hosts import NotToldError

# Events that a message names; of the others it says how many there are.
MOST_NAMED = 10


def notify(addresses: Sequence[str], name: str, events: Sequence[Event]) -> None:
    """Tell of events.

    Args:
        addresses: of apprise.
        name: of the saved search.
        events: new ones, at least one.

    Raises:
        MissingDependencyError: apprise is not installed.
        NotToldError: an address is none, or its service does not take the message.
    """
    apprise = _apprise()
    title = f"{name}: {len(events):,} new"
    failed: list[str] = []
    for address in addresses:
        # One by one, to know who was not told.
        service = apprise.Apprise()
        if not service.add(address) or not service.notify(title=title, body=text_of(events)):
            failed.append(without_secrets(address))
    if failed:
        raise NotToldError(
            f"{', '.join(failed)} could not be told; the address is wrong, or its service does not"
            " answer (the log has its words)"
        )


def text_of(events: Sequence[Event]) -> str:
    """Events in words, a line each."""
    lines = []
    for event in events[:MOST_NAMED]:
        date = date_text(event) or "no date known"
        judged = f"score {event.score:.3f}" if event.gain is None else f"gain {event.gain:+.3f}"
        standing = f"{event.standing}, " if event.standing else ""
        lines.append(f"{scene_name(event)}, {date}: {standing}{judged}")
    if len(events) > MOST_NAMED:
        lines.append(f"and {len(events) - MOST_NAMED:,} more")
    return "\n".join(lines)


def _apprise() -> Any:
    try:
        import apprise
    except ImportError as error:
        raise MissingDependencyError(
            "mail and chat need apprise: pip install 'harma[notify]'"
        ) from error
    return apprise
