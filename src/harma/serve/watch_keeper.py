"""The server runs watches itself, when an index has a new version, and tells of what they find.

It does what `harma watch run` does, and the two may run at once: each event comes once.
"""

import logging
import threading

from harma.errors import HarmaError
from harma.searches.notices import Notices, tell_all
from harma.searches.watching import run_watches
from harma.searches.webhook import read_secret
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

logger = logging.getLogger(__name__)

# Seconds between two looks: a build writes a new version each 15 seconds.
INTERVAL_S = 15.0


def notices_of(settings: ServeSettings) -> Notices:
    """Who may be told by a server.

    Raises:
        ConfigError: the secret cannot be read, or can be guessed.
    """
    secret = read_secret(settings.webhook_secret_file)
    return Notices(settings.webhook_hosts, secret, settings.can_notify)


class WatchKeeper:
    """Runs watches until the server ends.

    Args:
        service: of the server.
        interval_s: seconds between two looks.
    """

    def __init__(self, service: Service, *, interval_s: float = INTERVAL_S) -> None:
        self._service = service
        self._interval_s = interval_s
        self._is_ended = threading.Event()
        # Of each index the version whose watches were run: those of a start are, too.
        self._versions: dict[str, tuple[int, int]] = {}

    def start(self) -> None:
        """Begin, unless the server was told to leave it."""
        settings = self._service.settings
        if settings.runs_watches and not settings.is_read_only:
            # Of its own: an application may be started again before the last thread has ended.
            self._is_ended = threading.Event()
            threading.Thread(target=self._keep_running, args=[self._is_ended], daemon=True).start()

    def end(self) -> None:
        """End; a run that is under way is kept whole, or not at all."""
        self._is_ended.set()

    def _keep_running(self, is_ended: threading.Event) -> None:
        while not is_ended.wait(self._interval_s):
            for index in self._service.indexes.values():
                if not is_ended.is_set():
                    self.look(index)

    def look(self, index: ServedIndex) -> None:
        """Run the watches of an index if it has a new version, and tell of what is untold."""
        if index.state != "ready":
            return
        try:
            # Of chips and of sources: a scene is whole when its record is written, too.
            versions = index.held().versions
            if self._versions.get(index.id) != versions:
                for run in run_watches(index.index, index.searches):
                    if run.num_scenes or run.problem:
                        logger.info("%s: %s", index.id, run.told)
                self._versions[index.id] = versions
            for problem in tell_all(index.searches, notices_of(self._service.settings)):
                logger.warning("%s: %s", index.id, problem)
        except HarmaError as error:
            # It is tried again; what was not told stays untold.
            logger.error("the watches of %s cannot be run: %s", index.id, error)
        except Exception:
            # What nobody thought of is told, too, and ends no thread that runs all watches.
            logger.exception("the watches of %s cannot be run", index.id)
