"""People are told of events: by a webhook, by mail and chat; again where it failed, never lost.

Events are kept before anybody is told. Each stays untold until its receiver has taken it, so that
it comes at least once; its id tells one that comes again. Who cannot be told is tried again at a
later run, after longer and longer pauses, and the watch says why.
"""

import datetime as dt
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update

from harma.errors import HarmaError
from harma.searches.apprise_notices import notify
from harma.searches.book import SearchBook
from harma.searches.database import Database, now
from harma.searches.events import read_untold
from harma.searches.records import Watch
from harma.searches.tables import EVENTS, WATCHES
from harma.searches.watches import WatchBook
from harma.searches.webhook import SECRET_VARIABLE, body_of, post
from harma.searches.webhook_hosts import NotToldError, target_of

logger = logging.getLogger(__name__)

# Events that one message holds.
EVENTS_AT_ONCE = 100
# One tells at a time: who holds the right to tell for longer was killed.
HELD = dt.timedelta(minutes=10)
FIRST_PAUSE = dt.timedelta(minutes=1)
LONGEST_PAUSE = dt.timedelta(days=1)
MOST_DOUBLINGS = 12


@dataclass(frozen=True)
class Notices:
    """Who may be told, and how.

    Attributes:
        webhook_hosts: hosts that may be told (`harma.searches.webhook_hosts.WebhookHost`).
        secret: that signs webhooks; None tells none.
        can_notify: addresses of apprise are told.
    """

    webhook_hosts: tuple[str, ...] = ()
    secret: bytes | None = None
    can_notify: bool = True


def tell_all(searches: SearchBook, notices: Notices) -> Iterator[str]:
    """Tell of the untold events of all watches of an index.

    Args:
        searches: of the index.
        notices: who may be told.

    Yields:
        Why somebody could not be told.
    """
    for watch in WatchBook(searches.database).all(searches.index_name):
        problem = tell(searches, watch, notices)
        if problem:
            yield problem


def tell(searches: SearchBook, watch: Watch, notices: Notices) -> str:
    """Tell of the untold events of a watch.

    Args:
        searches: of the index.
        watch: with its receivers.
        notices: who may be told.

    Returns:
        Why somebody could not be told; "" where nothing was to be told, or all went well.
    """
    database = searches.database
    if not _has_untold(database, watch) or not _hold(database, watch.search):
        return ""
    problems: list[str] = []
    try:
        name = searches.get(watch.search).name
        for channel in (_told_by_webhook, _told_by_apprise):
            try:
                channel(database, watch, name, notices)
            except HarmaError as error:
                logger.info("the watch %s cannot tell", watch.search, exc_info=True)
                problems.append(error.problem)
    finally:
        _let_go(database, watch.search, "; ".join(problems))
    return "; ".join(problems)


# -- channels -------------------------------------------------------------------------------------


def _told_by_webhook(database: Database, watch: Watch, name: str, notices: Notices) -> None:
    if not watch.webhook:
        return
    target = None
    while events := read_untold(database, watch.search, EVENTS.c.is_posted, k=EVENTS_AT_ONCE):
        # Again each time: only who was named when this program started is told.
        target = target or target_of(watch.webhook, notices.webhook_hosts)
        if notices.secret is None:
            raise NotToldError(
                f"webhooks are signed, and no secret is named; set {SECRET_VARIABLE}, or name a"
                " file (--webhook-secret-file)"
            )
        post(target, body_of(watch.search, name, events), notices.secret)
        _mark_told(database, [event.id for event in events], "is_posted")


def _told_by_apprise(database: Database, watch: Watch, name: str, notices: Notices) -> None:
    if not watch.notify:
        return
    events = read_untold(database, watch.search, EVENTS.c.is_notified)
    if not events:
        return
    if not notices.can_notify:
        raise NotToldError("mail and chat are not told from here (--allow-notify)")
    # One message for all of a run: nobody wants a thousand mails.
    notify(watch.notify, name, events)
    _mark_told(database, [event.id for event in events], "is_notified")


# -- what is kept of it ---------------------------------------------------------------------------


def _has_untold(database: Database, watch: Watch) -> bool:
    if watch.webhook and read_untold(database, watch.search, EVENTS.c.is_posted, k=1):
        return True
    return bool(watch.notify) and bool(
        read_untold(database, watch.search, EVENTS.c.is_notified, k=1)
    )


def _hold(database: Database, search: str) -> bool:
    """Take the right to tell; not where another one has it, or it is too early to try again."""
    moment = now()
    is_free: ColumnElement[bool] = or_(
        WATCHES.c.tell_after.is_(None),
        WATCHES.c.tell_after <= moment,
        # No pause is as long: the clock was turned back since.
        WATCHES.c.tell_after > moment + LONGEST_PAUSE,
    )
    with database.transaction() as connection:
        statement = update(WATCHES).where(WATCHES.c.search == search, is_free)
        return bool(connection.execute(statement.values(tell_after=moment + HELD)).rowcount)


def _let_go(database: Database, search: str, problem: str) -> None:
    """Give the right back, and say what was wrong; the next try comes later and later."""
    of_search = WATCHES.c.search == search
    with database.transaction() as connection:
        failures = connection.execute(select(WATCHES.c.num_failures).where(of_search)).scalar()
        values: dict[str, Any] = {"tell_after": None, "num_failures": 0}
        if problem:
            doublings = min(failures or 0, MOST_DOUBLINGS)
            pause = min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
            values = {"tell_after": now() + pause, "num_failures": (failures or 0) + 1}
        if problem or failures:
            # What a run itself found wrong stays.
            values["last_problem"] = problem
        connection.execute(update(WATCHES).where(of_search).values(values))


def _mark_told(database: Database, ids: Sequence[str], column: str) -> None:
    with database.transaction() as connection:
        for start in range(0, len(ids), EVENTS_AT_ONCE):
            part = list(ids[start : start + EVENTS_AT_ONCE])
            connection.execute(update(EVENTS).where(EVENTS.c.id.in_(part)).values({column: True}))
