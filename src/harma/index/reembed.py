"""Reembed: an index gets embeddings of another model or tiles; until then the old ones answer."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import datetime

from harma.errors import ConfigError, DataError
from harma.ground.progress import AdvancePart, not_told
from harma.ground.storage.home import Home, Place, home_of
from harma.ground.storage.lease import writing
from harma.index.build import build
from harma.index.engines.engine import Engine
from harma.index.properties import properties_of
from harma.index.settings import Settings, is_index, read_settings, write_settings
from harma.index.source_files import source_of
from harma.index.store import WRITING_INDEX, Store
from harma.index.store.tables import TABLES
from harma.index.writer import BuildOutcome, write_problems
from harma.model.fingerprint import model_id
from harma.model.opened import OpenedModel, engine_of
from harma.scenes.period import Period
from harma.scenes.source import Properties, Source, source_named

# Where what is known of other embeddings lies until they are whole; their tables grow beside the
# old ones.
GROWING = ".reembed"


def reembed(
    place: Place,
    model: OpenedModel,
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

    The old tables answer searches until the new ones are whole; then one write of `index.json`
    changes over. What was embedded stays after an interruption, and the next call goes on there.

    Args:
        place: of the index.
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
    home = home_of(place)
    old = Store(home)
    settings = replace(
        old.settings,
        model=name,
        backbone=backbone,
        model_id=model_id(model),
        embedded_by=(engine_of(model),),
        embed_dim=model.embed_dim,
        tiles=tiles or old.settings.tiles,
        reading=replace(old.settings.reading, values=model.preprocess.bands),
    )
    if settings.embedding_id == old.settings.embedding_id:
        _refuse(home, settings)
    with writing(home, WRITING_INDEX) as guard:
        growing = home.child(f"{GROWING}/{settings.embedding_id}")
        # Of an earlier version, which let the tables grow here.
        if growing.has(TABLES):
            growing.remove_tree("")
        # Again: sources that another process brought in until now are to be embedded too.
        old = Store(home, guard=guard)
        sources = _sources_of(old)
        _forget_removed(growing, home, {source.name for source in sources})
        outcome = build(
            growing,
            sources,
            model,
            settings,
            batch_size=batch_size,
            num_workers=num_workers,
            tables=home,
            progress=progress,
            engine=engine,
        )
        if not allow_missing:
            _check_nothing_lost(old, outcome.problems)
        _keep_added(old, Store(growing, tables=home, guard=guard))
        # Of kinds that the old tables have no chips of, ranges may have been found now.
        reading = read_settings(growing).reading
        # What a server has kept of a version is not taken for one of the new tables.
        before = max(old.versions)
        guard()
        _change_over(home, replace(settings, reading=reading, versions_before=before))
        write_problems(Store(home, guard=guard))
    return outcome


def _refuse(home: Home, settings: Settings) -> None:
    """Take away what an interrupted change-over to the present embeddings left, and refuse another.

    Raises:
        ConfigError: always.
    """
    with writing(home, WRITING_INDEX):
        _clear(home, settings)
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


def _forget_removed(growing: Home, tables: Home, names: AbstractSet[str]) -> None:
    """Take out of tables that an interruption left what was removed from the index since."""
    if is_index(growing):
        store = Store(growing, tables=tables)
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


def _change_over(home: Home, settings: Settings) -> None:
    """Let the settings name the new tables, which lie beside the old, and remove the old."""
    write_settings(home, settings)
    _clear(home, settings)


def _clear(home: Home, settings: Settings) -> None:
    """Remove all tables but those that the settings name, and what is known of others."""
    home.remove_tree(GROWING)
    tables = home.child(TABLES)
    for name in list(tables.names()):
        if name != settings.embedding_id:
            tables.remove_tree(name)
