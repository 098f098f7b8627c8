"""Building an index, and keeping it up to date: what is there is skipped, what is new is embedded."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from harma.errors import ConfigError
from harma.ground.files import write_json
from harma.ground.lock import locked
from harma.index.chips import Chips, Read, Task, chip_id, read_chips, split_tasks
from harma.index.compaction import Progress, keep_quick
from harma.index.records import ChipRecord, SourceRecord
from harma.index.settings import SETTINGS_FILE, Settings, write_settings
from harma.index.store import WRITING, Store
from harma.index.survey import Surveyed, survey
from harma.model.embedding import embed_pixels, eval_transform_of
from harma.model.fingerprint import check_model, model_id
from harma.scenes.sources import Source

# Chips and seconds between commits: what a kill can cost.
COMMIT_CHIPS, COMMIT_SECONDS = 2048, 15.0
# Each commit leaves a file; so many are joined in between, so that searches during a long build
# stay quick.
FILES_BETWEEN = 256
PROBLEMS = "problems.json"


@dataclass
class Outcome:
    """What a build did.

    Attributes:
        num_added: chips embedded now.
        num_kept: sources that were there, unchanged.
        num_new: sources that were new.
        num_replaced: sources that had changed.
        num_skipped: chips left out as mostly nodata.
        problems: source → why it could not be used now.
        seconds: taken by reading and embedding.
        search: how the index is searched now.
    """

    num_added: int = 0
    num_kept: int = 0
    num_new: int = 0
    num_replaced: int = 0
    num_skipped: int = 0
    problems: dict[str, str] = field(default_factory=dict)
    seconds: float = 0.0
    search: str = ""


def build(
    directory: Path,
    sources: Sequence[Source],
    model: Any,
    settings: Settings,
    *,
    batch_size: int = 64,
    num_workers: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> Outcome:
    """Bring sources into an index; make it if it is not there.

    Args:
        directory: of the index.
        sources: scenes.
        model: embeds; the one the index was made with.
        settings: of a new index; an old one must have the same.
        batch_size: chips embedded at once.
        num_workers: processes that read; 0 reads in this one.
        progress: called with (what is done, so far, in all).

    Raises:
        ConfigError: another process writes the index, or it was made with other settings or another
            model.
    """
    with locked(directory, WRITING):
        store = (
            Store(directory)
            if (directory / SETTINGS_FILE).is_file()
            else Store.create(directory, settings)
        )
        check_model(store.settings.model, store.settings.model_id, model)
        _check_settings(store.settings, settings)
        if (settings.model, settings.backbone) != (store.settings.model, store.settings.backbone):
            write_settings(directory, settings)  # the same model, found elsewhere now
        outcome = _Build(store, model, batch_size, num_workers, progress).run(sources)
        outcome.search = keep_quick(store, model, progress)
        return outcome


def _check_settings(kept: Settings, given: Settings) -> None:
    for name in ("tiling", "reading", "max_nodata"):
        # As text: a nodata value may be NaN, which is not equal to itself.
        if repr(getattr(kept, name)) != repr(getattr(given, name)):
            raise ConfigError(
                f"the index was made with {name} {getattr(kept, name)}, and {getattr(given, name)}"
                " was asked for; leave the option out, or build another index"
            )


class _Build:
    """One build: what is done, and what waits to be embedded or written."""

    def __init__(
        self, store: Store, model: Any, batch_size: int, num_workers: int, progress: Progress
    ) -> None:
        self.store, self.model, self.batch_size, self.num_workers = (
            store,
            model,
            batch_size,
            num_workers,
        )
        self.progress, self.outcome = progress, Outcome()
        self.surveyed: list[Surveyed] = []
        self.known = store.sources()
        # Rows in the order they were read; the first of them have embeddings, the rest have pixels
        # that wait.
        self.rows: list[ChipRecord] = []
        self.embeddings: list[NDArray[np.float32]] = []
        self.waiting: list[torch.Tensor] = []
        self.finished: list[SourceRecord] = []
        self.counts: dict[int, tuple[int, int]] = {}
        self.replaced: set[str] = set()
        self.last_commit = time.monotonic()

    def run(self, sources: Sequence[Source]) -> Outcome:
        tasks = self._plan(sources)
        start, total, done = time.monotonic(), sum(len(task.windows) for task in tasks), 0
        chips = Chips(
            tasks,
            self.surveyed,
            self.store.settings.reading,
            self.store.settings.max_nodata,
            eval_transform_of(self.model.preprocess),
        )
        for read in read_chips(chips, num_workers=self.num_workers):
            self._take(read)
            done += len(read.task.windows)
            self.progress("embedding", done, total)
            waited = time.monotonic() - self.last_commit
            if len(self.rows) >= COMMIT_CHIPS or waited >= COMMIT_SECONDS:
                self._commit()
        self._commit()
        self.outcome.seconds = time.monotonic() - start
        write_problems(self.store)
        return self.outcome

    def _plan(self, sources: Sequence[Source]) -> list[Task]:
        """Look at all sources, and list what is to be read."""
        settings, tasks, partial = self.store.settings, list[Task](), []
        looked = survey(
            sources, self.known, settings.tiling, settings.reading, num_workers=self.num_workers
        )
        for number, found in enumerate(looked):
            self.surveyed.append(found)
            self.progress("looking", number + 1, len(sources))
            kept = self.known.get(found.source.name)
            if found.problem:
                self._fail(number, found.problem)
            elif found.is_known:
                self.outcome.num_kept += 1
                self._remember_time(found, kept)
            else:
                self.outcome.num_new += kept is None
                self.outcome.num_replaced += kept is not None
                partial.append(number)
        there = self.store.chip_ids([self.surveyed[number].source.name for number in partial])
        for number in partial:
            tasks += self._tasks_of(number, there[self.surveyed[number].source.name])
        return tasks

    def _tasks_of(self, number: int, there: set[str]) -> list[Task]:
        """What is missing of a source."""
        found = self.surveyed[number]
        ids = {
            chip_id(found.source.name, found.content, window): window for window in found.windows
        }
        missing = [window for chip, window in ids.items() if chip not in there]
        self.counts[number] = (len(ids) - len(missing), 0)
        if there - ids.keys():
            self.replaced.add(found.source.name)
        return list(split_tasks(number, missing))

    def _remember_time(self, found: Surveyed, kept: SourceRecord | None) -> None:
        """A file that was touched, but not changed, is not hashed again the next time."""
        if kept is not None and (kept.size, kept.mtime_ns) != (found.size, found.mtime_ns):
            self.finished.append(replace(kept, size=found.size, mtime_ns=found.mtime_ns))

    def _take(self, read: Read) -> None:
        """Keep what was read, and count it."""
        number = read.task.number
        if self.surveyed[number].source.name in self.outcome.problems:
            return
        if read.problem:
            self._fail(number, read.problem)
            return
        if read.pixels is not None:
            self.rows += read.rows
            self.waiting.append(read.pixels)
            self._embed_full_batches()
        chips, skipped = self.counts[number]
        self.counts[number] = (chips + len(read.rows), skipped + read.num_skipped)
        self.outcome.num_skipped += read.num_skipped
        if read.task.is_last:
            self.finished.append(self._source_row(number, read))

    def _embed_full_batches(self) -> None:
        """Embed as many whole batches as wait; chips of several sources share one."""
        while sum(map(len, self.waiting)) >= self.batch_size:
            pixels = torch.cat(self.waiting) if len(self.waiting) > 1 else self.waiting[0]
            self._embed(pixels[: self.batch_size])
            self.waiting = [pixels[self.batch_size :]]

    def _embed(self, pixels: torch.Tensor) -> None:
        self.embeddings.append(embed_pixels(self.model, pixels))

    def _fail(self, number: int, problem: str) -> None:
        """A source that cannot be used is named; the chips that it had before stay."""
        found = self.surveyed[number]
        self.outcome.problems[found.source.name] = problem
        kept = self.known.get(found.source.name)
        if kept is not None and kept.num_chips:
            why = f"{problem}; its {kept.num_chips:,} chips are kept"
            self.finished.append(replace(kept, problem=why))
            return
        failed = SourceRecord(
            found.source.name, found.size, found.mtime_ns, found.content, problem=problem
        )
        self.finished.append(failed)

    def _source_row(self, number: int, read: Read) -> SourceRecord:
        found, facts = self.surveyed[number], read.facts
        assert facts is not None
        chips, skipped = self.counts[number]
        return SourceRecord(
            source=found.source.name,
            size=found.size,
            mtime_ns=found.mtime_ns,
            content=found.content,
            num_chips=chips,
            num_skipped=skipped,
            width=facts.width,
            height=facts.height,
            bands=",".join(map(str, facts.bands)),
            bands_reason=facts.bands_reason,
            stretch=facts.stretch,
        )

    def _commit(self) -> None:
        """Write what waits: chips first, so that a source that is written has all of them."""
        if any(map(len, self.waiting)):
            self._embed(torch.cat(self.waiting))
        self.waiting = []
        wanted = [i for i, row in enumerate(self.rows) if row.source not in self.outcome.problems]
        if wanted:
            self.store.add_chips(
                [self.rows[i] for i in wanted], np.concatenate(self.embeddings)[wanted]
            )
            self.outcome.num_added += len(wanted)
        self._drop_outdated()
        if self.finished:
            self.store.put_sources(self.finished)
        if self.store.num_files() > FILES_BETWEEN:
            self.store.compact()
        self.rows, self.embeddings, self.finished = [], [], []
        self.last_commit = time.monotonic()

    def _drop_outdated(self) -> None:
        """What a source was before goes when it is done; of one that failed, what was read of it now."""
        failed = [row for row in self.finished if row.problem]
        self.store.drop_chips([row.source for row in failed if not row.num_chips])
        kept = [row for row in failed if row.num_chips]
        replaced = [row for row in self.finished if row.source in self.replaced and not row.problem]
        self.store.drop_other_chips({row.source: row.content for row in kept + replaced})


def write_problems(store: Store) -> None:
    """Keep the list of sources that could not be used beside the index."""
    path = store.directory / PROBLEMS
    rows = [row for row in store.sources().values() if row.problem]
    path.unlink(missing_ok=True)
    if rows:
        write_json(path, [{"source": row.source, "problem": row.problem} for row in rows])


def default_settings(model: Any, name: str, backbone: str | None, **options: Any) -> Settings:
    """Settings of a new index.

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
        **options,
    )
