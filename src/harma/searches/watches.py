"""The watches of saved searches as they are kept: set, listed, deleted."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, delete, func, insert, select, update

from harma.errors import ConfigError, NotFoundError
from harma.index.standing import STANDINGS
from harma.searches.database import Database, now
from harma.searches.records import Watch
from harma.searches.tables import EVENTS, SEARCHES, WATCHES

# Addresses of apprise that one watch tells, and characters of one.
MOST_ADDRESSES = 10
ADDRESS_LENGTH = 500


class WatchBook:
    """The watches of a database.

    Args:
        database: that keeps them.
    """

    def __init__(self, database: Database) -> None:
        self.database = database

    def put(self, watch: Watch) -> Watch:
        """Set a watch, or change the one that is there; what it has seen stays seen.

        Raises:
            NotFoundError: there is no such saved search.
            ConfigError: the threshold is none.
        """
        _check_threshold(watch)
        _check_notify(watch.notify)
        values = {
            "standing": watch.standing,
            "least_score": watch.least_score,
            "webhook": watch.webhook,
            "notify": "\n".join(watch.notify),
            # Who is told elsewhere now need not wait for what failed before.
            "tell_after": None,
            "num_failures": 0,
        }
        with self.database.transaction() as connection:
            _check_search(connection, watch.search)
            of_search = WATCHES.c.search == watch.search
            changed = connection.execute(update(WATCHES).where(of_search).values(values))
            if not changed.rowcount:
                first = dict.fromkeys(("last_new", "last_sources", "runs"), 0)
                texts = dict.fromkeys(("last_problem", "question"), "")
                connection.execute(
                    insert(WATCHES).values(
                        search=watch.search, created=now(), **values, **first, **texts
                    )
                )
        return self.get(watch.search)

    def get(self, search: str) -> Watch:
        """The watch of a saved search.

        Raises:
            NotFoundError: there is none.
        """
        with self.database.reading() as connection:
            return watch_of(connection, watch_row(connection, search))

    def all(self, index_name: str = "") -> list[Watch]:
        """The watches of an index, the oldest first."""
        asked = (
            select(WATCHES)
            .join(SEARCHES, SEARCHES.c.id == WATCHES.c.search)
            .where(SEARCHES.c.index_name == index_name)
            .order_by(WATCHES.c.number)
        )
        with self.database.reading() as connection:
            return [watch_of(connection, row) for row in connection.execute(asked).all()]

    def delete(self, search: str) -> None:
        """Take a watch away, with what it has seen; its events stay.

        Raises:
            NotFoundError: there is none.
        """
        with self.database.transaction() as connection:
            gone = connection.execute(delete(WATCHES).where(WATCHES.c.search == search))
            if not gone.rowcount:
                raise _no_watch(search)


def _check_threshold(watch: Watch) -> None:
    if (watch.standing is None) == (watch.least_score is None):
        raise ConfigError("a watch has a standing, or a least score; give one of the two")
    if watch.standing is not None and watch.standing not in STANDINGS:
        raise ConfigError(f"standing is {watch.standing!r}; it is one of {', '.join(STANDINGS)}")
    if watch.least_score is not None and not -2 <= watch.least_score <= 2:
        raise ConfigError(f"least_score is {watch.least_score}; scores and gains are from -2 to 2")


def _check_notify(addresses: Sequence[str]) -> None:
    """Check addresses of apprise, which are kept one a line."""
    if len(addresses) > MOST_ADDRESSES:
        raise ConfigError(f"{len(addresses)} addresses would be told; at most {MOST_ADDRESSES} are")
    for address in addresses:
        is_plain = address.isprintable() and len(address) <= ADDRESS_LENGTH
        if not is_plain or "://" not in address:
            raise ConfigError(
                "an address to be told is one of apprise, such as mailto://NAME:PASSWORD@HOST, of"
                f" at most {ADDRESS_LENGTH} characters"
            )


def _check_search(connection: Connection, search: str) -> None:
    asked = select(SEARCHES.c.id).where(SEARCHES.c.id == search)
    if connection.execute(asked).first() is None:
        raise NotFoundError(f"there is no saved search {search}")


def watch_row(connection: Connection, search: str) -> Row[Any]:
    """The row of a watch.

    Raises:
        NotFoundError: there is none.
    """
    row = connection.execute(select(WATCHES).where(WATCHES.c.search == search)).first()
    if row is None:
        raise _no_watch(search)
    return row


def _no_watch(search: str) -> NotFoundError:
    return NotFoundError(f"the saved search {search} has no watch")


def watch_of(connection: Connection, row: Row[Any]) -> Watch:
    """The watch of a row."""
    asked = select(func.count()).select_from(EVENTS).where(EVENTS.c.search == row.search)
    return Watch(
        search=row.search,
        standing=row.standing,
        least_score=row.least_score,
        webhook=row.webhook,
        notify=tuple(row.notify.split("\n")) if row.notify else (),
        created=row.created,
        last_run=row.last_run,
        last_new=row.last_new,
        last_sources=row.last_sources,
        last_problem=row.last_problem,
        num_events=connection.execute(asked).scalar_one(),
    )
