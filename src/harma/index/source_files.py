"""Files of sources: how an index knows that a scene, any part of it or a sidecar has changed."""

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from harma.index.records import SourceRecord
from harma.scenes.asked import is_asked, stamped_lately
from harma.scenes.period import Period
from harma.scenes.source import Source, holder_of, source_named
from harma.scenes.stamps import Stamp

BLOCK_BYTES = 1 << 20
# Why these bands are shown, where an item of STAC says which they are.
BY_CATALOGUE = "by the common names of the catalogue"
# What GDAL and QGIS write down beside a raster that was looked at says nothing new of it.
STATISTICS = (".aux.xml",)
NOT_A_FILE = -1
CHANGED = "it has changed since it was indexed"
MILLION = 1_000_000


class OnDisk(NamedTuple):
    """What a look at the files of a source shows, without reading them.

    Attributes:
        size: bytes of all; -1 where there is no file.
        mtime_ns: last change of any. Of several files its last six digits tell their times apart:
            one that is replaced by an older one is seen, too.
    """

    size: int
    mtime_ns: int


def on_disk(source: Source) -> OnDisk:
    """Size and time of a source's files; of objects in a bucket, what its stamp says."""
    if source.stamp is not None:
        return OnDisk(source.stamp.size, source.stamp.mtime_ns)
    return _of_files(source)


def _of_files(source: Source) -> OnDisk:
    files = _every_file(source)
    stats = [stat for stat in map(stat_of, files) if stat is not None]
    # Without the file that is opened it is an address, or gone: opening says which.
    if not stats or (is_path(source.opened_as) and stat_of(source.opened_as) is None):
        return OnDisk(NOT_A_FILE, 0)
    if len(stats) == 1:
        return OnDisk(stats[0].st_size, stats[0].st_mtime_ns)
    times = repr([(stat.st_size, stat.st_mtime_ns) for stat in stats]).encode()
    digits = int.from_bytes(hashlib.blake2b(times, digest_size=8).digest()) % MILLION
    last = max(stat.st_mtime_ns for stat in stats)
    return OnDisk(sum(stat.st_size for stat in stats), last // MILLION * MILLION + digits)


def fingerprint(source: Source) -> str:
    """Of files their bytes, of objects in a bucket their ETags, of anything else its name.

    Raises:
        OSError: a file cannot be read.
    """
    if source.stamp is not None:
        return source.stamp.content
    digest = hashlib.blake2b(digest_size=16)
    files = [path for path in _every_file(source) if _has_mode(path, stat.S_ISREG)]
    is_gone = is_path(source.opened_as) and stat_of(source.opened_as) is None
    if not files or is_gone:
        return fingerprint_of_name(source)
    # One file is what it was before scenes had several.
    _add(digest, files[0])
    for path in files[1:]:
        _add_further(digest, path)
    # Rasters of one container or archive have its bytes in common.
    holder = holder_of(source.name)
    if holder:
        digest.update(b"\0" + source.name.replace(holder, "", 1).encode())
    return digest.hexdigest()


def fingerprint_of_name(source: Source) -> str:
    """The fingerprint of a source of which nothing but its name is known."""
    return hashlib.blake2b(source.name.encode(), digest_size=16).hexdigest()


def as_it_is_now(source: Source, record: SourceRecord) -> Source:
    """A source of an index with what its bucket or server says of it now; others as they are.

    Of what was indexed by its name alone, nothing is asked. What nobody can say anything of is
    taken to be as it was.
    """
    if record.size == NOT_A_FILE or source.stamp is not None or not is_asked(source):
        return source
    return stamped_lately(source, Stamp(record.size, record.mtime_ns, record.content))


def change_of(source: Source, record: SourceRecord | None) -> str:
    """Why a source is not the one that was indexed; "" if it is.

    What has changed is not opened: it may be of another format, which reaches elsewhere.

    Args:
        source: of an index.
        record: of it; None where a build has not finished it.
    """
    if record is None or record.problem:
        return CHANGED
    source = as_it_is_now(source, record)
    seen = on_disk(source)
    if seen == (record.size, record.mtime_ns):
        return ""
    if seen.size == NOT_A_FILE:
        return "it is not there"
    try:
        # Touched, or copied anew: the bytes are what counts.
        return "" if fingerprint(source) == record.content else CHANGED
    except OSError as error:
        return f"it cannot be read ({error.strerror or error})"


def source_of(record: SourceRecord, taken: Period | None = None) -> Source:
    """The source of a record: opened as it was when it was indexed.

    Args:
        record: of an index.
        taken: when, if that is known from elsewhere than the file.
    """
    named = source_named(record.source, taken)
    return Source(
        name=record.source,
        opened_as=record.opened_as or named.opened_as,
        taken=taken,
        date_from=record.date_from if taken else "",
        files=listed_files(record.files) or named.files,
        sensor=record.sensor,
        bands=_bands_of_catalogue(record),
    )


def _bands_of_catalogue(record: SourceRecord) -> tuple[int, ...]:
    """Numbers of bands that the file itself does not say."""
    if record.bands_reason != BY_CATALOGUE:
        return ()
    return tuple(map(int, record.bands.split(",")))


def files_as_text(files: Sequence[str]) -> str:
    """Files as a record keeps them, one a line."""
    # No path holds a zero; some hold line breaks.
    return "\n".join(path.replace("\n", "\0") for path in files)


def listed_files(text: str) -> tuple[str, ...]:
    """Files that a record keeps."""
    return tuple(path.replace("\0", "\n") for path in text.split("\n") if path)


def is_path(opened_as: str) -> bool:
    """Whether what is opened is a file or folder, and not put together or inside of a file."""
    return opened_as.startswith("/") and not opened_as.startswith("/vsi")


def _files(source: Source) -> list[str]:
    """The files of a source; what is opened comes first."""
    first = [source.opened_as] if _is_file_name(source.opened_as) else []
    return [*first, *source.files]


def _every_file(source: Source) -> list[str]:
    """The files of a source; of a folder that is a raster (Zarr) those in it."""
    files: list[str] = []
    for path in _files(source):
        if _has_mode(path, stat.S_ISDIR):
            files += sorted(str(below) for below in Path(path).rglob("*") if below.is_file())
        else:
            files.append(path)
    return files


def _is_file_name(opened_as: str) -> bool:
    return not opened_as.startswith(("<", "/vsi"))


def stat_of(path: str) -> os.stat_result | None:
    """What is known of a file or folder; None where none is there."""
    try:
        found = Path(path).stat()
    except (OSError, ValueError):
        return None
    # A pipe or a device is none: who reads one may wait for ever.
    is_one = stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)
    return found if is_one else None


