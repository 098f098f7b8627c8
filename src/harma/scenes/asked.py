"""What servers say of single scenes now (HEAD): size, time and ETag of objects and addresses.

What was listed needs no request of its own. A server that says nothing, or refuses to be asked so,
leaves a scene as it was: its name is all that is known of it.
"""

import email.utils
import time
import urllib.request
from dataclasses import replace
from functools import lru_cache

from harma.errors import HarmaError
from harma.ground.storage.objects import StoredObject, described
from harma.scenes.addresses import address_opened
from harma.scenes.source import Source
from harma.scenes.stamped import inner_name, objects_of
from harma.scenes.stamps import Stamp, stamp_of

HTTP = ("http://", "https://")
# Seconds that a server may take to say something of an address.
PATIENCE = 10
# Seconds for which an answer is good where the same scene is looked at again and again.
LATELY = 30.0
REMEMBERED = 4096
NOT_TOLD = 0


def is_asked(source: Source) -> bool:
    """Whether a server can say anything of a source."""
    return bool(objects_of(source)) or address_opened(source.opened_as).startswith(HTTP)


def stamp_asked(source: Source) -> Stamp | None:
    """What servers say of a source now; None where they say nothing."""
    names = objects_of(source)
    try:
        if not names:
            found = [_of_address(address_opened(source.opened_as))]
        else:
            found = [described(name) for name in names]
    except (HarmaError, OSError, ValueError):
        # Opening it says what is wrong.
        return None
    known = [stored for stored in found if stored is not None]
    if not known or len(known) < len(found):
        return None
    return stamp_of(known, inner_name(source, names))


def stamped_lately(source: Source, otherwise: Stamp) -> Source:
    """A source with what servers said of it less than a minute ago.

    Args:
        source: of an index.
        otherwise: of one that nobody says anything of.
    """
    stamp = _stamp_asked(replace(source, stamp=None), int(time.monotonic() / LATELY))
    return replace(source, stamp=stamp or otherwise)


def is_gone_from_bucket(address: str) -> bool:
    """Whether there is surely no object of this name any more."""
    try:
        return described(address) is None
    except HarmaError:
        return False


@lru_cache(REMEMBERED)
def _stamp_asked(source: Source, _moment: int) -> Stamp | None:
    return stamp_asked(source)


def _of_address(address: str) -> StoredObject | None:
    """What a server says of an address; None where neither a time nor an ETag is said."""
    if not address.startswith(HTTP):
        return None
    request = urllib.request.Request(address, method="HEAD", headers={"User-Agent": "harma"})
    with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
        told = answer.headers
    written = _seconds(told.get("Last-Modified", ""))
    size = int(told.get("Content-Length") or NOT_TOLD)
    etag = told.get("ETag", "")
    if written and size:
        # Several servers behind one name may have an ETag each for the same file.
        etag = ""
    if not etag and not written:
        return None
    return StoredObject("", size, etag, written * 1_000_000_000)


def _seconds(date: str) -> int:
    """A date of HTTP in seconds since 1970; 0 where there is none."""
    try:
        return int(email.utils.parsedate_to_datetime(date).timestamp())
    except (TypeError, ValueError):
        return NOT_TOLD
