"""Sources: from what a person names (folders, files, globs, lists, addresses) to scenes."""

import glob
import os
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from harma.errors import ConfigError, DataError, MissingFileError
from harma.ground.storage.addresses import address_of, in_bucket
from harma.scenes.addresses import REMOTE, is_address
from harma.scenes.bucket_folders import BucketWalk, is_bucket_glob
from harma.scenes.catalogues.catalogue import of_catalogue
from harma.scenes.catalogues.hrefs import ALLOWED
from harma.scenes.folders import Walker, is_text, printable
from harma.scenes.formats import (
    FOLDERS_OF_A_RASTER,
    FOLDERS_OF_A_SCENE,
    SCENE_SUFFIXES,
    suffix_of,
)
from harma.scenes.grouping import Entry, group
from harma.scenes.scene_lists import LIST_SUFFIXES, read_list
from harma.scenes.source import Found, Source, source_named
from harma.scenes.subdatasets import subdataset
from harma.scenes.zipped import ARCHIVE_SUFFIXES, files_in, from_address, inside

NOT_TEXT = "its name is not UTF-8 text, which an index cannot hold; rename it"


def find_sources(named: Iterable[str | os.PathLike[str]]) -> list[Source]:
    """Every scene that is named: `find_scenes` without what was left out."""
    return find_scenes(named).sources


def find_scenes(named: Iterable[str | os.PathLike[str]]) -> Found:
    """Every scene that is named, once, in the order named; a folder's in the order of their paths.

    Args:
        named: files; folders, searched with everything below; globs (`**` too); archives (.zip);
            lists (.txt: a line each; .csv: a column path and, if there is one, datetime), whose
            relative paths are relative to the list; addresses (https://, s3://, gs://, az://,
            /vsi…); all of these but subdatasets in buckets, too (s3://bucket/scenes/);
            subdatasets (NETCDF:c.nc:Band1).

    Raises:
        ConfigError: one name is given in place of a list.
        MissingFileError: something named is not there, or a folder or glob holds no scene.
        DataError: a list or archive cannot be used.
        StorageError: a bucket cannot be listed.
    """
    # The letters of a name would each be looked for.
    if isinstance(named, str | bytes | os.PathLike):
        raise ConfigError(f"sources is {str(named)!r}; give a list, such as [{str(named)!r}]")
    naming = _Naming()
    for item in named:
        naming.add(os.fspath(item), Path.cwd())
    found = group(list(naming.entries.values()), naming.buckets.objects)
    found.problems.update(naming.problems)
    naming.check_folders(found)
    return found


