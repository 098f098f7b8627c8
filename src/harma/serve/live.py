"""An index that is kept open: warmed apart from requests, opened again when it was made anew."""

import logging
import time
from dataclasses import dataclass

from harma.errors import BusyError, HarmaError, ModelMismatchError
from harma.ground.storage.home import Home, Place, home_of
from harma.index.ask import Page, Query, Vector
from harma.index.index import Index
from harma.index.settings import SETTINGS_FILE, read_settings
from harma.index.store import Store
from harma.model.opened import OpenedModel
from harma.serve.doubts import Doubts
from harma.serve.guarded import CANNOT_BE_READ, GuardedStore
from harma.serve.models import Models

logger = logging.getLogger(__name__)

Versions = tuple[int, int]
# What a person is told of an index that cannot be opened; its log has the words, which name files.
CANNOT_BE_OPENED = "it cannot be opened; the server's log says why"
IS_AS_BEFORE = (
    "what was written last cannot be read, and what was there before is searched; the server's log"
    " says why"
)
PARTLY_READ = "some of it could not be read; the server's log says why"
# Seconds between looks into a bucket that searches wait for.
LOOKS_APART = 5.0
IS_GONE = "it is not where it was; it is opened again when it is back"


@dataclass(frozen=True)
class OpenIndex:
    """An index that is open, and how its versions are numbered.

    Attributes:
        index: it.
        older: the last version of the tables that were served before these.
    """

    index: Index
    older: int

    @property
    def version(self) -> int:
        """Number of the version of the chips."""
        return self.versions[0]

    @property
    def versions(self) -> Versions:
        """Numbers of the versions of the chips and of the sources."""
        chips, sources = self.index.store.versions
        return self.older + chips, self.older + sources


