"""The plan of a build: tasks, each of some windows that are missing of one source."""

from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from itertools import islice

from harma.ground.progress import AdvancePart, not_told
from harma.index.chips import chip_id
from harma.index.hashed_names import KnownNames, NameCounts
from harma.index.known_sources import KnownSources
from harma.index.look import Surveyed
from harma.index.moved import Lost
from harma.index.reading import TASK_CHIPS, Task
from harma.index.records import SourceRecord
from harma.index.store import Store
from harma.index.survey import survey
from harma.scenes.source import Source
from harma.scenes.windows import Windows

# Sources whose chips are asked for in one query.
SOURCES_AT_ONCE = 64


@dataclass(frozen=True, eq=False)
class PlannedSource:
    """A source, and what there is to do for it.

    Attributes:
        surveyed: what is known of it now.
        present: ids of the chips of its present bytes that are there already.
        has_outdated: whether there are chips of other bytes, too.
        before: records of the same source under other names, which it was moved from.
    """

    surveyed: Surveyed
    present: frozenset[str] = frozenset()
    has_outdated: bool = False
    before: tuple[SourceRecord, ...] = ()

    @property
    def record(self) -> SourceRecord | None:
        """Its record in the index, where that is of use."""
        return self.surveyed.record

    @property
    def num_missing(self) -> int:
        """Windows to read."""
        if self.surveyed.windows is None or self.before:
            return 0
        return len(self.surveyed.windows) - len(self.present)

    def tasks(self, size: int = TASK_CHIPS) -> Iterator[Task]:
        """What is missing, made as it is asked for; nothing of what is known, moved, or failed.

        A source of which nothing is missing gets one task without windows: opening it gives the
        facts of its record.

        Args:
            size: windows in a task, at most.
        """
        windows = self.surveyed.windows
        if windows is None or self.before:
            return
        source = self.surveyed.source
        empty = Task(source, self.surveyed.content, (), len(windows), picture=self.surveyed.picture)
        if self.num_missing == 0:
            yield empty
        elif not self.present:
            yield from replace(empty, numbers=range(len(windows))).pieces(size)
        else:
            missing = self._missing(windows)
            while numbers := tuple(islice(missing, size)):
                yield replace(empty, numbers=numbers)

    def _missing(self, windows: Windows) -> Iterator[int]:
        name = self.surveyed.source.name
        for index, window in enumerate(windows):
            if chip_id(name, self.surveyed.content, window) not in self.present:
                yield index


def plan(
    sources: Sequence[Source],
    store: Store,
    *,
    num_workers: int = 1,
    progress: AdvancePart = not_told,
) -> Iterator[PlannedSource]:
    """Look at sources and say what is missing of each, in their order, as it is asked for.

    Nothing is kept of a source that was handed over, so that memory does not grow with their
    windows.

    Args:
        sources: scenes.
        store: of the index; nobody else writes it now.
        num_workers: threads that look at sources, and processes where files are many.
        progress: called with ("looking", sources so far, in all).
    """
    known = KnownSources(store)
    with_chips = _sources_with_chips(store)
    settings = store.settings
    lost = Lost(known)
    looked = survey(sources, known, settings.tiling, settings.reading, num_workers=num_workers)
    waiting: list[Surveyed] = []
    for count, surveyed in enumerate(looked, start=1):
        progress("looking", count, len(sources))
        waiting.append(surveyed)
        # Only sources that have chips, or known bytes, wait for others like them: one query reads
        # all their ids, one all the records.
        may_wait = _is_partial(surveyed, with_chips) or lost.may_claim(surveyed)
        if may_wait and len(waiting) < SOURCES_AT_ONCE:
            continue
        lost.look_for(waiting)
        yield from _found_again(_planned(waiting, store, with_chips), lost)
        waiting = []
    lost.look_for(waiting)
    yield from _found_again(_planned(waiting, store, with_chips), lost)


def _found_again(planned: Iterable[PlannedSource], lost: Lost) -> Iterator[PlannedSource]:
    """The same sources; those that were moved know their old names."""
    for source in planned:
        if lost.may_claim(source.surveyed):
            yield replace(source, before=lost.claim(source.surveyed))
        else:
            yield source


def _sources_with_chips(store: Store) -> KnownNames:
    """Names of the sources that the table has chips of, finished or not."""
    names = NameCounts()
    for block in store.blocks(["source"]):
        names.add_all(block["source"])
    hashes, _ = names.sums()
    return KnownNames(hashes)


def _is_partial(surveyed: Surveyed, with_chips: KnownNames) -> bool:
    """Whether a source is to be read, and some of its chips may be there."""
    return surveyed.windows is not None and surveyed.source.name in with_chips


def _planned(
    batch: Sequence[Surveyed],
    store: Store,
    with_chips: KnownNames,
) -> Iterator[PlannedSource]:
    partial = [item.source.name for item in batch if _is_partial(item, with_chips)]
    there: dict[str, set[str]] = {}
    if partial:
        there = store.chip_ids(partial)
    for surveyed in batch:
        # Taken out, so that the ids of the batch do not all stay until its last source is done.
        ids = there.pop(surveyed.source.name, set())
        present = frozenset[str]()
        if ids:
            present = _present(surveyed, ids)
        yield PlannedSource(surveyed, present, has_outdated=len(ids) > len(present))


def _present(surveyed: Surveyed, ids: AbstractSet[str]) -> frozenset[str]:
    """Those of a source's chips that are of its present bytes."""
    assert surveyed.windows is not None
    name = surveyed.source.name
    expected = (chip_id(name, surveyed.content, window) for window in surveyed.windows)
    return frozenset(chip for chip in expected if chip in ids)
