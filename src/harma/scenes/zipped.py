"""Archives (.zip, .tar): what lies in them, by the paths that GDAL opens (/vsizip/, /vsitar/)."""

import re
import struct
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import BinaryIO

from harma.errors import DataError, HarmaError, MissingFileError
from harma.ground.messages import first_line
from harma.ground.storage.object_files import open_object
from harma.scenes.addresses import address_opened, opened_by_gdal
from harma.scenes.folders import is_left_alone
from harma.scenes.formats import suffix_of

# What is read where it is named. Others would be unpacked anew for every chip.
ARCHIVE_SUFFIXES = (".zip", ".tar")
# GDAL's prefixes, of one length.
READERS = ("/vsizip/", "/vsitar/")
ENCRYPTED = 1
# What their readers raise on damaged archives.
DAMAGE = (
    OSError,
    EOFError,
    ValueError,
    LookupError,
    OverflowError,
    RuntimeError,
    MemoryError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
    tarfile.TarError,
)
# zip://a.zip!/b.tif as rasterio and fiona write it.
ADDRESS = re.compile(r"^zip://(?P<archive>.+?)(?:!/?(?P<inner>.*))?$", re.DOTALL)


def files_in(archive: Path | str) -> list[str]:
    """The paths of all files in an archive, as GDAL opens them; hidden ones are left alone.

    Args:
        archive: path; a text is the address of one in a bucket.

    Raises:
        DataError: it cannot be read, or what it holds is protected by a password.
        MissingFileError: it is not there.
        StorageError: its bucket cannot be read.
    """
    try:
        with _opened(archive) as file:
            names = _in_tar(file) if _is_tar(archive) else _in_zip(file)
    except HarmaError:
        raise
    except DAMAGE as error:
        problem = f"the archive cannot be read ({first_line(error)})"
        raise DataError(problem, source=str(archive)) from error
    shown = [name for name in sorted(names) if not any(map(is_left_alone, name.split("/")))]
    return [inside(archive, name) for name in shown]


def _opened(archive: Path | str) -> BinaryIO:
    if isinstance(archive, Path):
        return archive.open("rb")
    return open_object(archive)


def _in_zip(file: BinaryIO) -> list[str]:
    with zipfile.ZipFile(file) as opened:
        entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    if any(entry.flag_bits & ENCRYPTED for entry in entries):
        raise ValueError("it has a password; unpack it")
    return [entry.filename for entry in entries]


def _in_tar(file: BinaryIO) -> list[str]:
    with tarfile.open(fileobj=file, mode="r:") as opened:
        # ./a.tif is a.tif.
        return [entry.name.removeprefix("./") for entry in opened if entry.isfile()]


def _is_tar(archive: Path | str) -> bool:
    return suffix_of(str(archive)) == ".tar"


def inside(archive: Path | str, inner: str) -> str:
    """The path that GDAL opens a file of an archive by; a text is the address of one."""
    kind = "/vsitar/" if _is_tar(archive) else "/vsizip/"
    opened = opened_by_gdal(archive) if isinstance(archive, str) else str(archive.absolute())
    return f"{kind}{opened}/{inner.lstrip('/')}"


def archive_address(path: str) -> str:
    """The address of the archive that a path lies in; "" where it is not in a bucket."""
    if not path.startswith(READERS):
        return ""
    opened = path[len(READERS[0]) :].lower()
    ends = [opened.find(f"{suffix}/") + len(suffix) for suffix in ARCHIVE_SUFFIXES]
    found = [end for end, suffix in zip(ends, ARCHIVE_SUFFIXES, strict=True) if end >= len(suffix)]
    return address_opened(path[len(READERS[0]) :][: min(found, default=0)])


def archive_of(path: str) -> str:
    """The archive that a /vsizip/ or /vsitar/ path lies in; "" where it is none of this machine."""
    if not path.startswith(READERS):
        return ""
    rest = path[len(READERS[0]) :]
    # /vsizip/a.zip/b.tif, /vsizip//data/a.zip/b.tif and /vsizip/{/data/a.zip}/b.tif.
    braced = re.match(r"^\{(.+?)\}", rest)
    if braced:
        return braced[1] if Path(braced[1]).is_file() else ""
    for end in re.finditer(r"/|$", rest):
        if end.start() and Path(rest[: end.start()]).is_file():
            return rest[: end.start()]
    return ""


def from_address(item: str, base: Path) -> tuple[Path, str] | None:
    """Archive and file of an address zip://ARCHIVE!/FILE; None where it is no such address.

    Raises:
        MissingFileError: the archive is not there.
    """
    match = ADDRESS.match(item)
    if match is None:
        return None
    archive = base / match["archive"]
    if not archive.is_file():
        raise MissingFileError(
            f"there is no archive {match['archive']}; write zip:///data/a.zip!/b.tif, or"
            " /vsizip//data/a.zip/b.tif"
        )
    return archive, match["inner"] or ""
