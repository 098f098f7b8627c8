"""The survey of sources before they are read: all of them looked at, in their order."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Executor
from itertools import groupby, islice

from harma.index.known_sources import KnownSources
from harma.index.look import Surveyed, Surveyor, Unsurveyed
from harma.index.source_files import is_path, on_disk
from harma.index.survey_pool import Pending, SurveyPool
from harma.scenes.asked import is_asked
from harma.scenes.reading import Reading
from harma.scenes.source import Source
from harma.scenes.windows import Tiling

# What a thread or process may have looked at before anybody asks for it: sources, or groups.
AHEAD = 8
# Sources whose sizes and times are looked at before anybody asks for them.
STATS_AT_ONCE = 1024
# New files among these from which on processes look at them: to start one takes as long as some
# dozen looks.
MANY_FILES = 256
# Files of a group, which a process is given at once.
GROUP_FILES = 16


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
            for group in _groups(items, may_group=num_workers > 0):
                waiting.append(pool.look(group))
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


def _groups(
    items: Sequence[Surveyed | Unsurveyed], *, may_group: bool
) -> Iterator[list[Surveyed | Unsurveyed]]:
    """Files to look at in groups of neighbours, where they are many; all others one by one."""
    are_many = may_group and sum(map(_is_new_file, items)) >= MANY_FILES
    for are_new_files, neighbours in groupby(items, _is_new_file):
        size = 1
        if are_many and are_new_files:
            size = GROUP_FILES
        while group := list(islice(neighbours, size)):
            yield group


def _is_new_file(item: Surveyed | Unsurveyed) -> bool:
    """Whether something is a file on this machine that is to be looked at.

    What lies elsewhere is waited for in threads, which share what they know of servers and lists.
    """
    if isinstance(item, Surveyed):
        return False
    source = item.source
    return not source.problem and not source.parts and is_path(source.opened_as)


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
