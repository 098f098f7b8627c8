"""Processes that read: the fork server that starts them, and that they end with their embedder."""

import logging
import multiprocessing
import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

# What the fork server imports, once for all workers. Not imported here: it takes seconds, in which
# this process can load what it needs itself.
READER_MODULES = ["harma.index.workers", "harma.index.look", "harma.data.transforms"]
# The root, and those loggers whose levels the command line sets.
LOGGERS = ("", "harma", "rasterio")
LOG_FORMAT = "%(levelname)s %(message)s"


def prepare_workers() -> None:
    """Let the process that workers come from load its libraries, while this one loads its model."""
    if worker_context().get_start_method() != "forkserver":
        return
    # A terminal sends Ctrl-C to all processes. This one ends those that it has; until they ignore
    # the signal, they would each show where in an import they were.
    # What the server starts first, and what lets signals through again when it is started.
    resource_tracker.ensure_running()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        forkserver.ensure_running()
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def worker_context() -> BaseContext:
    """How workers are started: from a process without threads.

    A fork of this process, in which Lance runs threads, could stand still for ever.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(READER_MODULES)
    return context


@dataclass(frozen=True)
class WorkerStart:
    """What a worker does first: it takes over the settings of its embedder, and ends with it.

    Attributes:
        environment: of the embedder, which the fork server may have been started before.
        log_levels: of the loggers that a command sets; empty where nobody has set up logging.
    """

    environment: Mapping[str, str]
    log_levels: Mapping[str, int]

    @classmethod
    def here(cls) -> "WorkerStart":
        """The start of a worker of this process."""
        log_levels: dict[str, int] = {}
        if logging.getLogger().handlers:
            log_levels = {name: logging.getLogger(name).level for name in LOGGERS}
        return cls(dict(os.environ), log_levels)

    def __call__(self, worker: int = 0) -> None:
        """Start.

        Args:
            worker: its number.
        """
        # A terminal sends Ctrl-C to all processes: the embedder ends those that it has.
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        for name in os.environ.keys() - self.environment.keys():
            del os.environ[name]
        os.environ.update(self.environment)
        if self.log_levels:
            logging.basicConfig(format=LOG_FORMAT)
        for name, level in self.log_levels.items():
            logging.getLogger(name).setLevel(level)
        parent = multiprocessing.parent_process()
        # Its own parent, the fork server, lives on when the embedder is killed.
        if parent is not None:
            threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(process: BaseProcess) -> None:
    process.join()
    # From a thread, while the main one may wait for a task for ever.
    os._exit(1)
