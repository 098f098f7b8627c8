"""A watch as JSON, for clients: moments in UTC, no secrets of those who are told."""

from typing import Any

from harma.searches.event_forms import moment_text
from harma.searches.records import Watch


def watch_json(watch: Watch) -> dict[str, Any]:
    """A watch as JSON."""
    return {
        "search": watch.search,
        "standing": watch.standing,
        "least_score": watch.least_score,
        "webhook": watch.webhook,
        "notify": [without_secrets(address) for address in watch.notify],
        "created": None if watch.created is None else moment_text(watch.created),
        "last_run": None if watch.last_run is None else moment_text(watch.last_run),
        "last_new": watch.last_new,
        "last_sources": watch.last_sources,
        "last_problem": watch.last_problem,
        "num_events": watch.num_events,
    }


def without_secrets(address: str) -> str:
    """An address of apprise without what comes after its scheme: passwords and tokens."""
    scheme, separator, _ = address.partition("://")
    return f"{scheme}://…" if separator else "…"