class LiveIndex:
    """An index that is opened, and kept up to date with what is written to it.

    Args:
        name: its id in addresses.
        directory: of it; no client hears it.
        model: loaded already, or None to load it when it warms up.
        models: loads it; None makes one of its own.

    Attributes:
        state: "loading", "ready" or "failed".
        problem: why it failed, or what of it cannot be read, without paths.
    """

    def __init__(
        self,
        name: str,
        directory: Place,
        model: OpenedModel | None = None,
        models: Models | None = None,
    ) -> None:
        self.id = name
        self.directory = directory
        self._home = home_of(directory)
        self._looked = _Looked(self._home)
        self.state = "loading"
        self.problem = ""
        self._model = model
        self._models = models or Models()
        self._open: OpenIndex | None = None
        self._settings_written = ""
        self._doubts = Doubts()
        # Of the tables that were opened last.
        self._model_id = ""
        self._embedding_id = ""

    # -- opened, and kept up to date ---------------------------------------------------------------

    def warm_up(self) -> None:
        """Open the index, load its model, and embed once, so that the first search is quick."""
        try:
            self._take(self._opened())
        except Exception:
            # Whatever it is: nobody else would say that it loads no more.
            logger.exception("the index %s cannot be served", self.directory)
            self._fail(CANNOT_BE_OPENED)

    def _opened(self) -> Index:
        # Before they are read: what is written meanwhile is seen later.
        self._settings_written = self._looked.now()
        settings = read_settings(self.directory)
        if settings.model_id != self._model_id and self._model_id:
            self._model = None
        model = self._model or self._models.of(settings)
        index = Index(GuardedStore(Store(self.directory), self.id, self.doubt))
        if model is None:
            # Of an index whose model HarMA cannot load chips can be looked for, not texts.
            index.find(_anything(settings.embed_dim))
            return index
        # Checked when it was loaded: the fingerprint of a large model takes seconds.
        index.model = model
        index.embedder = self._models.embedder(model)
        index.warm_up()
        index.search("warm up", k=1)
        return index

    def _take(self, index: Index) -> None:
        """Serve an index that was opened, in place of the one before."""
        # Results are kept by versions, and other tables may have the same numbers.
        self._open = OpenIndex(index, self.version)
        self._model_id = index.store.settings.model_id
        self._embedding_id = index.store.settings.embedding_id
        self._learn()
        self.state = "ready"
        self.problem = ""

    def _fail(self, problem: str) -> None:
        self.state = "failed"
        self.problem = problem

    def doubt(self) -> None:
        """Note that something could not be read: the next look opens the index anew."""
        self._doubts.begin()

    def refresh(self) -> bool:
        """See what was written since: cheap where nothing was.

        Searches that are under way go on in the version that they began with.

        Returns:
            Whether there was something new.
        """
        written = self._looked.now()
        if self._open is not None and not written and self.state != "failed":
            self._leave()
        if self.state == "loading" or not written:
            return False
        if written != self._settings_written:
            # They are written with tables that are made anew, and seldom else.
            self._doubts.end()
            return self._open_again()
        if self._doubts.are_due():
            return self._open_again()
        if self.state == "failed":
            return False
        return self._see_new_version()

    def _see_new_version(self) -> bool:
        if self._open is None:
            return False
        try:
            is_new = self._open.index.refresh_if_changed()
        except ModelMismatchError:
            # Embedded again between two looks at its settings; the next one sees that.
            return False
        if is_new:
            self._learn()
            self._doubts.end()
            self.problem = ""
        return is_new

    def _leave(self) -> None:
        """Let go of an index whose directory is gone: what is written to it now is lost."""
        logger.error("the index %s is gone", self.directory)
        self._fail(IS_GONE)
        self._settings_written = ""

    def _open_again(self) -> bool:
        """Open an index that failed, is in doubt, or whose settings were written since."""
        logger.info("the index %s is opened again", self.id)
        was_doubted = self._doubts.are_there
        self._doubts.looked()
        if self._has_other_embeddings():
            # Nothing of it can be searched meanwhile, and loading a new model takes a while.
            self.state = "loading"
        if self.state != "ready":
            self.warm_up()
            return self.state == "ready"
        try:
            self._take(self._opened())
        except Exception:
            logger.exception("the index %s cannot be opened again", self.directory)
            self.doubt()
            if self._still_answers():
                self.problem = IS_AS_BEFORE
            else:
                self._fail(CANNOT_BE_READ)
            return False
        if was_doubted:
            # What a search needs is whole, and some picture, say, is not.
            self.problem = PARTLY_READ
        return True

    def _has_other_embeddings(self) -> bool:
        """Whether the index was embedded again; the tables of before are gone then."""
        try:
            settings = read_settings(self.directory)
        except HarmaError:
            return False
        return settings.embedding_id != self._embedding_id

    def _still_answers(self) -> bool:
        """Whether the version that was opened before can be searched."""
        index = self._held().index
        try:
            index.find(_anything(index.store.settings.embed_dim), page=Page(k=1))
        except HarmaError:
            return False
        return True

    def _learn(self) -> None:
        """Learn what is asked for often, before somebody waits for it."""

    def check_ready(self) -> None:
        """Check that the index can be searched.

        Raises:
            BusyError: it is still loading, or failed.
        """
        _ = self.index

    @property
    def index(self) -> Index:
        """The index.

        Raises:
            BusyError: it is still loading, or failed.
        """
        return self.held().index

    def held(self) -> "OpenIndex":
        """The version that is searched now: refreshes change nothing in it.

        Raises:
            BusyError: it is still loading, or failed.
        """
        if self.state == "failed":
            raise BusyError(f"the index {self.id} cannot be searched: {self.problem}")
        if self.state == "loading":
            raise self._is_loading()
        held = self._held()
        self._check_there()
        if self._is_replaced(held.index):
            raise BusyError(f"the index {self.id} was embedded again and is opened anew; try again")
        return held

    def _held(self) -> "OpenIndex":
        """What is open, whatever state it is in."""
        if self._open is None:
            raise self._is_loading()
        return OpenIndex(self._open.index.held(), self._open.older)

    def _is_loading(self) -> BusyError:
        return BusyError(f"the index {self.id} is still loading; try again soon")

    def _is_replaced(self, index: Index) -> bool:
        """Whether the index has other embeddings now, in other tables: looked at quickly."""
        if self._looked.lately() == self._settings_written:
            return False
        try:
            settings = read_settings(self.directory)
        except HarmaError:
            # Damaged or gone, which the next look tells the log; its tables may well be there.
            return False
        return settings.embedding_id != index.store.settings.embedding_id

    @property
    def version(self) -> int:
        """Number of the version of the chips that is searched; 0 while there is none.

        It rises as long as the server runs, also where other tables take the place of those before.
        """
        return 0 if self._open is None else self._open.version

    @property
    def is_there(self) -> bool:
        """Whether its directory is where it was: looked at quickly."""
        return self._looked.lately() != ""

    def _check_there(self) -> None:
        if not self.is_there:
            raise BusyError(f"the index {self.id} cannot be searched: {IS_GONE}")


def _anything(embed_dim: int) -> Query:
    """A query that needs no model."""
    return Query(like=[Vector([1.0] * embed_dim)])


class _Looked:
    """When the settings of an index were written, as it was seen last.

    Args:
        home: of the index.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stamp = ""
        self._when = float("-inf")

    def now(self) -> str:
        """What names the settings that are there; "" where they are gone."""
        self._stamp = self._home.stamp(SETTINGS_FILE)
        self._when = time.monotonic()
        return self._stamp

    def lately(self) -> str:
        """The same, as it was some seconds ago at most: each look into a bucket takes a while."""
        is_recent = time.monotonic() - self._when < LOOKS_APART
        if is_recent and not self._home.is_folder:
            return self._stamp
        return self.now()
