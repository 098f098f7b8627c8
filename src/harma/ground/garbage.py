"""Garbage collection while a command starts: paused, since it walks over all that libraries load.

Importing torch makes half a million objects and no garbage; the collector looks at them again and
again meanwhile, and once more when the process ends: a third of the time of `import torch`.
"""

import atexit
import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def paused_collection() -> Iterator[None]:
    """Within this context nothing is collected; for what makes no garbage, such as imports.

    Memory is freed as ever when its last name goes: only circles of objects wait.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def leave_garbage_at_exit() -> None:
    """When the process ends, its memory goes with it: nothing is looked through before.

    What is to be done at the end is done: files are closed, functions of `atexit` run.
    """
    # Once, also for a program that calls several commands.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
