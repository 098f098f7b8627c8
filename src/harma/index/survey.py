"""The survey of sources before they are read: all of them looked at, in their order."""

import stat
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from functools import partial
from itertools import groupby, islice

from harma.index.known_sources import KnownSources
from harma.index.look import Surveyed, Surveyor, Unsurveyed
from harma.index.source_files import is_path, on_disk, stat_of
from harma.index.survey_pool import Pending, SurveyPool
from harma.scenes.asked import is_asked
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.windows import Tiling

# What a thread or process may have looked at before anybody asks for it: sources, or groups.
AHEAD = 8
# Sources whose sizes and times are looked at before anybody asks for them.
STATS_AT_ONCE = 1024
# Small files among these from which on processes look at them: to start one takes as long as some
# dozen looks.
MANY_FILES = 256
# Files of a group, which a process is given at once, and bytes of the largest. What is larger is
# mostly hashed, which threads do side by side.
GROUP_FILES = 16
SMALL_BYTES = 4 << 20


def survey(
    sources: Iterable[Source],
    known: KnownSources,
    tiling: Tiling,
    reading: Reading,
    *,
    num_workers: int,
) -> Iterator[Surveyed]:
    """Look at sources, in their order, some of them ahead of what is asked for.

    Args:
        sources: to look at.
        known: the sources of the index.
        tiling: how scenes are cut.
        reading: how scenes are read.
        num_workers: threads that look, and processes where files are many; 0 is one thread.
    """
    waiting: deque[Pending] = deque()
    rest = iter(sources)
    with SurveyPool(Surveyor(tiling, reading), num_workers) as pool:
        while block := list(islice(rest, STATS_AT_ONCE)):
            items = _items(block, known, pool.threads)
            for pending in _looks(items, pool, may_part=num_workers > 0):
                waiting.append(pending)
                # An archive of a million files is not looked at before its first chip is embedded.
                if len(waiting) > AHEAD * max(1, num_workers):
                    yield from waiting.popleft()()
        while waiting:
            yield from waiting.popleft()()


def _items(
    sources: Sequence[Source], known: KnownSources, pool: Executor
) -> list[Surveyed | Unsurveyed]:
    """Sources in their order: as they were, or to be looked at."""
    as_they_were = dict(_as_they_were(sources, known, pool))
    changed = [source.name for source in sources if source.name not in as_they_were]
    records = known.records(changed)
    return [
        as_they_were.get(source.name) or Unsurveyed(source, records.get(source.name))
        for source in sources
    ]


def _looks(
    items: Sequence[Surveyed | Unsurveyed], pool: SurveyPool, *, may_part: bool
) -> Iterator[Pending]:
    """Have items looked at: small files in groups of neighbours where they are many."""
    small = _small_files(items)
    if not (may_part and (pool.has_processes or len(small) >= MANY_FILES)):
        small = set()
    for is_small, neighbours in groupby(items, lambda item: item.source.name in small):
        if is_small:
            yield from map(pool.look_apart, _grouped(neighbours))
        else:
            yield from (_looked_here(item, pool) for item in neighbours)


def _small_files(items: Iterable[Surveyed | Unsurveyed]) -> set[str]:
    """Names of the small files that are to be looked at."""
    new = (item.source for item in items if isinstance(item, Unsurveyed))
    return {source.name for source in new if _is_small_file(source)}


def _grouped(items: Iterator[Surveyed | Unsurveyed]) -> Iterator[list[Unsurveyed]]:
    while group := list(islice(items, GROUP_FILES)):
        yield [item for item in group if isinstance(item, Unsurveyed)]


def _looked_here(item: Surveyed | Unsurveyed, pool: SurveyPool) -> Pending:
    if isinstance(item, Surveyed):
        return partial(list, [item])
    return pool.look(item)


def _is_small_file(source: Source) -> bool:
    """Whether a source is a small file on this machine.

    What lies elsewhere is waited for in threads, which share what they know of servers and lists.
    """
    if source.problem or source.parts or not is_path(source.opened_as):
        return False
    found = stat_of(source.opened_as)
    if found is None:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_size <= SMALL_BYTES


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
