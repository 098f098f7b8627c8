"""Processes that read chips."""

import multiprocessing
from multiprocessing import forkserver
from multiprocessing.context import BaseContext

READER = "harma.index.chips"


def worker_context() -> BaseContext:
    """How workers are started: from a process without threads.

    A fork of this process, in which Lance runs threads, could stand still for ever.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([READER])
    return context


def prepare_workers() -> None:
    """Let the process that workers come from load its libraries, while this one loads its model."""
    if worker_context().get_start_method() == "forkserver":
        forkserver.ensure_running()
