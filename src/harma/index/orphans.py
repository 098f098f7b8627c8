"""Orphans: data files that no version of a table names, as writers leave that died."""

import logging
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from harma.errors import MissingDependencyError
from harma.ground.storage.addresses import address_of, in_bucket
from harma.ground.storage.objects import listed, remove_objects
from harma.index.fragments import TableAddress, orphans

log = logging.getLogger(__name__)
DATA = "data"
# Those of a writer that may be alive stay, however slow it is.
YOUNG = timedelta(hours=1)


def drop_orphans(table: TableAddress, older_than: timedelta = YOUNG) -> int:
    """Remove the orphans of a table.

    Args:
        table: nobody else writes it now.
        older_than: those that are younger stay.

    Returns:
        How many there were; 0 where pylance is not installed, which all workers need that leave
        any.
    """
    limit = time.time() - older_than.total_seconds()
    old = [name for name, seconds in _data_files(table) if seconds < limit]
    try:
        names = orphans(table, old)
    except MissingDependencyError:
        return 0
    if in_bucket(table.uri):
        remove_objects(address_of(table.uri).child(DATA), names)
    else:
        for name in names:
            (Path(table.uri) / DATA / name).unlink(missing_ok=True)
    if names:
        log.info("%s files of writers that died were removed", len(names))
    return len(names)


def _data_files(table: TableAddress) -> Iterator[tuple[str, float]]:
    """Names of data files, and when they were written, seconds since 1970."""
    if in_bucket(table.uri):
        for found in listed(address_of(table.uri).child(DATA)):
            yield found.name, found.mtime_ns / 1e9
    else:
        for path in (Path(table.uri) / DATA).glob("*"):
            yield path.name, path.stat().st_mtime
