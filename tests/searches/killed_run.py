"""A run of a watch that is killed at a point; run as a program by `test_watch_runs`."""

import os
import signal
import sys
from pathlib import Path

from harma.index.index import Index
from harma.searches import watch_runs, watching
from harma.searches.book import SearchBook
from harma.searches.database import open_beside


def die(*_, **__):
    os.kill(os.getpid(), signal.SIGKILL)


def dies_after(function, calls=1):
    """A function that does its work so many times, and then kills the process."""
    count = 0

    def killed(*args, **kwargs):
        nonlocal count
        count += 1
        result = function(*args, **kwargs)
        if count >= calls:
            die()
        return result

    return killed


def arrange(point):
    """Where the process dies."""
    if point == "before it looks":
        watching.scenes_there = die
    elif point == "before it keeps":
        watching.keep_run = die
    elif point == "after the scenes":
        watch_runs._write = dies_after(watch_runs._write, 1)
    elif point == "after the places":
        watch_runs._write = dies_after(watch_runs._write, 2)
    elif point == "after the events":
        watch_runs._write = dies_after(watch_runs._write, 3)
    elif point == "before it is committed":
        watch_runs._numbered = die
    elif point == "when it is kept":
        watching.keep_run = dies_after(watching.keep_run)


if __name__ == "__main__":
    directory, search, point = sys.argv[1:]
    arrange(point)
    book = SearchBook(open_beside(Path(directory)))
    watching.run_watch(Index.open(directory), book, search)
