"""Sources: from what a person names (folders, files, globs, lists, addresses) to scenes."""

import glob
import os
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path

from harma.errors import ConfigError, MissingFileError
from harma.scenes.addresses import REMOTE, opened_by_gdal, unsigned
from harma.scenes.period import Period
from harma.scenes.products.product import Part
from harma.scenes.scene_lists import LIST_SUFFIXES, read_list

# What a folder is searched for. Files of other kinds are read when they are named.
SCENE_SUFFIXES = (
    ".tif",
    ".tiff",
    ".vrt",
    ".jp2",
    ".img",
    ".png",
    ".jpg",
    ".jpeg",
    ".webp",
    ".bmp",
    ".gif",
)

# What a property of a scene can be; a column of the index has one of these types.
PropertyValue = str | float | bool | None


@dataclass(frozen=True)
class Source:
    """A scene to read.

    Attributes:
        name: what it is called: an absolute path, or the address as given without a signature.
        opened_as: what GDAL opens: a path, an address, or a VRT in XML that puts files together.
        taken: when, if a list, a product or a catalogue says so.
        date_from: what says so.
        files: local files beside `opened_as` whose change is a change of the scene: parts of a
            product or VRT, sidecars.
        sensor: that took it, where its product or catalogue names it; "" leaves it to the file.
        properties: further columns of its chips, such as ("eo_cloud_cover", 12.5).
        bands: numbers of red, green and blue, where its catalogue says so.
        parts: bands of several files; they are put together when the source is looked at.
        found_in: list or catalogue that names it, read again where a signature has run out.
        problem: why it cannot be read, where that is known from its catalogue; "" otherwise.
    """

    name: str
    opened_as: str
    taken: Period | None = None
    date_from: str = ""
    files: tuple[str, ...] = ()
    sensor: str = ""
    properties: tuple[tuple[str, PropertyValue], ...] = ()
    bands: tuple[int, ...] = ()
    parts: tuple[Part, ...] = ()
    found_in: str = ""
    problem: str = ""

    @property
    def lasting(self) -> str:
        """What an index keeps of `opened_as`: a VRT, without signatures, which no name tells."""
        if not self.opened_as.startswith("<"):
            return ""
        return unsigned(self.opened_as)


def find_sources(named: Iterable[str | os.PathLike[str]]) -> list[Source]:
    """Every scene that is named, once, in the order named; a folder's in the order of their paths.

    Args:
        named: files; folders, searched with everything below; globs (`**` too); lists (.txt: a line
            each; .csv: a column path and, if there is one, datetime), whose relative paths are
            relative to the list; addresses (https://, s3://, gs://, /vsi…).

    Raises:
        ConfigError: one name is given in place of a list.
        MissingFileError: something named is not there, or a folder or glob holds no scene.
        DataError: a list cannot be used.
    """
    # The letters of a name would each be looked for.
    if isinstance(named, str | bytes | os.PathLike):
        raise ConfigError(f"sources is {str(named)!r}; give a list, such as [{str(named)!r}]")
    # By name: what is named twice, or lies in two folders that are named, is read once.
    sources: dict[str, Source] = {}
    for item in named:
        for source in _expand(os.fspath(item), Path.cwd()):
            sources.setdefault(source.name, source)
    return list(sources.values())


def source_named(name: str, taken: Period | None = None) -> Source:
    """The source of an absolute path or an address, as an index keeps it or a person gives it.

    Args:
        name: a path, or an address, which may be signed.
        taken: when, if that is known from elsewhere than the file.
    """
    if name.startswith(("/vsi", *REMOTE)):
        return Source(unsigned(name), opened_by_gdal(name), taken)
    return Source(name, name, taken)


def _expand(item: str, base: Path) -> list[Source]:
    """The scenes of one thing that is named; a path in it is relative to `base`."""
    if not item.strip():
        raise MissingFileError(
            "a source is named by an empty text; name a file, folder, glob, list or address"
        )
    # Imported here: catalogues make sources, too.
    from harma.scenes.catalogues.catalogue import of_catalogue

    listed = of_catalogue(item, base)
    if listed is not None:
        return listed
    if item.startswith(("/vsi", *REMOTE)):
        return [source_named(item)]
    path = base / _without_tilde(item)
    if path.is_dir():
        return _of_folder(path)
    if path.is_file() and path.suffix.lower() in LIST_SUFFIXES:
        return _of_list(path)
    if path.is_file():
        return [_of_file(path)]
    if glob.has_magic(item):
        return _of_glob(item, path)
    raise MissingFileError(f"there is no file or folder {item}")


def _without_tilde(item: str) -> Path:
    try:
        return Path(item).expanduser()
    except RuntimeError:  # ~somebody who is not known here: a file may be called so
        return Path(item)


def _of_file(path: Path) -> Source:
    # Absolute, but not resolved: a link is named as the person names it.
    return source_named(os.path.abspath(path))  # noqa: PTH100


def _of_folder(folder: Path) -> list[Source]:
    files = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SCENE_SUFFIXES and path.is_file()
    )
    if not files:
        raise MissingFileError(
            f"the folder {folder} holds no images or rasters ({', '.join(SCENE_SUFFIXES)})"
        )
    return [_of_file(path) for path in files]


def _of_glob(item: str, path: Path) -> list[Source]:
    # Not Path.glob: it takes no absolute patterns.
    matches = sorted(Path(match) for match in glob.glob(str(path), recursive=True))  # noqa: PTH207
    files = [_of_file(match) for match in matches if match.is_file()]
    if not files:
        raise MissingFileError(f"no file matches {item}")
    return files


def _of_list(path: Path) -> list[Source]:
    sources = []
    for entry in read_list(path):
        for found in _expand(entry.name, path.parent):
            # A catalogue in a list is read again itself.
            source = replace(found, found_in=found.found_in or str(path.absolute()))
            if entry.taken is None:
                sources.append(source)
            else:
                taken = Period.moment(entry.taken)
                sources.append(replace(source, taken=taken, date_from=f"the list {path.name}"))
    return sources
