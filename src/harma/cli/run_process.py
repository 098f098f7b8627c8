"""A run's own process: `python -m harma.cli.run_process train RECIPE`.

It is `python -m harma train RECIPE`, but ends with the process that started it, however that one
ends.
"""

import os
import signal
import sys
import threading


def end_with_parent() -> None:
    """End this process and those it started once the pipe on standard input closes.

    Its other end is the parent's: it closes however the parent ends, by a kill too.
    """
    threading.Thread(target=_end_at_eof, daemon=True).start()


def _end_at_eof() -> None:
    while os.read(0, 4096):
        pass
    if hasattr(os, "killpg") and os.getpgid(0) == os.getpid():
        # A group of its own: the processes that read images for it go too.
        os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(1)


if __name__ == "__main__":
    from harma.cli import main

    end_with_parent()
    sys.exit(main())
