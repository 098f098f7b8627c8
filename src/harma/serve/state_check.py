"""Saved searches tried when a server starts: a place that cannot keep them is said at once."""

import logging
from collections.abc import Callable

from harma.errors import StateError
from harma.serve.service import Service

logger = logging.getLogger(__name__)

KEPT_NOWHERE = (
    "saved searches cannot be kept: the directory is not writable; make it so, name another place"
    " with --state, or start with --read-only"
)


def check_state(service: Service, say: Callable[[str], None]) -> None:
    """Open the saved searches of all indexes.

    A place that was named must do. Where none is, they are beside the indexes, which may well lie
    on a disk that nobody writes: that is said, and searches go on.

    Args:
        service: of the server.
        say: is told of what cannot be kept.

    Raises:
        ConfigError: the place that is named cannot be one for saved searches.
        MissingDependencyError: what it needs is not installed.
        StateError: it cannot be opened, or not be written.
    """
    settings = service.settings
    for index in service.indexes.values():
        problem = ""
        try:
            database = index.searches.database
        except StateError as error:
            if settings.state:
                raise
            logger.error("saved searches of %s: %s", index.id, error)
            problem = error.problem
        else:
            if database.refusal and not settings.is_read_only:
                problem = KEPT_NOWHERE
        if problem and settings.state:
            raise StateError(problem, source=settings.state)
        if problem:
            say(f"{index.id}: {problem}")
