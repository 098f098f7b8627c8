"""Retries over a network: once more, with the address that the list or catalogue gives now.

Signatures run out while a build goes on, and servers break off. What failed is tried again after a
pause; where a list or catalogue named it, that is read again, once a minute at most.
"""

import threading
import time
from dataclasses import dataclass, replace

from harma.errors import HarmaError, MissingFileError
from harma.scenes.source import Source
from harma.scenes.sources import find_sources

# Seconds before a second try, and for which a list that was read again is taken to be fresh.
PAUSE = 2.0
FRESH = 60.0
# In what GDAL opens, where it reads over a network.
NETWORK = ("/vsicurl", "/vsis3", "/vsigs", "/vsiaz", "/vsiadls", "/vsioss", "/vsiswift", "://")
REFUSED = ("response code: 401", "response code: 403")
# What a second try does not mend.
HOPELESS = ("response code: 404",)
HINT = (
    "the server refuses it: its signature or token is missing or has expired. Name it, or its list,"
    " with a fresh one and build again; what is in the index stays"
)


@dataclass(frozen=True)
class _ListRead:
    """A list that was read again, and when."""

    at: float
    sources: dict[str, Source]


class FreshLists:
    """Sources as their lists and catalogues give them now. Threads may share it."""

    def __init__(self) -> None:
        self._lists: dict[str, _ListRead] = {}
        self._lock = threading.Lock()

    def __reduce__(self) -> "tuple[type[FreshLists], tuple[()]]":
        # A lock does not travel to another process: a reader there begins without lists.
        return FreshLists, ()

    def again(self, source: Source) -> Source:
        """The same source with its present address; as it was where no list gives another."""
        time.sleep(PAUSE)
        if not source.found_in:
            return source
        with self._lock:
            known = self._lists.get(source.found_in)
            if known is None or time.monotonic() - known.at > FRESH:
                known = _ListRead(time.monotonic(), _read_again(source.found_in))
                self._lists[source.found_in] = known
        now = known.sources.get(source.name)
        if now is None or now.problem:
            return source
        return replace(source, opened_as=now.opened_as, parts=now.parts)


def _read_again(found_in: str) -> dict[str, Source]:
    try:
        return {source.name: source for source in find_sources([found_in])}
    except HarmaError:
        # It has failed for another reason than the source: what the source says is told.
        return {}


def may_be_mended(source: Source, error: Exception) -> bool:
    """Whether a second try may read a source that failed."""
    opened = " ".join([source.opened_as, *(part.path for part in source.parts)])
    if not any(sign in opened for sign in NETWORK):
        return False
    if isinstance(error, MissingFileError):
        return False
    return not any(sign in str(error) for sign in HOPELESS)


def told(problem: str) -> str:
    """A problem of a source, with what to do where a server refuses."""
    if any(sign in problem for sign in REFUSED):
        return f"{problem}; {HINT}"
    return problem
