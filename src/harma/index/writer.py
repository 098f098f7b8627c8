"""The writer of a build: commits chips as they come, then the sources that they finish.

Kills and resumes are its affair alone. Chips are written before the record of their source, and
what a source was before goes only after that: whatever moment a build dies in, what is there names
what is missing, and the next build finishes it. What is done may come in any order, as chips in
memory or as fragments of the table that workers have written.
"""

import datetime as dt
import json
import time
import uuid
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

import numpy as np

from harma.ground.storage.home import Home
from harma.index.batches import ChipBlock
from harma.index.chips import known_date
from harma.index.done import Done, Tally, WrittenShard
from harma.index.fragments import CommitMark
from harma.index.moved import Move, rename
from harma.index.plan import PlannedSource
from harma.index.properties import PropertyColumns
from harma.index.reading import Task
from harma.index.records import ChipRecord, SourceRecord
from harma.index.source_files import BY_CATALOGUE, files_as_text
from harma.index.store import Store
from harma.scenes.scene import SceneFacts
from harma.scenes.sensors import sensor_named
from harma.scenes.source import Source
from harma.scenes.unplaced import UNPLACED

# Chips and seconds between commits: what a kill can cost.
COMMIT_CHIPS = 2048
COMMIT_SECONDS = 15.0
# Each commit leaves a file; so many are joined in between, so that searches during a long build
# stay quick.
FILES_BETWEEN = 256
NONE_ON_EARTH = (
    "none of its chips lies wholly on the Earth: at their corners its coordinate reference system"
    " gives no longitude and latitude; take smaller chips"
)
PROBLEMS_FILE = "problems.json"
LEFT_OUT_FILE = "left_out.json"
NO_PROBLEMS: Mapping[str, str] = MappingProxyType({})


@dataclass
class BuildOutcome:
    """What a build did.

    Attributes:
        num_added: chips embedded now.
        num_kept: sources that were there, unchanged.
        num_new: sources that were new.
        num_replaced: sources that had changed.
        num_renamed: sources that were moved, and are known by their content.
        num_skipped: chips left out as mostly nodata.
        left_out_values: column of properties → scenes whose value is of another type.
        problems: source → why it could not be used now.
        seconds: taken, without the care for searches at the end.
        search: how the index is searched now.
        guessed: source → bands shown, of sources read now that do not say what their bands are.
        left_out: file → why it is no scene, by rule.
        superseded: sources that were taken out, as other scenes stand for them.
        off_earth: source → chips of it left out as not on the Earth.
        unplaced: why coordinates are no place → sources.
        dates: what names the date of a source that was read now → such sources; see
            `harma.index.date_counts`.
        ranges: kind of scenes → values that all of them are shown in, where they were found now.
    """

    num_added: int = 0
    num_kept: int = 0
    num_new: int = 0
    num_replaced: int = 0
    num_renamed: int = 0
    num_skipped: int = 0
    left_out_values: Mapping[str, int] = field(default_factory=dict)
    problems: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    search: str = ""
    guessed: dict[str, str] = field(default_factory=dict)
    left_out: dict[str, str] = field(default_factory=dict)
    superseded: list[str] = field(default_factory=list)
    off_earth: dict[str, int] = field(default_factory=dict)
    unplaced: dict[str, list[str]] = field(default_factory=dict)
    dates: Counter[str] = field(default_factory=Counter)
    ranges: dict[str, str] = field(default_factory=dict)


@dataclass
class _Progress:
    """How far a source is whose tasks are on their way.

    Attributes:
        planned: the source.
        num_left: windows of which nothing has come.
        num_chips: of it in the index, when what has come is written.
        num_skipped: chips left out.
        num_off_earth: chips left out as not on the Earth.
        failure: the record of the source, once a task told of a problem.
    """

    planned: PlannedSource
    num_left: int
    num_chips: int
    num_skipped: int = 0
    num_off_earth: int = 0
    failure: SourceRecord | None = None


@dataclass(frozen=True)
class Pace:
    """How often a build commits: what a kill can cost.

    Attributes:
        chips: between two commits.
        seconds: between two commits, if something has come.
        times_cost: of the last commit, which the next one waits at least: they grow dearer with
            the files of the table.
    """

    chips: int
    seconds: float
    times_cost: float = 0.0

    def is_due(self, num_chips: int, since: float, cost: float) -> bool:
        """Whether so many chips that wait are to be committed.

        Args:
            num_chips: that wait.
            since: the last commit, seconds.
            cost: of the last commit, seconds.
        """
        return num_chips >= self.chips or since >= max(self.seconds, self.times_cost * cost)


