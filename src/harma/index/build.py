"""Building an index and keeping it up to date: what is there is skipped, what is new embedded."""

import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from harma.errors import ConfigError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import Guard, writing
from harma.index.archive_ranges import ArchiveRanges
from harma.index.compaction import keep_quick
from harma.index.done import Done
from harma.index.engines.engine import Engine, Work
from harma.index.engines.local import LocalEngine
from harma.index.plan import PlannedSource, plan
from harma.index.reading import Task
from harma.index.settings import BUILD_SETTINGS, Settings, is_index
from harma.index.store import WRITING_INDEX, Store
from harma.index.superseded import superseded, without_known_parts
from harma.index.writer import BuildOutcome, Writer, write_left_out, write_problems
from harma.model.fingerprint import check_model, model_id
from harma.model.opened import OpenedModel, engine_of
from harma.scenes.reading import Reading
from harma.scenes.source import Found, Source
from harma.scenes.windows import Tiling

# What else a person can do who asks for another value.
OTHERWISE = {"tiles": "; `harma index reembed` gives this one other tiles"}


def build(
    place: Place,
    sources: Sequence[Source] | Found,
    model: OpenedModel,
    settings: Settings,
    *,
    batch_size: int = 64,
    num_workers: int = 1,
    tables: Home | None = None,
    progress: AdvancePart = not_told,
    engine: Engine | None = None,
) -> BuildOutcome:
    """Bring sources into an index; make it if it is not there.

    `plan` says what is missing, an engine reads and embeds it, `Writer` commits it: all three go
    on at once, a few sources at a time.

    Args:
        place: of the index: a folder, an address of a bucket, or a home.
        sources: scenes, or what `find_scenes` found: what it left out is told with the outcome.
        model: embeds; the one the index was made with.
        settings: of a new index; an old one must have the same.
        batch_size: pictures embedded at once: chips, and their tiles.
        num_workers: processes that read for a model; 0 reads in its own.
        tables: the home that the tables lie in, where that is another.
        progress: called with (what is done, so far, in all): "looking" and "sampling" count
            sources, "embedding" chips. Until all sources are looked at, all chips are an estimate.
        engine: who does the work; None does it on this machine.

    Raises:
        BusyError: another process writes the index.
        ConfigError: it was made with other settings, or the place holds something else.
        ModelMismatchError: it was made with another model.
    """
    found = sources if isinstance(sources, Found) else Found(list(sources))
    engine = engine or LocalEngine()
    home = home_of(place)
    with writing(home, WRITING_INDEX) as guard:
        store = _opened(home, settings, tables, guard)
        _check_fits(store, settings, model)
        found = without_known_parts(found, store)
        # A source that is named twice would have two sets of chips on their way.
        once = list({source.name: source for source in found.sources}.values())
        start = time.monotonic()
        writer = Writer(store, engine.pace)
        counted = _Counted(len(once), progress)
        ranges = ArchiveRanges(store, once, progress)
        planned = plan(once, store, num_workers=num_workers, progress=progress)
        work = Work(store.settings, model, store.chips_address(), batch_size, num_workers)
        # The engine pulls tasks, tasks pull the plan, the plan pulls the survey: nothing runs ahead
        # of what is written by more than a few tasks and sources.
        tasks = _tasks(planned, writer, counted, ranges, engine.task_chips(store.settings))
        if engine.writes_rows:
            writer.admit_workers()
            tasks = map(writer.fitted, tasks)
        writer.write(counted.done(engine.run(work, tasks)))
        writer.outcome.ranges = ranges.found
        writer.outcome.seconds = time.monotonic() - start
        writer.outcome.left_out = found.left_out
        writer.outcome.superseded = superseded(found, store, writer.outcome.problems)
        store.drop_sources(writer.outcome.superseded)
        writer.outcome.problems |= found.problems
        write_problems(store, found.problems)
        write_left_out(store, found.left_out)
        writer.outcome.search = keep_quick(store, model, progress)
        return writer.outcome


def _opened(home: Home, settings: Settings, tables: Home | None, guard: Guard) -> Store:
    """The index, made if it is not there."""
    if is_index(home):
        return Store(home, tables=tables, guard=guard)
    return Store.create(home, settings, tables=tables, guard=guard)


