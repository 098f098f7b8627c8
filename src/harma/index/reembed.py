"""Reembed: an index gets embeddings of another model or tiles; until then the old ones answer."""

import os
import shutil
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from harma.errors import ConfigError, DataError
from harma.ground.lock import locked
from harma.ground.progress import AdvancePart, not_told
from harma.index.build import build
from harma.index.engines.engine import Engine
from harma.index.properties import properties_of
from harma.index.settings import SETTINGS_FILE, Settings, read_settings, write_settings
from harma.index.source_files import source_of
from harma.index.store import WRITING_INDEX, Store, tables_directory
from harma.index.writer import BuildOutcome, write_problems
from harma.model.fingerprint import model_id
from harma.model.model import HarMA
from harma.scenes.period import Period
from harma.scenes.source import Properties, Source, source_named

# Where the tables of other embeddings grow until they are whole.
GROWING = ".reembed"


def reembed(
    directory: Path,
    model: HarMA,
    name: str,
    backbone: str | None,
    *,
    tiles: int | None = None,
    allow_missing: bool = False,
    batch_size: int = 64,
    num_workers: int = 1,
    progress: AdvancePart = not_told,
    engine: Engine | None = None,
) -> BuildOutcome:
    """Embed all sources of an index again, with another model, or the same with other tiles.

    The old tables answer searches until the new ones are whole; then one rename changes over. What
    was embedded stays after an interruption, and the next call goes on there.

    Args:
        directory: of the index.
        model: the new one.
        name: what `harma.load` finds it by.
        backbone: where its backbone is, if given apart.
        tiles: along each side of a chip (`harma.index.tiles`); None is as in the index.
        allow_missing: give up sources that cannot be read any more.
        batch_size: pictures embedded at once.
        num_workers: processes that read.
        progress: told how far it is.
        engine: who does the work; None does it on this machine.

    Raises:
        BusyError: another process writes the index.
        ConfigError: the index has the embeddings of this model and these tiles already.
        DataError: sources cannot be read; the index stays as it is.
    """
    old = Store(directory)
    settings = replace(
        old.settings,
        model=name,
        backbone=backbone,
        model_id=model_id(model),
        embed_dim=model.embed_dim,
        tiles=tiles or old.settings.tiles,
    )
    if settings.embedding_id == old.settings.embedding_id:
        _refuse(directory, settings)
    with locked(directory, WRITING_INDEX):
        growing = directory / GROWING / settings.embedding_id
        # Again: sources that another process brought in until now are to be embedded too.
        old = Store(directory)
        sources = _sources_of(old)
        _forget_removed(growing, {source.name for source in sources})
        outcome = build(
            growing,
            sources,
            model,
            settings,
            batch_size=batch_size,
            num_workers=num_workers,
            progress=progress,
            engine=engine,
        )
        if not allow_missing:
            _check_nothing_lost(old, outcome.problems)
        _keep_added(old, Store(growing))
        # Of kinds that the old tables have no chips of, ranges may have been found now.
        reading = read_settings(growing).reading
        # What a server has kept of a version is not taken for one of the new tables.
        before = max(old.versions)
        _change_over(directory, growing, replace(settings, reading=reading, versions_before=before))
        write_problems(Store(directory))
    return outcome


def _refuse(directory: Path, settings: Settings) -> None:
    """Take away what an interrupted change-over to the present embeddings left, and refuse another.

    Raises:
        ConfigError: always.
    """
    with locked(directory, WRITING_INDEX):
        shutil.rmtree(directory / GROWING, ignore_errors=True)
    raise ConfigError(
        f"the index has the embeddings of this model already ({settings.model_id}, tiles"
        f" {settings.tiles}); name another model, or other tiles (--tiles)"
    )


def _check_nothing_lost(old: Store, problems: Mapping[str, str]) -> None:
    """Check that every source that has chips could be embedded.

    Raises:
        DataError: one could not.
    """
    known = old.sources()
    lost: dict[str, str] = {}
    for name, problem in problems.items():
        # What could not be used before has nothing to lose.
        if name not in known or known[name].num_chips:
            lost[name] = problem
    if lost:
        first, problem = next(iter(lost.items()))
        raise DataError(
            f"{len(lost):,} sources cannot be read any more, such as {first}: {problem}. The"
            " index stays as it is. Bring them back, `harma index remove` them, or go on"
            " without them (--allow-missing)"
        )


def _keep_added(old: Store, new: Store) -> None:
    """Sources were added when the old tables say: only their embeddings are new."""
    added = {record.source: record.added for record in old.sources().values()}
    records = [
        replace(record, added=added[record.source])
        for record in new.sources().values()
        if added.get(record.source) not in (None, record.added)
    ]
    if records:
        new.put_sources(records)


def _forget_removed(growing: Path, names: AbstractSet[str]) -> None:
    """Take out of tables that an interruption left what was removed from the index since."""
    if (growing / SETTINGS_FILE).is_file():
        store = Store(growing)
        store.drop_sources([name for name in store.sources() if name not in names])


def _sources_of(store: Store) -> list[Source]:
    """The sources as they were indexed; dates and properties are known from their chips alone."""
    records = store.sources()
    taken: dict[str, Period | None] = dict.fromkeys(records)
    properties: dict[str, Properties] = {}
    further = list(store.property_types())
    columns = ["source", "datetime", "datetime_end", *further]
    for block in store.blocks(columns):
        # A source's chips have one date and the same properties: a row a source is enough.
        rows = block.select(columns).group_by(columns).aggregate([])
        for row in rows.to_pylist():
            name = row["source"]
            taken[name] = _period(row["datetime"], row["datetime_end"])
            properties[name] = properties_of(row, further)
    sources = []
    for name, period in taken.items():
        source = source_named(name, period)
        if name in records:
            source = source_of(records[name], period)
        sources.append(replace(source, properties=properties.get(name, ())))
    return sources


def _period(first: datetime | None, last: datetime | None) -> Period | None:
    if first is None:
        return None
    return Period(first, last or first)


def _change_over(directory: Path, growing: Path, settings: Settings) -> None:
    """Put new tables beside the old, let the settings name them, and remove the old."""
    old = read_settings(directory)
    target = tables_directory(directory, settings)
    # Tables that are there and not named by the settings are of a change-over that was cut off
    # before it counted.
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(tables_directory(growing, settings), target, copy_function=os.link)
    write_settings(directory, settings)
    shutil.rmtree(tables_directory(directory, old), ignore_errors=True)
    shutil.rmtree(directory / GROWING, ignore_errors=True)
