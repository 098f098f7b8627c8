"""Programs of their own for what strangers send: started here, bounded in memory, time and files.

What a decoder of pictures or of Parquet does wrong ends such a process, not the server.
"""

import os
import resource
import sys
from pathlib import Path

# Where Linux tells what a process takes.
OWN_MEMORY = Path("/proc/self/statm")


def command_of(module: str, *arguments: str) -> list[str]:
    """The command that runs a module of ours, of which nobody else can give another."""
    # -P: modules of the directory that the server was started in are not ours.
    return [sys.executable, "-P", "-m", module, *arguments]


def environment_of(**further: str) -> dict[str, str]:
    """What such a process has in its environment: ours, and one thread.

    More threads would take memory of the limit, and cores of the searches.
    """
    threads = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")
    return {**os.environ, **threads, **further}


def limit_process(most_bytes: int) -> None:
    """Let this process take so much memory more than now, and write no file.

    Args:
        most_bytes: of addresses, beside those of the program itself.
    """
    # Where the system does not tell what the program takes, it knows no such limit either.
    if OWN_MEMORY.exists():
        own = int(OWN_MEMORY.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (own + most_bytes, own + most_bytes))
    for limit in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE):
        resource.setrlimit(limit, (0, 0))
