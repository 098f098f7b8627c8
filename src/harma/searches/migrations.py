"""Migrations: an older database of saved searches is brought to the version of this program."""

from collections.abc import Callable, Mapping

from sqlalchemy import Connection, inspect, select, text

from harma.errors import StateError
from harma.searches.tables import TABLES, VERSIONS

# The version of `harma.searches.tables`.
VERSION = 1
# Version → what makes it of the one before. Tables are written out here as they were then: those of
# `harma.searches.tables` are the newest ones.
Step = Callable[[Connection], None]
STEPS: Mapping[int, Step] = {}
# Of PostgreSQL's advisory locks: "harma" in ASCII.
LOCK = 0x6861726D61


def bring_up_to_date(
    connection: Connection, *, version: int = VERSION, steps: Mapping[int, Step] = STEPS
) -> None:
    """Make the tables, or change those that an earlier version made.

    Args:
        connection: in a transaction that no other may write beside; it makes all of it or nothing.
        version: to come to.
        steps: that lead there.

    Raises:
        StateError: a newer program has made them.
    """
    if connection.dialect.name == "postgresql":
        # SQLite's transactions lock the file; here two servers could make the tables at once.
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
    found = found_version(connection)
    if found == version:
        return
    if found is None:
        TABLES.create_all(connection)
        connection.execute(VERSIONS.insert().values(version=version))
        return
    _refuse_newer(found, version)
    for number in range(found + 1, version + 1):
        steps[number](connection)
    connection.execute(VERSIONS.update().values(version=version))


def check_version(connection: Connection, *, version: int = VERSION) -> None:
    """Check tables that cannot be changed.

    Args:
        connection: in a transaction.
        version: that is known.

    Raises:
        StateError: they are not there, or of another version.
    """
    found = found_version(connection)
    if found is None:
        raise StateError("there are no tables of saved searches in it; put a copy of it back")
    _refuse_newer(found, version)
    if found < version:
        raise StateError(
            f"saved searches were kept here by an older HarMA (version {found} of its tables; this"
            f" one needs version {version}), and nothing can be written here; open it once where it"
            " is writable, without --read-only"
        )


def _refuse_newer(found: int, version: int) -> None:
    if found > version:
        raise StateError(
            f"saved searches were kept here by a newer HarMA (version {found} of its tables; this"
            f" one knows version {version}); update this HarMA, or keep them elsewhere (--state)"
        )


def found_version(connection: Connection) -> int | None:
    """The version of the tables that are there; None where there are none."""
    if not inspect(connection).has_table(VERSIONS.name):
        return None
    version: int | None = connection.execute(select(VERSIONS.c.version)).scalar()
    return version
