"""Files of marks that clients send, read in a process of its own with limits of memory and time.

`python -m harma.serve.mark_reading FORM` reads a file from its standard input and writes what it
holds to its standard output, as JSON. Parquet is unpacked by a large library, which may take more
memory than the file says, or end its process; it is not to be that of the server.
"""

import base64
import datetime as dt
import json
import logging
import resource
import subprocess
import sys
from typing import Any

import shapely

from harma.errors import DataError, QueryError
from harma.ground.apart import command_of, environment_of, limit_process
from harma.scenes.period import Period
from harma.searches.mark_files import MarkFile, RefusedRow, read_mark_file
from harma.searches.mark_words import MarkRow

logger = logging.getLogger(__name__)

# Of memory beside that of the program, of computing and of waiting, for one file.
MOST_BYTES = 1_000_000_000
CPU_SECONDS = 60
SECONDS = 120.0
# Forms that are read apart; the others are read by the standard library, bounded by their bytes.
APART = ("geoparquet",)
UNREADABLE = "the file cannot be read: it is damaged, or takes too much memory or time"


def read_sent_marks(content: bytes, form: str) -> MarkFile:
    """Read a file of marks that a client sent.

    Args:
        content: of the file.
        form: one of `harma.searches.mark_files.FORMATS`.

    Raises:
        QueryError: it cannot be read; in words that name no file.
    """
    if form in APART:
        return _read_apart(content, form)
    try:
        return read_mark_file(content, form)
    except DataError as error:
        raise QueryError(error.problem) from error


def _read_apart(content: bytes, form: str) -> MarkFile:
    try:
        done = subprocess.run(
            command_of("harma.serve.mark_reading", form),
            input=content,
            capture_output=True,
            timeout=SECONDS,
            # Of plain memory: another pool takes addresses of the limit that it does not use.
            env=environment_of(ARROW_DEFAULT_MEMORY_POOL="system"),
            check=False,
        )
        answer = json.loads(done.stdout)
    except (subprocess.TimeoutExpired, ValueError) as error:
        logger.warning("reading a file of marks of %d bytes ended its process", len(content))
        raise QueryError(UNREADABLE) from error
    if "problem" in answer:
        raise QueryError(answer["problem"])
    return _file_of(answer)


# -- between the two processes --------------------------------------------------------------------


def _as_json(file: MarkFile) -> dict[str, Any]:
    return {
        "rows": [_row_as_json(row) for row in file.rows],
        "refused": [[row.number, row.reason] for row in file.refused],
    }


def _row_as_json(row: MarkRow) -> dict[str, Any]:
    values = dict(vars(row))
    if row.geometry is not None:
        values["geometry"] = base64.b85encode(shapely.to_wkb(row.geometry)).decode()
    if row.taken is not None:
        values["taken"] = [row.taken.start.isoformat(), row.taken.end.isoformat()]
    return values


def _file_of(answer: dict[str, Any]) -> MarkFile:
    rows = [_row_of(values) for values in answer["rows"]]
    return MarkFile(rows, [RefusedRow(*row) for row in answer["refused"]])


def _row_of(values: dict[str, Any]) -> MarkRow:
    if values["geometry"] is not None:
        values["geometry"] = shapely.from_wkb(base64.b85decode(values["geometry"]))
    if values["taken"] is not None:
        values["taken"] = Period(*map(dt.datetime.fromisoformat, values["taken"]))
    return MarkRow(**values)


def main() -> None:
    """Read one file."""
    content = sys.stdin.buffer.read()
    limit_process(MOST_BYTES)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    try:
        answer = _as_json(read_mark_file(content, sys.argv[1]))
    except DataError as error:
        answer = {"problem": error.problem}
    except MemoryError:
        answer = {"problem": UNREADABLE}
    json.dump(answer, sys.stdout)


if __name__ == "__main__":
    main()