class _Naming:
    """Collects the files of all that is named."""

    def __init__(self) -> None:
        # By path: what is named twice, or lies in two folders that are named, is read once.
        self.entries: dict[str, Entry] = {}
        self.problems: dict[str, str] = {}
        self.buckets = BucketWalk()
        self._walker = Walker()
        # Folders and archives in which scenes were expected.
        self._searched: list[str] = []

    def add(self, item: str, base: Path) -> None:
        """Take in one thing that is named; a path in it is relative to `base`."""
        for entry in self._expand(item, base):
            there = self.entries.get(entry.path)
            # A list or catalogue says more of a file than the folder that it lies in.
            if there is None or (entry.says_more and not there.says_more):
                self.entries[entry.path] = entry

    def _expand(self, item: str, base: Path) -> list[Entry]:
        if not item.strip():
            raise MissingFileError(
                "a source is named by an empty text; name a file, folder, glob, list or address"
            )
        listed = of_catalogue(item, base)
        if listed is not None:
            return [_ready(source) for source in listed]
        if in_bucket(item):
            return self._of_bucket(item)
        if item.startswith(("/vsi", *REMOTE)):
            return [_ready(source_named(item))]
        path = base / _without_tilde(item)
        if path.is_dir():
            return self._of_folder(path)
        if path.is_file():
            return self._of_file(path)
        return self._of_pattern(item, path, base)

    def _of_file(self, path: Path) -> list[Entry]:
        if not is_text(str(path)):
            self.problems[printable(str(path))] = NOT_TEXT
            return []
        suffix = path.suffix.lower()
        if suffix in LIST_SUFFIXES:
            return self._of_list(path)
        if suffix in ARCHIVE_SUFFIXES:
            return self._of_archive(path)
        # Absolute, but not resolved: a link is named as the person names it.
        return [Entry(os.path.abspath(path))]  # noqa: PTH100

    def _of_folder(self, folder: Path) -> list[Entry]:
        name = os.path.abspath(folder)  # noqa: PTH100
        if name.lower().endswith(FOLDERS_OF_A_RASTER):
            return [Entry(name)]
        walk = self._walker.walk(name)
        self.problems |= walk.problems
        if walk.is_new:
            self._searched.append(name)
        return [Entry(path, is_sought=True) for path in walk.files]

    def _of_bucket(self, address: str) -> list[Entry]:
        if is_bucket_glob(address):
            return self._of_bucket_glob(address)
        suffix = suffix_of(address)
        if suffix in SCENE_SUFFIXES and address not in self.buckets.objects:
            # Of the million of a list none is asked for before it is looked at.
            return [_ready(source_named(address))]
        if suffix in LIST_SUFFIXES:
            return self._of_list(address)
        if suffix in ARCHIVE_SUFFIXES:
            return self._of_archive(address)
        if _is_prefix(address) or not self.buckets.has(address):
            return self._of_prefix(address)
        return [Entry(address)]

    def _of_prefix(self, address: str) -> list[Entry]:
        folder = address.rstrip("/")
        files = self.buckets.below(folder)
        if not files:
            raise MissingFileError(
                f"there is no object {address}, and none below it; see its name (small and"
                " capital letters differ)"
            )
        if folder.lower().endswith(FOLDERS_OF_A_RASTER):
            self.buckets.join(folder)
            return [Entry(folder)]
        self._searched.append(f"{folder}/")
        return [Entry(file, is_sought=True) for file in files]

    def _of_bucket_glob(self, pattern: str) -> list[Entry]:
        # Names of objects may hold [ and ?, too.
        if "*" not in pattern and self.buckets.has(pattern):
            return [Entry(pattern)]
        entries = []
        for file in self.buckets.matching(pattern):
            suffix = suffix_of(file)
            if pattern.endswith("*"):
                entries.append(Entry(file, is_sought=True))
            elif suffix in ARCHIVE_SUFFIXES:
                entries += self._of_archive(file)
            else:
                entries.append(Entry(file))
        if not entries:
            raise MissingFileError(f"no object matches {pattern}")
        return entries

    def _of_archive(self, path: Path | str) -> list[Entry]:
        if isinstance(path, str):
            # Its stamp is that of what lies in it.
            self.buckets.has(path)
        self._searched.append(inside(path, "").rstrip("/"))
        return [Entry(file, is_sought=True) for file in files_in(path)]

    def _of_pattern(self, item: str, path: Path, base: Path) -> list[Entry]:
        """What is no file and no folder: a subdataset, a file in an archive, or a glob."""
        name = subdataset(item, base)
        if name is not None:
            return [_ready(source_named(name))]
        in_archive = from_address(item, base)
        if in_archive is not None:
            archive, inner = in_archive
            if not inner:
                return self._of_archive(archive)
            return [_ready(source_named(inside(archive, inner)))]
        if glob.has_magic(item):
            return self._of_glob(item, path)
        raise MissingFileError(f"there is no file or folder {printable(item)}")

    def _of_glob(self, item: str, path: Path) -> list[Entry]:
        # Not Path.glob: it takes no absolute patterns.
        matches = sorted(map(Path, glob.glob(str(path), recursive=True)))  # noqa: PTH207
        entries: list[Entry] = []
        # A link to a folder above gives its files again and again.
        seen: set[str] = set()
        for match in matches:
            real = os.path.realpath(match)
            if real not in seen and (match.is_file() or _is_one(match)):
                seen.add(real)
                entries += self._of_match(match, is_sought=item.endswith("*"))
        if not seen:
            raise MissingFileError(f"no file matches {item}")
        return entries

    def _of_match(self, path: Path, *, is_sought: bool) -> list[Entry]:
        if path.is_dir():
            return self._of_folder(path)
        # Every file, texts and sidecars among them, was not what was meant by a star.
        if is_sought:
            return [Entry(os.path.abspath(path), is_sought=True)]  # noqa: PTH100
        # A list is read where it is named, not where it lies beside scenes.
        if path.suffix.lower() in LIST_SUFFIXES:
            return [Entry(os.path.abspath(path))]  # noqa: PTH100
        return self._of_file(path)

    def _of_list(self, path: Path | str) -> list[Entry]:
        entries = []
        for listed in read_list(path):
            for found in self._expand_listed(listed.name, path):
                entry = replace(_found_in(found, path), properties=listed.properties)
                if listed.taken is None:
                    entries.append(entry)
                else:
                    date_from = f"a list ({PurePosixPath(path).name})"
                    entries.append(replace(entry, taken=listed.taken, date_from=date_from))
        return entries

    def _expand_listed(self, name: str, path: Path | str) -> list[Entry]:
        if isinstance(path, Path):
            return self._expand(name, path.parent)
        return self._expand(_beside(name, path), Path.cwd())

    def check_folders(self, found: Found) -> None:
        """Check that each folder and archive that is named holds something.

        Raises:
            MissingFileError: one does not.
        """
        told = [*found.problems]
        for source in found.sources:
            told += [source.name, *source.files]
        told.sort()
        for folder in self._searched:
            if _below(folder, told):
                continue
            problem = f"the folder {folder} holds no images or rasters"
            left_out = _below(folder, sorted(found.left_out))
            if left_out:
                why = found.left_out[left_out]
                problem += f" but what is left out, such as {left_out}: {why}"
            else:
                problem += f" ({', '.join(SCENE_SUFFIXES)})"
            raise MissingFileError(problem)


