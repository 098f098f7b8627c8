"""Getting a file over HTTP: only when asked, resumed where it broke off, verified (`harma data download`)."""

import hashlib
import os
import time
import zipfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from http.client import HTTPException
from importlib.resources import files
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from harma.errors import ConfigError, DataError, DownloadError
from harma.ground.reading import read_yaml

Progress = Callable[[int, int], None]
BLOCK = 1 << 18
TIMEOUT = 30.0
TRIES = 5
OFFLINE = ("HF_HUB_OFFLINE", "HARMA_OFFLINE")


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
    entries: Any = read_yaml(path, "the list of downloads")
    allowed = {field.name for field in fields(Download)} - {"name"}
    for name, values in entries.items():
        unknown = sorted(set(values) - allowed)
        missing = sorted({"title", "licence", "homepage", "where", "layout"} - set(values))
        if unknown or missing:
            raise ConfigError(
                f"{path}: {name} has unknown {unknown} and lacks {missing}; allowed are"
                f" {sorted(allowed)}"
            )
    return {name: Download(name=name, **values) for name, values in entries.items()}


def refuse_offline() -> None:
    """Raise where the environment forbids requests.

    Raises:
        ConfigError: HF_HUB_OFFLINE or HARMA_OFFLINE is set.
    """
    for name in OFFLINE:
        if os.environ.get(name, "").lower() in ("1", "true", "yes", "on"):
            raise ConfigError(f"{name} is set, so nothing is downloaded; unset it to download")


def fetch(
    item: Download,
    directory: Path,
    *,
    progress: Progress | None = None,
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
        return path, _verified(item, path, keep=True)
    part = directory / f"{item.file}.part"
    failed, most = 0, _size(part)
    while not (pulled := _pull(item, part, progress, timeout)).complete:
        # A server without ranges begins anew each time: only what goes beyond earlier tries is
        # progress.
        failed = 1 if _size(part) > most else failed + 1
        most = max(most, _size(part))
        if failed >= tries:
            raise DownloadError(
                f"{item.url}: the connection broke {tries} times ({pulled.why}); {_size(part):,}"
                f" bytes have come and are kept in {part}; run the same command again to go on"
            )
        time.sleep(wait * 2 ** (failed - 1))
    digest = _verified(item, part, keep=False)
    part.replace(path)
    return path, digest


@dataclass(frozen=True)
class _Pulled:
    """How a connection ended: with all that was to come, or why too soon."""

    complete: bool
    why: str = ""


def _pull(item: Download, part: Path, progress: Progress | None, timeout: float) -> _Pulled:
    """Add to the part of a file what one connection gives."""
    there = _size(part)
    if item.bytes and there == item.bytes:
        return _Pulled(True)
    request = Request(
        item.url, headers={"User-Agent": "harma", **({"Range": f"bytes={there}-"} if there else {})}
    )
    came = 0
    try:
        with urlopen(request, timeout=timeout) as response:
            # A server that knows no ranges sends all of it again.
            start = there if response.status == 206 and _starts_at(response, there) else 0
            length = response.headers.get("Content-Length")
            total = start + int(length) if length and length.isdecimal() else item.bytes
            if item.bytes and total != item.bytes:
                raise DownloadError(
                    f"{item.url} has {total:,} bytes; it should have {item.bytes:,}: it has changed"
                )
            with part.open("r+b" if start else "wb") as file:
                file.seek(start)
                for block in iter(lambda: response.read(BLOCK), b""):
                    file.write(block)
                    came += len(block)
                    if progress is not None:
                        progress(start + came, total)
    except HTTPError as error:
        return _refused(item, part, error)
    except (URLError, HTTPException, OSError) as error:
        if isinstance(error, DownloadError):
            raise
        return _Pulled(False, str(getattr(error, "reason", error) or type(error).__name__))
    short = bool(total) and start + came < total
    return _Pulled(not short, "it ended too soon" if short else "")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def _starts_at(response: Any, start: int) -> bool:
    return str(response.headers.get("Content-Range", "")).startswith(f"bytes {start}-")


def _refused(item: Download, part: Path, error: HTTPError) -> _Pulled:
    """What to make of an answer that is an error."""
    if error.code == 416:
        # All has come, or more than there is: the checksum decides where the size is not known.
        if item.bytes and part.stat().st_size > item.bytes:
            part.unlink()
            return _Pulled(False, "what had come was too long")
        return _Pulled(True)
    if error.code >= 500 or error.code == 429:
        return _Pulled(False, f"the server answers {error.code}")
    raise DownloadError(
        f"{item.url}: the server answers {error.code} {error.reason}; get it by hand from"
        f" {item.homepage}"
    ) from error


def _verified(item: Download, path: Path, *, keep: bool) -> str:
    """The SHA-256 of a file that is what it should be; otherwise it is deleted, unless it was there before."""
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
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            names = [name for name in opened.namelist() if not name.endswith("/")]
            inside = directory.resolve()
            for name in names:
                if not (inside / name).resolve().is_relative_to(inside):
                    raise DataError(
                        f"{archive} has a file {name!r} that would lie outside {directory}; not"
                        " unpacked"
                    )
            opened.extractall(directory)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        RuntimeError,
    ) as error:  # RuntimeError: it is encrypted
        raise DataError(f"{archive} cannot be unpacked ({error}); download it again") from error
    return len(names)
