"""Upkeep: indexes are warmed up when a server starts, then looked at for what was written since."""

import logging
import threading

from harma.errors import HarmaError
from harma.serve.service import Service

logger = logging.getLogger(__name__)

# Seconds between looks; one takes some milliseconds.
INTERVAL_S = 2.0


def keep_up_to_date(
    service: Service, is_ended: threading.Event, *, interval_s: float = INTERVAL_S
) -> None:
    """Warm indexes up, one after the other, and refresh them until the server ends.

    Args:
        service: of the server.
        is_ended: set when it ends.
        interval_s: seconds between two looks.
    """
    for index in service.looked_at:
        if not is_ended.is_set():
            index.warm_up()
    while not is_ended.wait(interval_s):
        refresh_all(service)


def refresh_all(service: Service) -> None:
    """See what was written to the indexes since they were looked at."""
    for index in service.looked_at:
        try:
            if index.refresh():
                logger.info("the index %s has a new version: %s", index.id, index.version)
        except HarmaError as error:
            # It is tried again; what was there before is served meanwhile.
            logger.error("the index %s cannot be looked at: %s", index.directory, error)
        except Exception:
            # What nobody thought of does not end the looks at the others.
            logger.exception("the index %s cannot be looked at", index.directory)
