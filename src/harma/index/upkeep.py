"""Upkeep of an index: sources are taken out, small files joined, the ANN index made anew."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from harma.errors import ConfigError, NotFoundError
from harma.ground.progress import AdvancePart
from harma.ground.storage.home import Place, home_of
from harma.ground.storage.lease import writing
from harma.index.compaction import keep_quick
from harma.index.orphans import drop_orphans
from harma.index.settings import read_settings
from harma.index.store import WRITING_INDEX, Store
from harma.index.writer import write_problems
from harma.model.opened import OpenedModel


class Removed(NamedTuple):
    """How much went.

    Attributes:
        num_sources: that were taken out.
        num_chips: of them.
    """

    num_sources: int
    num_chips: int


def remove(place: Place, patterns: Sequence[str]) -> Removed:
    """Take sources out.

    Args:
        place: of the index.
        patterns: names of sources, with * and ?.

    Raises:
        BusyError: another process writes the index.
        ConfigError: one pattern is given in place of a list.
        NotFoundError: a pattern matches no source; nothing is removed then.
    """
    # The letters of a pattern would each be one; a star among them matches every source.
    if isinstance(patterns, str):
        raise ConfigError(f"patterns is {patterns!r}; give a list, such as [{patterns!r}]")
    # Before the lock, which would make the directory: there must be an index.
    read_settings(place)
    home = home_of(place)
    with writing(home, WRITING_INDEX) as guard:
        store = Store(home, guard=guard)
        names: list[str] = []
        for table in store.source_tables(["source"]):
            names += table["source"].to_pylist()
        # All patterns are looked at before anything goes: a mistyped one should cost nothing.
        chosen: set[str] = set()
        for pattern in patterns:
            matches = [name for name in names if _matches(name, pattern)]
            if not matches:
                raise NotFoundError(
                    f"no source of the index matches {pattern}; nothing was removed"
                )
            chosen.update(matches)
        count = store.count()
        store.drop_sources(sorted(chosen))
        write_problems(store)
        return Removed(len(chosen), count - store.count())


def _matches(name: str, pattern: str) -> bool:
    """Whether a name fits a pattern of * and ?; brackets mean themselves."""
    # A name of an index is a pattern of itself, also where it holds a star.
    return name == pattern or fnmatchcase(name, pattern.replace("[", "[[]"))


def optimize(
    place: Place, model: OpenedModel | None, progress: AdvancePart, num_workers: int = 1
) -> str:
    """Join files, drop old versions and what writers that died have left, make the ANN index anew.

    Args:
        place: of the index.
        model: the one the index was made with; None measures recall on chips alone.
        progress: told of what takes long.
        num_workers: processes that make the ANN index.

    Returns:
        How the index is searched now.

    Raises:
        BusyError: another process writes the index.
    """
    read_settings(place)
    home = home_of(place)
    with writing(home, WRITING_INDEX) as guard:
        # Inside: what another process wrote until now is to be joined too.
        store = Store(home, guard=guard)
        told = keep_quick(store, model, progress, force=True, num_workers=num_workers)
        guard()
        drop_orphans(store.chips_address())
        return told
