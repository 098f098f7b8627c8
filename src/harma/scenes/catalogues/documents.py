"""Documents of a catalogue: JSON of this machine, of a bucket, or over http, with retries."""

import time
import urllib.error
import urllib.request
from typing import Any

from harma.errors import DataError, HarmaError, MissingFileError
from harma.ground.json_text import parse_json
from harma.ground.messages import first_line
from harma.scenes.addresses import unsigned
from harma.scenes.small_files import read_small

# Seconds that a server may be silent, and that are waited before each further try.
PATIENCE = 60
PAUSES = (0.5, 2.0, 6.0)
# Answers after which a server is asked again.
BUSY = frozenset((408, 425, 429, 500, 502, 503, 504))
# A search result of a million items is about this large.
MOST_BYTES = 4 << 30


def read_document(where: str) -> dict[str, Any]:
    """A document of JSON.

    Args:
        where: path, or address: of http, or in a bucket.

    Raises:
        MissingFileError: it is not there.
        DataError: it cannot be read, or is no object of JSON.
        StorageError: its bucket cannot be read.
    """
    values = _parsed(_text(where), where)
    if not isinstance(values, dict):
        raise DataError(f"{unsigned(where)} is JSON, but no STAC item, collection or catalogue")
    return values


def _parsed(text: bytes, where: str) -> object:
    try:
        return parse_json(text)
    except DataError as error:
        raise DataError(error.problem, source=unsigned(where)) from error


def _text(where: str) -> bytes:
    if where.startswith(("http://", "https://")):
        return _downloaded(where)
    try:
        return read_small(where)
    except HarmaError:
        raise
    except FileNotFoundError as error:
        raise MissingFileError(f"{where} is not there") from error
    except OSError as error:
        raise DataError(f"{where} cannot be read ({error.strerror or error})") from error


def _downloaded(address: str) -> bytes:
    for pause in PAUSES:
        try:
            return _asked(address)
        except urllib.error.HTTPError as error:
            if error.code not in BUSY:
                raise _refused(address, error) from error
        except (OSError, ValueError):
            # A connection that breaks off; what is wrong for good fails again below.
            pass
        time.sleep(pause)
    try:
        return _asked(address)
    except urllib.error.HTTPError as error:
        raise _refused(address, error) from error
    except (OSError, ValueError) as error:
        reason = unsigned(first_line(error))
        raise DataError(f"{unsigned(address)} cannot be read ({reason})") from error


def _asked(address: str) -> bytes:
    headers = {"Accept": "application/geo+json, application/json", "User-Agent": "harma"}
    request = urllib.request.Request(address, headers=headers)
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        content: bytes = answer.read(MOST_BYTES)
    return content


def _refused(address: str, error: urllib.error.HTTPError) -> DataError | MissingFileError:
    name = unsigned(address)
    if error.code in (404, 410):
        return MissingFileError(f"{name} is not there (HTTP {error.code})")
    if error.code in (401, 403):
        return DataError(
            f"{name} is refused (HTTP {error.code}): it needs a token, or that of its address has"
            " expired"
        )
    return DataError(f"{name} cannot be read (HTTP {error.code})")