class Writer:
    """Writes what is done of a build.

    Args:
        store: of the index; nobody else writes it now.
        pace: of its commits; None takes `COMMIT_CHIPS` and `COMMIT_SECONDS`.

    Attributes:
        outcome: what was done so far.
    """

    def __init__(self, store: Store, pace: Pace | None = None) -> None:
        self.store = store
        self.pace = pace or Pace(COMMIT_CHIPS, COMMIT_SECONDS)
        self.outcome = BuildOutcome()
        self._open: dict[str, _Progress] = {}
        # Records to write at the next commit, and the sources of which chips of other bytes go
        # then: source → content that stays.
        self._records: dict[str, SourceRecord] = {}
        self._outdated: dict[str, str] = {}
        self._moves: list[Move] = []
        self._columns = PropertyColumns(store.property_types())
        # Marks the commits of fragments.
        self._build = uuid.uuid4().hex
        self._num_commits = 0

    def admit_workers(self) -> None:
        """Let others write fragments of the table, which this writer alone commits."""
        self.store.admit_writers(self._build)

    def fitted(self, task: Task) -> Task:
        """A task whose properties have columns, for a worker that writes its rows itself."""
        properties = self._columns.of_source(task.source.name, task.source.properties)
        self.store.prepare_columns(self._columns.types)
        return replace(task, source=replace(task.source, properties=properties))

    def begin(self, planned: PlannedSource) -> None:
        """Take in what the plan says of a source, before its first task is done."""
        surveyed = planned.surveyed
        record = planned.record
        if surveyed.problem:
            self._fail(planned, surveyed.problem)
        elif surveyed.is_known:
            self.outcome.num_kept += 1
            is_touched = record is not None and (record.size, record.mtime_ns) != (
                surveyed.size,
                surveyed.mtime_ns,
            )
            # A file that was touched, but not changed, is not hashed again the next time.
            if record is not None and is_touched:
                files = files_as_text(surveyed.source.files)
                touched = replace(
                    record, size=surveyed.size, mtime_ns=surveyed.mtime_ns, files=files
                )
                self._records[record.source] = touched
        elif planned.before:
            self.outcome.num_renamed += 1
            self._moves.append(Move(surveyed, planned.before))
            # A moved archive gives no blocks, with which these would be committed.
            if sum(move.num_chips for move in self._moves) >= COMMIT_CHIPS:
                self._rename()
        else:
            self.outcome.num_new += record is None
            self.outcome.num_replaced += record is not None
            progress = _Progress(planned, planned.num_missing, len(planned.present))
            self._open[surveyed.source.name] = progress

    def write(self, done: Iterable[Done]) -> None:
        """Commit what is done as it comes, thousands of chips or some seconds at a time."""
        waiting: list[Done] = []
        num_waiting = 0
        last_commit = time.monotonic()
        cost = 0.0
        for item in done:
            waiting.append(item)
            # A task of nothing but nodata counts too: of these, none shall pile up either.
            num_waiting += sum(max(1, tally.num_chips) for tally in item.tallies)
            now = time.monotonic()
            if self.pace.is_due(num_waiting, now - last_commit, cost):
                self.commit(waiting)
                waiting = []
                num_waiting = 0
                last_commit = time.monotonic()
                cost = last_commit - now
        self.commit(waiting)

    def commit(self, done: Sequence[Done]) -> None:
        """Write what is done, and the records of the sources that are whole with it."""
        self._rename()
        for item in done:
            for tally in item.tallies:
                self._count(tally)
        # The order is what makes a kill harmless. Chips first: a source that has its record has all
        # of them. The record last: until then it names the old bytes, or is not there, and the next
        # build looks at the source again.
        self._add_chips([item for item in done if isinstance(item, ChipBlock)])
        self._add_written([item for item in done if isinstance(item, WrittenShard)])
        self._drop_outdated()
        if self._records:
            self.store.put_sources(list(self._records.values()))
        self._records = {}
        if self.store.num_files() > FILES_BETWEEN:
            self.store.compact()

    def _rename(self) -> None:
        """Give moved sources their new names."""
        if self._moves:
            rename(self.store, self._moves, self._columns)
        self._moves = []

    def _count(self, tally: Tally) -> None:
        """Note what came of a task; the source whose last one this is, is finished."""
        name = tally.task.source.name
        progress = self._open[name]
        progress.num_left -= len(tally.task.numbers)
        if tally.problem and progress.failure is None:
            progress.failure = self._fail(progress.planned, tally.problem)
        if progress.failure is not None:
            # Once more, where workers have written chips of it: they go with its record.
            self._records[name] = progress.failure
        else:
            progress.num_chips += tally.num_chips
            progress.num_skipped += tally.num_skipped
            progress.num_off_earth += tally.num_off_earth
            self.outcome.num_skipped += tally.num_skipped
        # Windows are counted, not tasks: one may be of any size, and none need be the last.
        if progress.num_left == 0:
            del self._open[name]
            if progress.failure is None:
                self._finish(progress, tally.facts)

    def _finish(self, progress: _Progress, facts: SceneFacts | None) -> None:
        assert facts is not None
        surveyed = progress.planned.surveyed
        if progress.num_off_earth and not progress.num_chips and not progress.num_skipped:
            self._fail(progress.planned, NONE_ON_EARTH)
            return
        self._note_place(surveyed.source.name, facts, progress.num_off_earth)
        record = SourceRecord(
            source=surveyed.source.name,
            size=surveyed.size,
            mtime_ns=surveyed.mtime_ns,
            content=surveyed.content,
            num_chips=progress.num_chips,
            num_skipped=progress.num_skipped,
            width=facts.width,
            height=facts.height,
            bands=",".join(map(str, facts.bands)),
            bands_reason=self._bands_reason(surveyed.source, facts),
            stretch=facts.stretch,
            opened_as=surveyed.source.lasting,
            files=files_as_text(surveyed.source.files),
            is_guess=facts.is_guess,
            # What its files say is of one vocabulary; products and catalogues have their own.
            sensor=facts.sensor or sensor_named(surveyed.source.sensor),
            date_from=known_date(surveyed.source, facts).date_from,
            placed_by=facts.placed_by,
            num_off_earth=progress.num_off_earth,
            added=_added(progress.planned.record, surveyed.content),
        )
        self._records[record.source] = record
        if record.is_guess:
            self.outcome.guessed[record.source] = record.bands
        self.outcome.dates.update([record.date_from])
        if progress.planned.has_outdated:
            self._outdated[record.source] = record.content

    def _bands_reason(self, source: Source, facts: SceneFacts) -> str:
        if source.bands and self.store.settings.reading.bands == "auto":
            return BY_CATALOGUE
        return facts.bands_reason

    def _note_place(self, name: str, facts: SceneFacts, num_off_earth: int) -> None:
        """Note what a person should hear of a source's place."""
        if num_off_earth:
            self.outcome.off_earth[name] = num_off_earth
        if facts.placed_by in UNPLACED:
            self.outcome.unplaced.setdefault(facts.placed_by, []).append(name)

    def _fail(self, planned: PlannedSource, problem: str) -> SourceRecord:
        """A source that cannot be used is named; the chips that it had before stay."""
        surveyed = planned.surveyed
        name = surveyed.source.name
        self.outcome.problems[name] = problem
        before = planned.record
        if before is not None and before.num_chips:
            # Of the old bytes: searches go on with what was right before.
            why = f"{problem}; its {before.num_chips:,} chips are kept"
            record = replace(before, problem=why)
        else:
            record = SourceRecord(
                name, surveyed.size, surveyed.mtime_ns, surveyed.content, problem=problem
            )
        self._records[name] = record
        return record

    def _add_chips(self, blocks: Sequence[ChipBlock]) -> None:
        """Write the chips of blocks, but for those of sources that have failed."""
        problems = self.outcome.problems
        usable = [block for block in blocks if block.task.source.name not in problems]
        chips: list[ChipRecord] = []
        for block in usable:
            chips += block.chips
        if chips:
            embeddings = np.concatenate([block.embeddings for block in usable])
            self.store.add_chips(self._columns.fit(chips), embeddings)
            self.outcome.left_out_values = self._columns.left_out
            self.outcome.num_added += len(chips)

    def _add_written(self, shards: Sequence[WrittenShard]) -> None:
        """Commit the chips that workers have written."""
        fragments: list[str] = []
        for shard in shards:
            fragments += shard.fragments
            for tally in shard.tallies:
                if tally.task.source.name not in self.outcome.problems:
                    self.outcome.num_added += tally.num_chips
        self.outcome.left_out_values = self._columns.left_out
        if fragments:
            self._num_commits += 1
            mark = CommitMark(self._build, self._num_commits)
            self.store.add_fragments(fragments, mark)

    def _drop_outdated(self) -> None:
        """Drop old chips of sources that are done, and new chips of those that failed."""
        failed = [record for record in self._records.values() if record.problem]
        # Earlier commits may have written chips of a source before it failed.
        self.store.drop_chips([record.source for record in failed if not record.num_chips])
        still_old = {record.source: record.content for record in failed if record.num_chips}
        self.store.drop_other_chips(self._outdated | still_old)
        self._outdated = {}


def _added(before: SourceRecord | None, content: str) -> dt.datetime:
    """When the bytes of a source came in: now, unless the index has had them."""
    if before is not None and before.content == content and before.added is not None:
        return before.added
    return dt.datetime.now(dt.UTC)


def write_problems(store: Store, further: Mapping[str, str] = NO_PROBLEMS) -> None:
    """Keep the list of sources that could not be used beside the index.

    Args:
        store: of the index.
        further: path → why, of what is no source of the index, such as folders.
    """
    problems: dict[str, str] = {}
    for records in store.source_blocks():
        problems.update({record.source: record.problem for record in records if record.problem})
    _write_list(store.home, PROBLEMS_FILE, problems | dict(further), "problem")


def write_left_out(store: Store, left_out: Mapping[str, str]) -> None:
    """Keep the list of files that the last build left out beside the index."""
    _write_list(store.home, LEFT_OUT_FILE, left_out, "reason")


def _write_list(home: Home, name: str, why: Mapping[str, str], column: str) -> None:
    if not why:
        home.remove(name)
        return
    rows = [{"source": source, column: reason} for source, reason in why.items()]
    home.write_text(name, json.dumps(rows, indent=2, ensure_ascii=False) + "\n")
