"""A look at one source before it is read: fingerprint, size, time, facts, what fails."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from harma.errors import HarmaError
from harma.ground.origins import is_of_machine
from harma.index.records import SourceRecord
from harma.index.source_files import NOT_A_FILE, fingerprint, fingerprint_of_name, on_disk
from harma.scenes.asked import is_asked, stamp_asked
from harma.scenes.edge import forget, not_from_memory
from harma.scenes.fresh import FreshLists, may_be_mended, told
from harma.scenes.known_pictures import KnownPicture
from harma.scenes.put_together import put_together, reading_of
from harma.scenes.raster import open_scene
from harma.scenes.reading import Reading
from harma.scenes.scene import SceneFacts
from harma.scenes.scene_lists import is_list
from harma.scenes.source import Source
from harma.scenes.stamps import Stamp
from harma.scenes.windows import Tiling, Windows


@dataclass(frozen=True, eq=False)
class Surveyed:
    """What is known of a source before its chips are read.

    Attributes:
        source: it.
        size: bytes; -1 where it is not a file.
        mtime_ns: time of the last change.
        content: fingerprint of the bytes, or of the address; "" where it was not asked for.
        facts: of the opened scene; None where it was not opened.
        windows: its chips, by number; None where it was not opened.
        problem: why it cannot be used, or "".
        is_known: whether the index has exactly this source already.
        picture: what was seen of a plain picture; None of a raster, and where it was not opened.
        record: of the source in the index; None of a new one, and where it is as it was by size and
            time.
    """

    source: Source
    size: int
    mtime_ns: int
    content: str
    facts: SceneFacts | None = None
    windows: Windows | None = None
    problem: str = ""
    is_known: bool = False
    picture: KnownPicture | None = None
    record: SourceRecord | None = None


class Unsurveyed(NamedTuple):
    """A source to look at, with its record in the index if it has one."""

    source: Source
    record: SourceRecord | None


@dataclass(frozen=True)
class Surveyor:
    """What is done to look at a source; it travels to other processes.

    Attributes:
        tiling: how scenes are cut.
        reading: how scenes are read.
        fresh: lists of sources, read again where a server refuses one.
    """

    tiling: Tiling
    reading: Reading
    fresh: FreshLists = field(default_factory=FreshLists)

    def look(self, group: Sequence[Unsurveyed]) -> list[Surveyed]:
        """What has become of some sources since the index took them in."""
        return [_look_at(*source, self.tiling, self.reading, self.fresh) for source in group]


def _look_at(
    source: Source,
    record: SourceRecord | None,
    tiling: Tiling,
    reading: Reading,
    fresh: FreshLists,
) -> Surveyed:
    """What has become of one source."""
    if source.problem:
        return Surveyed(source, -1, 0, "", problem=source.problem, record=record)
    source = _stamped(source, record)
    size, mtime_ns = on_disk(source)
    known = record
    if record is not None and record.problem:
        # What could not be read is looked at anew.
        known = None
    if known is not None and (known.size, known.mtime_ns) == (size, mtime_ns):
        return Surveyed(source, size, mtime_ns, known.content, is_known=True, record=record)
    try:
        content = fingerprint(source)
        # Touched, or copied anew: the bytes are what counts.
        if known is not None and _is_same(source, content, known):
            return Surveyed(source, size, mtime_ns, known.content, is_known=True, record=record)
        if record is not None:
            _forget(source)
        opened = _opened(source, tiling, reading, fresh)
    except (HarmaError, OSError) as error:
        problem = problem_of(error)
        return Surveyed(source, size, mtime_ns, "", problem=problem, record=record)
    return Surveyed(
        opened.source,
        size,
        mtime_ns,
        content,
        opened.facts,
        opened.windows,
        picture=opened.picture,
        record=record,
    )


def _stamped(source: Source, record: SourceRecord | None) -> Source:
    """A source with what its server says of it, where that was not listed."""
    if source.stamp is not None or not is_asked(source):
        return source
    was_stamped = record is not None and record.size != NOT_A_FILE
    of_catalogue = bool(source.found_in) and not is_list(source.found_in)
    # A catalogue says itself what it holds: of its million items none is asked for.
    if of_catalogue and not was_stamped:
        return source
    stamp = stamp_asked(source)
    if stamp is None and record is not None and was_stamped:
        stamp = Stamp(record.size, record.mtime_ns, record.content)
    return replace(source, stamp=stamp)


def _forget(source: Source) -> None:
    """Let GDAL forget an address that has changed; of a bucket it keeps nothing."""
    if source.opened_as.startswith("/vsicurl/"):
        forget(source.opened_as)


def _is_same(source: Source, content: str, record: SourceRecord) -> bool:
    """Whether a source has the bytes that were indexed, as far as that is known."""
    if record.content == content:
        return True
    # Indexed when nothing but its name was known: from now on its stamp tells.
    is_by_name = record.size == NOT_A_FILE and source.stamp is not None
    return is_by_name and record.content == fingerprint_of_name(source)


class _Opened(NamedTuple):
    """A source that was opened, with the address that opened it."""

    source: Source
    facts: SceneFacts
    windows: Windows
    picture: KnownPicture | None


def _opened(source: Source, tiling: Tiling, reading: Reading, fresh: FreshLists) -> _Opened:
    """Open a source; over a network a second time, if the first fails."""
    try:
        return _open(source, tiling, reading)
    except HarmaError as error:
        if not may_be_mended(source, error):
            raise
    with not_from_memory():
        return _open(fresh.again(source), tiling, reading)


def _open(source: Source, tiling: Tiling, reading: Reading) -> _Opened:
    source = put_together(source)
    reading = reading_of(source, reading)
    with open_scene(
        source.opened_as, reading, survey=True, name=source.name, files=source.files
    ) as scene:
        facts = scene.facts
        windows = tiling.windows(facts.width, facts.height, facts.scale)
        return _Opened(source, facts, windows, KnownPicture.of(scene))


def problem_of(error: HarmaError | OSError) -> str:
    """Why a source cannot be used, as the list of problems says it beside the source's name.

    Raises:
        HarmaError, OSError: the error itself, where it is the machine's and not the source's.
    """
    if is_of_machine(error):
        raise error
    if isinstance(error, HarmaError):
        return told(error.problem)
    return f"it cannot be read ({error.strerror or error})"
