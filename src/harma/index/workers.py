"""Processes that read chips."""

import multiprocessing
import os
import threading
from multiprocessing import forkserver
from multiprocessing.context import BaseContext
from multiprocessing.process import BaseProcess

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


def end_with_parent(number: int) -> None:
    """Let a worker end when the process that reads from it is killed: its own parent, the fork server, lives on.

    Args:
        number: of the worker.
    """
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_after, args=(parent,), daemon=True).start()


def _end_after(process: BaseProcess) -> None:
    process.join()
    os._exit(1)
