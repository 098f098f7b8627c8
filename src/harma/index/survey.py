"""The survey of sources before they are read: fingerprint, size, time, facts, what fails."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple

from harma.errors import HarmaError
from harma.ground.origins import is_of_machine
from harma.index.known_sources import KnownSources
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

# Sources that a thread may have looked at before anybody asks for them.
AHEAD = 8
# Sources whose sizes and times are looked at before anybody asks for them.
STATS_AT_ONCE = 1024


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


def survey(
    sources: Iterable[Source],
    known: KnownSources,
    tiling: Tiling,
    reading: Reading,
    *,
    num_workers: int,
) -> Iterator[Surveyed]:
    """Look at sources, in their order, a few of them ahead of what is asked for.

    Args:
        sources: to look at.
        known: the sources of the index.
        tiling: how scenes are cut.
        reading: how scenes are read.
        num_workers: threads; GDAL and Pillow release the lock while they read.
    """
    num_threads = max(1, num_workers)
    pool = ThreadPoolExecutor(num_threads)
    fresh = FreshLists()
    waiting: deque[Future[Surveyed]] = deque()
    rest = iter(sources)
    try:
        while block := list(islice(rest, STATS_AT_ONCE)):
            as_they_were = dict(_as_they_were(block, known, pool))
            changed = [source.name for source in block if source.name not in as_they_were]
            records = known.records(changed)
            for source in block:
                surveyed = as_they_were.pop(source.name, None)
                if surveyed is not None:
                    waiting.append(_done(surveyed))
                else:
                    record = records.pop(source.name, None)
                    waiting.append(pool.submit(_look, source, record, tiling, reading, fresh))
                # An archive of a million files is not looked at before its first chip is embedded.
                if len(waiting) > AHEAD * num_threads:
                    yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _as_they_were(
    sources: Sequence[Source], known: KnownSources, pool: Executor
) -> Iterator[tuple[str, Surveyed]]:
    """Those of some sources that the index has, with size and time as they were, by name."""
    # What a server says of an address is asked for where its record is at hand.
    chosen = [
        source
        for source in sources
        if source.name in known
        and not source.problem
        and (source.stamp is not None or not is_asked(source))
    ]
    for source, seen in zip(chosen, pool.map(on_disk, chosen), strict=True):
        if known.is_unchanged(source.name, seen):
            yield source.name, Surveyed(source, seen.size, seen.mtime_ns, "", is_known=True)


def _done(surveyed: Surveyed) -> Future[Surveyed]:
    future: Future[Surveyed] = Future()
    future.set_result(surveyed)
    return future


def _look(
    source: Source,
    record: SourceRecord | None,
    tiling: Tiling,
    reading: Reading,
    fresh: FreshLists,
) -> Surveyed:
    """What has become of one source since the index took it in."""
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
