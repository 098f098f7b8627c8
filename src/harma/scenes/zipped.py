"""Archives (.zip): what lies in them, by the paths that GDAL reads them by (/vsizip/)."""

import re
import zipfile
from pathlib import Path

from harma.errors import DataError, MissingFileError
from harma.scenes.folders import is_left_alone

# zip://a.zip!/b.tif as rasterio and fiona write it.
ADDRESS = re.compile(r"^zip://(?P<archive>.+?)(?:!/?(?P<inner>.*))?$", re.DOTALL)


def files_in(archive: Path) -> list[str]:
    """The paths of all files in an archive, as GDAL opens them; hidden ones are left alone.

    Raises:
        DataError: it cannot be read, or what it holds is protected by a password.
    """
    try:
        with zipfile.ZipFile(archive) as opened:
            entries = [entry for entry in opened.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        raise DataError(f"the archive cannot be read ({error})", source=str(archive)) from error
    if any(entry.flag_bits & 1 for entry in entries):
        raise DataError("the archive has a password; unpack it", source=str(archive))
    names = sorted(entry.filename for entry in entries)
    shown = [name for name in names if not any(map(is_left_alone, name.split("/")))]
    return [inside(archive, name) for name in shown]


def inside(archive: Path, inner: str) -> str:
    """The path that GDAL opens a file of an archive by."""
    return f"/vsizip/{archive.absolute()}/{inner.lstrip('/')}"


def archive_of(path: str) -> str:
    """The archive that a /vsizip/ path lies in; "" where it lies in none of this machine's."""
    if not path.startswith("/vsizip/"):
        return ""
    rest = path.removeprefix("/vsizip/")
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