def _has_mode(path: str, is_of: Callable[[int], bool]) -> bool:
    """Whether something of a kind is there; names of other programs may be too long for any."""
    found = stat_of(path)
    return found is not None and is_of(found.st_mode)


def _add(digest: hashlib.blake2b, path: str) -> None:
    with Path(path).open("rb") as file:
        while block := file.read(BLOCK_BYTES):
            digest.update(block)


def _add_further(digest: hashlib.blake2b, path: str) -> None:
    """Add a part or sidecar, with a mark where it begins; nothing where it says nothing."""
    if path.lower().endswith(STATISTICS):
        said = _without_statistics(Path(path).read_bytes())
        if said:
            digest.update(b"\0" + said)
        return
    digest.update(b"\0")
    _add(digest, path)


def _without_statistics(xml: bytes) -> bytes:
    """What an .aux.xml says beside statistics and histograms; nothing if that is all."""
    try:
        root = ElementTree.fromstring(xml) if b"<!ENTITY" not in xml else None
    except ElementTree.ParseError:
        root = None
    if root is None:
        return xml
    said = []
    for element in root.iter():
        key = element.get("key", "")
        text = (element.text or "").strip()
        if element.tag == "Histograms":
            element.clear()
        elif text and not key.startswith("STATISTICS_"):
            said.append(f"{element.tag} {sorted(element.attrib.items())} {text}")
    return "\n".join(said).encode()
