"""Sources that other scenes stand for: parts of products, and copies whose originals are gone.

An index is built on again and again, and what lies on the disk changes meanwhile: the last band of
a product arrives, tiles get a mosaic, a folder of an item's files is named without the item, a
copy takes the place of its original. No place shall be found twice for that, and no scene be lost.
"""

from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from pathlib import Path

from harma.index.moved import is_gone
from harma.index.records import SourceRecord
from harma.index.source_files import listed_files
from harma.scenes.source import Found, Source

PART = "a part of a scene that the index has"


def without_known_parts(found: Found, known: Mapping[str, SourceRecord]) -> Found:
    """Leave out single files that the index has as parts of a scene that is put together.

    Args:
        found: scenes as they were found now.
        known: records of the index.

    Returns:
        What is left; files that were left out are among `left_out`.
    """
    put_together = {source.name for source in found.sources if not _is_plain(source)}
    parts: set[str] = set()
    for record in known.values():
        if record.source not in put_together:
            parts |= _parts(record)
    left_out = {}
    sources = []
    for source in found.sources:
        if _is_plain(source) and source.name in parts:
            left_out[source.name] = PART
        else:
            sources.append(source)
    return replace(found, sources=sources, left_out=found.left_out | left_out)


def superseded(
    found: Found, known: Mapping[str, SourceRecord], problems: Iterable[str]
) -> list[str]:
    """Sources of an index that other scenes stand for.

    Args:
        found: the scenes of a build that is done.
        known: records of the index after it.
        problems: sources that could not be used.
    """
    named = {source.name for source in found.sources}
    read = [known[name] for name in sorted(named - set(problems)) if name in known]
    parts = _all_parts(found, known, read, set(problems))
    contents = {record.content for record in read}
    names = []
    for name in known.keys() - named:
        if name in parts or _is_left_copy(known[name], contents):
            names.append(name)
    return sorted(names)


def _all_parts(
    found: Found,
    known: Mapping[str, SourceRecord],
    read: Iterable[SourceRecord],
    problems: AbstractSet[str],
) -> set[str]:
    """Files that are no scenes of their own, whatever they were in an earlier build."""
    parts = {path for path, why in found.left_out.items() if why != PART}
    for record in read:
        parts |= set(listed_files(record.files))
    for record in known.values():
        # What could not be read now stands for nothing.
        if record.source not in problems:
            parts |= _parts(record) - {record.source}
    return parts


def _is_left_copy(record: SourceRecord, contents: AbstractSet[str]) -> bool:
    """Whether the file of a source is gone, and one of the same content was just read."""
    return record.content in contents and not record.problem and is_gone(record)


def _is_plain(source: Source) -> bool:
    """Whether a source is a file as it is, of which nothing but the file itself says anything."""
    said = source.parts or source.properties or source.taken
    return source.opened_as == source.name and not said


def _parts(record: SourceRecord) -> set[str]:
    """The files of a scene that is put together; none of others, and none if one is gone."""
    if record.problem or not record.opened_as:
        return set()
    files: Sequence[str] = listed_files(record.files)
    if not all(Path(file).exists() for file in files):
        return set()
    return {record.source, *files}
