"""Download of data sets over HTTP: only when asked, resumed where it broke off, verified."""

import hashlib
import os
import shutil
import time
import zipfile
import zlib
from dataclasses import dataclass, fields
from http.client import HTTPException, HTTPResponse
from importlib.resources import files
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from harma.errors import ConfigError, DataError, DownloadError, StorageError
from harma.ground.progress import Advance
from harma.ground.reading import read_yaml

BLOCK = 1 << 18  # bytes written at once
TIMEOUT = 30.0
TRIES = 5
# Variables that forbid requests.
OFFLINE = ("HF_HUB_OFFLINE", "HARMA_OFFLINE")
NEEDED_KEYS = {"title", "licence", "homepage", "where", "layout"}

# An archive that says that it unpacks to more than so many times its size is none of pictures.
MOST_TIMES = 50
SMALL = 1 << 30
# How the folder begins in which files are unpacked.
UNPACKING = ".unpacking."


@dataclass(frozen=True)
class Download:
    """A data set, or a part of one, and how to get it.

    Attributes:
        name: that it is asked for by.
        title: what it is.
        licence: its terms.
        homepage: where its makers describe it.
        where: how a person gets it.
        layout: what the folder must hold.
        url: of the file; "" where there is no open address that lasts.
        bytes: its size; 0 if unknown.
        sha256: its checksum; "" if unknown.
    """

    name: str
    title: str
    licence: str
    homepage: str
    where: str
    layout: str
    url: str = ""
    bytes: int = 0
    sha256: str = ""

    @property
    def file(self) -> str:
        """The file's name."""
        return self.url.rsplit("/", 1)[-1]


def known_downloads() -> dict[str, Download]:
    """What the package knows, by name."""
    return read_downloads(Path(str(files("harma.curation").joinpath("downloads.yaml"))))


def read_downloads(path: Path) -> dict[str, Download]:
    """Read a registry.

    Raises:
        ConfigError: an entry has an unknown key, or lacks one.
    """
    entries = read_yaml(path, "the list of downloads")
    allowed = {field.name for field in fields(Download)} - {"name"}
    for name, values in entries.items():
        unknown = sorted(set(values) - allowed)
        missing = sorted(NEEDED_KEYS - set(values))
        if unknown or missing:
            raise ConfigError(
                f"{name} has unknown {unknown} and lacks {missing}; allowed are {sorted(allowed)}",
                source=str(path),
            )
    return {name: Download(name=name, **values) for name, values in entries.items()}


def refuse_offline() -> None:
    """Raise where the environment forbids requests.

    Raises:
        ConfigError: HF_HUB_OFFLINE or HARMA_OFFLINE is set.
    """
    for name in OFFLINE:
        # As huggingface_hub reads its own variable.
        if os.environ.get(name, "").lower() in ("1", "true", "yes", "on"):
            raise ConfigError(f"{name} is set, so nothing is downloaded; unset it to download")


def fetch(
    item: Download,
    directory: Path,
    *,
    progress: Advance | None = None,
    tries: int = TRIES,
    wait: float = 1.0,
    timeout: float = TIMEOUT,
) -> tuple[Path, str]:
    """Get a file; a part of it that is there already is completed.

    Args:
        item: what to get.
        directory: where it goes.
        progress: called with (bytes so far, bytes in all, 0 if unknown).
        tries: connections in a row that may fail without a further byte having come.
        wait: seconds before the second try; doubled each time.
        timeout: seconds without an answer.

    Returns:
        The file, and its SHA-256.

    Raises:
        ConfigError: it has no open address, or requests are forbidden.
        DownloadError: the server does not give it, or the connection breaks; what has come is kept.
        StorageError: the disk does not take it; what has come is kept.
        DataError: it is not what it should be; what has come is deleted.
    """
    if not item.url:
        raise ConfigError(
            f"{item.name} has no open address; `harma data download {item.name}` says where to"
            " get it"
        )
    refuse_offline()
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / item.file
    if path.is_file():
        # A person may have put it there: it is never asked for again, and never deleted.
        return path, _verified(item, path, keep=True)
    # Under another name until all of it is there and verified.
    part = directory / f"{item.file}.part"
    _complete(item, part, progress, tries=tries, wait=wait, timeout=timeout)
    digest = _verified(item, part, keep=False)
    part.replace(path)
    return path, digest


def _complete(
    item: Download,
    part: Path,
    progress: Advance | None,
    *,
    tries: int,
    wait: float,
    timeout: float,
) -> None:
    """Connect until the part of a file is all of it.

    Raises:
        DownloadError: too many connections in a row brought nothing.
    """
    num_failed = 0
    most = _size(part)
    while not (pulled := _pull(item, part, progress, timeout)).complete:
        # A server without ranges begins anew each time: only what goes beyond earlier tries is
        # progress.
        if _size(part) > most:
            num_failed = 0
            most = _size(part)
        num_failed += 1
        if num_failed >= tries:
            raise DownloadError(
                f"{item.url}: the connection broke {tries} times ({pulled.why}); {_size(part):,}"
                f" bytes have come and are kept in {part}; run the same command again to go on"
            )
        # A server that is overloaded is not helped by clients that ask at once.
        time.sleep(wait * 2 ** (num_failed - 1))


@dataclass(frozen=True)
class _Pulled:
    """How a connection ended: with all that was to come, or why too soon."""

    complete: bool
    why: str = ""


