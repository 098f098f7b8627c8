"""Parts of a VRT: the local files that a .vrt refers to, those of further .vrt among them too."""

import os
import re
from collections.abc import Collection, Iterator
from pathlib import Path
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from harma.errors import DataError
from harma.ground.storage.addresses import in_bucket
from harma.scenes.addresses import address_opened
from harma.scenes.small_files import read_small

# A mosaic of a million tiles is larger; nobody reads it whole to see what belongs to it.
MOST_BYTES = 64 << 20
# Elements that name a file.
NAMING = ("SourceFilename", "SourceDataset")
# Of a band whose pixels are the bytes of any file.
RAW_BAND = "VRTRawRasterBand"
MOST_DEEP = 8
# Metadata that name files: overviews, geolocation arrays.
NAMING_KEYS = ("FILE", "DATASET", "FILENAME")
SIGNS_OF_PATHS = ("../", "/vsi", "://", "\\")


def parts_of(vrt: str) -> list[str]:
    """The local files that a VRT names, absolute, each once; none if it cannot be read."""
    found: dict[str, None] = {}
    _collect(vrt, found, MOST_DEEP)
    found.pop(vrt, None)
    return list(found)


def _collect(vrt: str, found: dict[str, None], depth: int) -> None:
    for part in _named_in(vrt):
        if part in found:
            continue
        found[part] = None
        # A VRT in a VRT; one that names itself ends with what is found.
        if part.lower().endswith(".vrt") and depth:
            _collect(part, found, depth - 1)


def strangers_in(vrt: str, files: Collection[str]) -> list[str]:
    """What a VRT reaches for beside its own files: other files, addresses; as it names them.

    Args:
        vrt: its path.
        files: that belong to it, absolute.

    Returns:
        Also the VRT itself, if it cannot be read, or shows bytes of any file as pixels.
    """
    root = _root(vrt)
    if root is None or any(band.get("subClass") == RAW_BAND for band in root.iter()):
        return [vrt]
    strangers = []
    for element in root.iter():
        if element.tag in NAMING and element.text and _path(element, vrt) not in files:
            strangers.append(element.text)
    return strangers


def reached_by(vrt: str) -> Iterator[tuple[str, str]]:
    """All that a VRT has read: files as it names them, and where they lie.

    Args:
        vrt: its path, or its address in a bucket.

    Yields:
        The name, and the absolute path; "" for what does not lie in the VRT's folder or below it,
        and for a VRT that shows bytes of any file as pixels.

    Raises:
        DataError: it cannot be read.
    """
    root = _root(vrt)
    if root is None:
        raise DataError(
            f"it is a virtual raster (VRT) that cannot be read as XML without entities of at most"
            f" {MOST_BYTES >> 20} MB; write it anew (gdalbuildvrt)"
        )
    folder = os.path.dirname(vrt) + "/"  # noqa: PTH120
    for element in root.iter():
        text = (element.text or "").strip()
        if element.get("subClass") == RAW_BAND:
            yield "bytes of a file as pixels", ""
        elif element.tag in NAMING and text:
            path = _path(element, vrt)
            yield text, path if path.startswith(folder) else ""
        elif _may_name(element, text):
            yield text, ""


def _may_name(element: Element, text: str) -> bool:
    """Whether an element that is not known to name a file has a path or an address in it."""
    if element.tag == "MDI" and not element.get("key", "").endswith(NAMING_KEYS):
        return False
    return text.startswith("/") or any(sign in text for sign in SIGNS_OF_PATHS)


def _named_in(vrt: str) -> Iterator[str]:
    root = _root(vrt)
    if root is None:
        return
    for element in root.iter():
        if element.tag in NAMING and element.text:
            path = _path(element, vrt)
            if path:
                yield path


def _root(vrt: str) -> Element | None:
    """A VRT, parsed; None where it cannot be read."""
    try:
        if not in_bucket(vrt) and Path(vrt).stat().st_size > MOST_BYTES:
            return None
        text = read_small(vrt)
        # No entities: a VRT needs none, and they can make a small text a huge one.
        return None if b"<!ENTITY" in text else ElementTree.fromstring(text)
    except (OSError, ElementTree.ParseError, ValueError):
        return None


def _path(element: Element, vrt: str) -> str:
    """The file that an element names; "" where it is none of this machine's."""
    text = re.sub(r"^file://", "", (element.text or "").strip())
    if in_bucket(vrt) and address_opened(text):
        return address_opened(text)
    # /vsi…, addresses, and subdatasets: NETCDF:/data/c.nc:x.
    if text.startswith(("/vsi", "<")) or re.match(r"^[A-Za-z][\w+.-]+:", text):
        return ""
    is_relative = element.get("relativeToVRT", element.get("relativetoVRT", "0")) == "1"
    if in_bucket(vrt):
        # What is not beside it is a file of whatever machine opens it.
        scheme, _, rest = vrt.partition("://")
        joined = os.path.normpath(os.path.join(os.path.dirname(rest), text))  # noqa: PTH118, PTH120
        return f"{scheme}://{joined}" if is_relative else ""
    base = os.path.dirname(vrt) if is_relative else os.getcwd()  # noqa: PTH109, PTH120
    return os.path.normpath(os.path.join(base, text))  # noqa: PTH118
