"""Upkeep of an index: taking sources out, making it quick again, embedding it again."""

import os
import shutil
from collections.abc import Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from harma.errors import ConfigError, DataError
from harma.ground.files import locked
from harma.index.build import build
from harma.index.settings import FILE, Settings, read_settings, write_settings
from harma.index.store import WRITING, Store, tables_directory
from harma.index.tend import Progress, tend
from harma.index.writer import BuildOutcome, write_problems
from harma.model.fingerprint import model_id
from harma.scenes.sources import Source, source_named

# Where the tables of another model grow until they are whole.
AGAIN = ".reembed"


def remove(directory: Path, patterns: Sequence[str]) -> tuple[int, int]:
    """Take sources out.

    Args:
        directory: of the index.
        patterns: names of sources, with * and ?.

    Returns:
        How many sources and chips went.

    Raises:
        ConfigError: a pattern matches no source; nothing is removed then.
    """
    with locked(directory, WRITING):
        store = Store(directory)
        names = list(store.sources())
        for pattern in patterns:
            if not any(_matches(name, pattern) for name in names):
                raise ConfigError(f"no source of the index matches {pattern}; nothing was removed")
        chosen = [name for name in names if any(_matches(name, pattern) for pattern in patterns)]
        before = store.count()
        store.drop_sources(chosen)
        write_problems(store)
        return len(chosen), before - store.count()


def _matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern of * and ?; brackets mean themselves."""
    return name == pattern or fnmatchcase(name, pattern.replace("[", "[[]"))


def optimize(directory: Path, model: Any, progress: Progress) -> str:
    """Join files, drop old versions, and make the ANN index anew.

    Args:
        directory: of the index.
        model: the one the index was made with; None measures recall on chips alone.
        progress: told of what takes long.

    Returns:
        How the index is searched now.
    """
    store = Store(directory)
    with locked(directory, WRITING):
        return tend(store, model, progress, force=True)


def reembed(
    directory: Path,
    model: Any,
    name: str,
    backbone: str | None,
    *,
    allow_missing: bool = False,
    batch_size: int = 64,
    num_workers: int = 1,
    progress: Progress = lambda what, done, total: None,
) -> BuildOutcome:
    """Embed all sources of an index again, with another model.

    The old tables answer searches until the new ones are whole; then one rename changes over. What
    was embedded stays after an interruption, and the next call goes on there.

    Args:
        directory: of the index.
        model: the new one.
        name: what `harma.load` finds it by.
        backbone: where its backbone is, if given apart.
        allow_missing: give up sources that cannot be read any more.
        batch_size: chips embedded at once.
        num_workers: processes that read.
        progress: told how far it is.

    Raises:
        ConfigError: the index has this model already, or another process writes it.
        DataError: sources cannot be read; the index stays as it is.
    """
    old = Store(directory)
    settings = replace(
        old.settings,
        model=name,
        backbone=backbone,
        model_id=model_id(model),
        embed_dim=model.embed_dim,
    )
    if settings.model_id == old.settings.model_id:
        with locked(directory, WRITING):
            shutil.rmtree(directory / AGAIN, ignore_errors=True)
        raise ConfigError(
            f"the index has the embeddings of this model already ({settings.model_id})"
        )
    with locked(directory, WRITING):
        again = directory / AGAIN / settings.model_id
        sources = _sources_of(old)
        _forget_removed(again, {source.name for source in sources})
        outcome = build(
            again,
            sources,
            model,
            settings,
            batch_size=batch_size,
            num_workers=num_workers,
            progress=progress,
        )
        # What could not be used before has nothing to lose.
        known = old.sources()
        lost = {
            name: why
            for name, why in outcome.problems.items()
            if name not in known or known[name].num_chips
        }
        if lost and not allow_missing:
            first, problem = next(iter(lost.items()))
            raise DataError(
                f"{len(lost):,} sources cannot be read any more, such as {first}: {problem}. The"
                " index stays as it is. Bring them back, `harma index remove` them, or go on"
                " without them (--allow-missing)"
            )
        _change_over(directory, again, settings)
        write_problems(Store(directory))
    return outcome


def _forget_removed(again: Path, wanted: set[str]) -> None:
    """Take out of tables that an interruption left what was removed from the index since."""
    if (again / FILE).is_file():
        store = Store(again)
        store.drop_sources([name for name in store.sources() if name not in wanted])


def _sources_of(store: Store) -> list[Source]:
    """The sources; dates that came from a list are known from the chips alone."""
    table = store.rows(["source", "datetime"])
    dates = dict(zip(table["source"].to_pylist(), table["datetime"].to_pylist(), strict=True))
    return [source_named(source, dates.get(source)) for source in {**store.sources(), **dates}]


def _change_over(directory: Path, again: Path, settings: Settings) -> None:
    """Put new tables beside the old, let the settings name them, and remove the old."""
    old = read_settings(directory)
    target = tables_directory(directory, settings)
    # Tables that are there and not named by the settings are of a change-over that was cut off
    # before it counted.
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(tables_directory(again, settings), target, copy_function=os.link)
    write_settings(directory, settings)
    shutil.rmtree(tables_directory(directory, old), ignore_errors=True)
    shutil.rmtree(directory / AGAIN, ignore_errors=True)