def _pull(item: Download, part: Path, progress: Advance | None, timeout: float) -> _Pulled:
    """Add to the part of a file what one connection gives."""
    there = _size(part)
    if item.bytes and there == item.bytes:
        return _Pulled(True)
    headers = {"User-Agent": "harma"}
    if there:
        # Go on where an earlier connection, or an earlier command, ended.
        headers["Range"] = f"bytes={there}-"
    try:
        with urlopen(Request(item.url, headers=headers), timeout=timeout) as response:
            return _receive(item, response, part, progress)
    except HTTPError as error:
        return _refused(item, part, error)
    except (DownloadError, StorageError):
        # Both are an OSError too, but another try would not mend them.
        raise
    except (URLError, HTTPException, OSError) as error:
        return _Pulled(False, str(getattr(error, "reason", error) or type(error).__name__))


def _receive(
    item: Download, response: HTTPResponse, part: Path, progress: Advance | None
) -> _Pulled:
    there = _size(part)
    start = 0
    # A server that knows no ranges sends all of it again.
    if response.status == 206 and _starts_at(response, there):
        start = there
    total = _total(item, response, start)
    # Better now than after a third of a gigabyte.
    if item.bytes and total != item.bytes:
        raise DownloadError(
            f"{item.url} has {total:,} bytes; it should have {item.bytes:,}: it has changed"
        )
    end = start
    with part.open("r+b" if start else "wb") as file:
        file.seek(start)
        while block := response.read(BLOCK):
            _write(file, block, part)
            end += len(block)
            if progress is not None:
                progress(end, total)
    if end < total:
        return _Pulled(False, "it ended too soon")
    return _Pulled(True)


def _total(item: Download, response: HTTPResponse, start: int) -> int:
    """The size of the whole file as the server has it, else as it is known; 0 if it is not."""
    length = response.headers.get("Content-Length")
    if length and length.isdecimal():
        return start + int(length)
    return item.bytes


def _write(file: IO[bytes], block: bytes, part: Path) -> None:
    try:
        file.write(block)
        # Now, not when the file is closed: the error must come here.
        file.flush()
    except OSError as error:
        raise StorageError(
            f"{part} cannot be written ({error.strerror}); what has come is kept: make room, and"
            " run the same command again to go on"
        ) from error


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _starts_at(response: HTTPResponse, start: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {start}-")


def _refused(item: Download, part: Path, error: HTTPError) -> _Pulled:
    """What to make of an answer that is an error."""
    if error.code == 416:
        # All has come, or more than there is: the checksum decides where the size is not known.
        if item.bytes and part.stat().st_size > item.bytes:
            part.unlink()
            return _Pulled(False, "what had come was too long")
        return _Pulled(True)
    # Overloaded, or too many requests: worth another try, unlike "not found".
    if error.code >= 500 or error.code == 429:
        return _Pulled(False, f"the server answers {error.code}")
    raise DownloadError(
        f"{item.url}: the server answers {error.code} {error.reason}; get it by hand from"
        f" {item.homepage}"
    ) from error


def _verified(item: Download, path: Path, *, keep: bool) -> str:
    """The SHA-256 of a file that is what it should be.

    Otherwise it is deleted, unless it was there before.
    """
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    size = path.stat().st_size
    wrong = ""
    if item.bytes and size != item.bytes:
        wrong = f"has {size:,} bytes; it should have {item.bytes:,}"
    elif item.sha256 and digest != item.sha256:
        wrong = f"has the SHA-256 {digest}; it should have {item.sha256}"
    if wrong and keep:
        raise DataError(f"{path} is there already, but {wrong}; move it away to download it anew")
    if wrong:
        path.unlink()
        raise DataError(
            f"what {item.url} gave {wrong}; it is deleted. Download it again, or see"
            f" {item.homepage}"
        )
    return digest


def unpack(archive: Path, directory: Path) -> int:
    """Unpack a ZIP archive; files that are there are written anew.

    Returns:
        The number of files.

    Raises:
        DataError: it is no ZIP archive, it is damaged, or a name in it leads out of the folder.
        StorageError: the disk does not take the files.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if not name.endswith("/")]
            _check_names_stay_inside(archive, names, directory)
            _check_unpacked(archive, opened)
            _extract(opened, directory)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError) as error:
        # RuntimeError is what zipfile raises for an encrypted archive.
        raise DataError(f"{archive} cannot be unpacked ({error}); download it again") from error
    return len(names)


def _check_names_stay_inside(archive: Path, names: list[str], directory: Path) -> None:
    """Raise if a file of an archive would lie outside the folder it is unpacked to."""
    inside = directory.resolve()
    for name in names:
        if not (inside / name).resolve().is_relative_to(inside):
            raise DataError(
                f"{archive} has a file {name!r} that would lie outside {directory}; not unpacked"
            )


def _check_unpacked(archive: Path, opened: zipfile.ZipFile) -> None:
    """Raise if an archive would fill a disk: pictures do not get much smaller by packing."""
    unpacked = sum(member.file_size for member in opened.infolist())
    size = archive.stat().st_size
    if unpacked > MOST_TIMES * size + SMALL:
        raise DataError(
            f"{archive} has {size:,} bytes and says that it unpacks to {unpacked:,}; not unpacked"
        )


def _extract(opened: zipfile.ZipFile, directory: Path) -> None:
    """Unpack one file after another; each gets its name when it is complete."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        for left in directory.glob(f"{UNPACKING}*.tmp"):
            shutil.rmtree(left)
        with TemporaryDirectory(prefix=UNPACKING, suffix=".tmp", dir=directory) as temporary:
            for member in opened.infolist():
                unpacked = Path(opened.extract(member, temporary))
                path = directory / unpacked.relative_to(temporary)
                path.parent.mkdir(parents=True, exist_ok=True)
                if member.is_dir():
                    path.mkdir(exist_ok=True)
                else:
                    unpacked.replace(path)
    except OSError as error:
        raise StorageError(
            f"{opened.filename} cannot be unpacked to {directory} ({error.strerror}); make room,"
            " and unpack it again"
        ) from error