def _below(folder: str, paths: list[str]) -> str:
    """The first of some paths, in order, that lies in a folder or is it; "" if none does."""
    place = bisect_left(paths, folder)
    if place < len(paths) and paths[place].startswith(folder):
        return paths[place]
    return ""


def _is_one(folder: Path) -> bool:
    """Whether a folder is one scene, so that a glob may mean it: X.SAFE, X.zarr."""
    return folder.suffix.lower() in FOLDERS_OF_A_SCENE and folder.is_dir()


def _ready(source: Source) -> Entry:
    return Entry(source.name, source=source)


def _is_prefix(address: str) -> bool:
    """Whether an address of a bucket is surely that of a folder: the bucket, a/, X.SAFE, X.zarr."""
    is_bucket = not address_of(address).key
    return is_bucket or address.endswith("/") or suffix_of(address) in FOLDERS_OF_A_SCENE


def _beside(name: str, listed: str) -> str:
    """The address that a list in a bucket names.

    Raises:
        DataError: it names what is not of the network.
    """
    if is_address(name):
        return name
    # Who can write to a bucket shall not have files of this machine read.
    if name.startswith(("/", "~")) or ":" in name or ".." in name.split("/"):
        raise DataError(
            f"the list {listed} names {name}; a list in a bucket names addresses ({ALLOWED}), or"
            " what lies beside it"
        )
    return f"{listed.rpartition('/')[0]}/{name}"


def _found_in(entry: Entry, listed: Path | str) -> Entry:
    """An entry that knows the list it is from; one of a catalogue knows that."""
    source = entry.source
    if source is None or source.found_in:
        return entry
    return replace(entry, source=replace(source, found_in=_absolute(listed)))


def _absolute(listed: Path | str) -> str:
    return listed if isinstance(listed, str) else str(listed.absolute())


def _without_tilde(item: str) -> Path:
    try:
        return Path(item).expanduser()
    except RuntimeError:  # ~somebody who is not known here: a file may be called so
        return Path(item)