def _check_fits(store: Store, settings: Settings, model: OpenedModel) -> None:
    """Check that an index is of this model and these settings, and note what embeds now.

    Raises:
        ConfigError: it was made with other settings.
        ModelMismatchError: it was made with another model.
    """
    of_index = store.settings
    check_model(of_index.model, of_index.model_id, model, of_index.reading.values)
    _check_settings(of_index, settings)
    now = replace(
        of_index,
        model=settings.model,
        backbone=settings.backbone,
        embedded_by=tuple(dict.fromkeys((*of_index.embedded_by, engine_of(model)))),
    )
    if _noted(now) != _noted(of_index):
        store.put_settings(now)


def _noted(settings: Settings) -> tuple[object, ...]:
    """What an index notes of whoever embeds, which may change."""
    return settings.model, settings.backbone, settings.embedded_by


def _check_settings(of_index: Settings, given: Settings) -> None:
    """Check that an index was made with the settings that are asked for.

    Raises:
        ConfigError: it was not.
    """
    for name in BUILD_SETTINGS:
        was = getattr(of_index, name)
        now = getattr(given, name)
        # The ranges that the index has found are its own: nobody asks for others.
        if name == "reading":
            now = replace(now, ranges=was.ranges)
        # As text: a nodata value may be NaN, which is not equal to itself.
        if repr(was) != repr(now):
            raise ConfigError(
                f"the index was made with {name} {was}, and {now} was asked for; leave the option"
                f" out, or build another index{OTHERWISE.get(name, '')}"
            )


def _tasks(
    planned: Iterable[PlannedSource],
    writer: Writer,
    counted: "_Counted",
    ranges: ArchiveRanges,
    size: int,
) -> Iterator[Task]:
    """The tasks of all sources, of `size` windows at most.

    The writer hears of each source before its first task is out.
    """
    for source in planned:
        writer.begin(source)
        counted.add(source)
        shown_in = ranges.of(source.surveyed)
        for task in source.tasks(size):
            yield replace(task, ranges=shown_in)


class _Counted:
    """How many chips are embedded, of how many.

    Args:
        num_sources: in all.
        progress: told of it.
    """

    def __init__(self, num_sources: int, progress: AdvancePart) -> None:
        self.num_sources = num_sources
        self.progress = progress
        self.num_planned = 0
        self.num_chips = 0
        self.num_done = 0

    def add(self, source: PlannedSource) -> None:
        """Count a source that was looked at."""
        self.num_planned += 1
        self.num_chips += source.num_missing

    def done(self, done: Iterable[Done]) -> Iterator[Done]:
        """Count what is done on its way."""
        for item in done:
            self.num_done += sum(len(tally.task.numbers) for tally in item.tallies)
            # The sources to come are taken to be like those that were looked at.
            total = round(self.num_chips * self.num_sources / self.num_planned)
            self.progress("embedding", self.num_done, total)
            yield item


def default_settings(
    model: OpenedModel,
    name: str,
    backbone: str | None,
    *,
    tiling: Tiling,
    reading: Reading,
    max_nodata: float,
    tiles: int = 1,
    thumbnails: bool = True,
) -> Settings:
    """Settings of a new index.

    Args:
        model: embeds.
        name: what `harma.load` finds it by.
        backbone: where its backbone is, if given apart.
        tiling: how scenes are cut.
        reading: how scenes are read.
        max_nodata: chips with a larger share of nodata are left out.
        tiles: along each side of a chip, which are embedded beside it.
        thumbnails: whether chips keep one.

    Raises:
        ConfigError: the model has no name to be found by again.
    """
    if not name:
        raise ConfigError(
            "the index must know its model: give the directory or name it was loaded from"
        )
    return Settings(
        model=name,
        backbone=backbone,
        model_id=model_id(model),
        embed_dim=model.embed_dim,
        tiling=tiling,
        reading=reading,
        max_nodata=max_nodata,
        tiles=tiles,
        embedded_by=(engine_of(model),),
        thumbnails=thumbnails,
    )
