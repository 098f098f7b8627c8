"""A served index: opened and warmed apart from requests, its sources by id, its saved searches."""

import logging
import threading
from functools import cached_property
from pathlib import Path

from harma.errors import BusyError, HarmaError, NotFoundError
from harma.index.index import Index
from harma.index.source_ids import sources_by_id
from harma.model.model import HarMA
from harma.searches.book import SearchBook
from harma.searches.database import open_beside
from harma.serve.embedding import SharedEmbedder

logger = logging.getLogger(__name__)


class ServedIndex:
    """One index of a server.

    Args:
        name: its id in addresses.
        directory: of it; no client hears it.
        model: loaded already, or None to load it when it warms up.

    Attributes:
        state: "loading", "ready" or "failed".
        problem: why it failed, without paths.
    """

    def __init__(self, name: str, directory: Path, model: HarMA | None = None) -> None:
        self.id = name
        self.directory = directory
        self.state = "loading"
        self.problem = ""
        self._model = model
        self._index: Index | None = None
        self._lock = threading.Lock()
        self._sources: tuple[int, dict[str, str]] | None = None

    def warm_up(self) -> None:
        """Open the index, load its model, and embed once, so that the first search is quick."""
        try:
            index = Index.open(self.directory, model=self._model)
            index.embedder = SharedEmbedder(index.model)
            index.search("warm up", k=1)
        except HarmaError as error:
            logger.exception("the index %s cannot be served", self.directory)
            self.state = "failed"
            self.problem = type(error).__name__
            return
        self._index = index
        self.state = "ready"

    @property
    def index(self) -> Index:
        """The index.

        Raises:
            BusyError: it is still loading, or failed.
        """
        if self._index is None:
            raise BusyError(f"the index {self.id} is {self.state}; try again soon")
        return self._index

    @cached_property
    def searches(self) -> SearchBook:
        """Its saved searches."""
        return SearchBook(open_beside(self.directory))

    def source_name(self, source: str) -> str:
        """The name of a source by its id.

        Raises:
            NotFoundError: there is no such source.
        """
        names = self._names()
        if source not in names:
            raise NotFoundError(f"there is no source {source} in the index {self.id}")
        return names[source]

    def _names(self) -> dict[str, str]:
        """Id → name of the sources of the version that is searched."""
        store = self.index.store
        with self._lock:
            if self._sources is None or self._sources[0] != store.version:
                self._sources = (store.version, sources_by_id(store.sources()))
            return self._sources[1]
