"""Names in judgments: the chips of an index by their ids, its scenes by path or file name."""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Literal

import pyarrow as pa
import pyarrow.compute as pc

from harma.errors import ConfigError, DataError, NotFoundError
from harma.index.contract import StoreReader

By = Literal["chip", "source"]
BY: tuple[By, ...] = ("chip", "source")
# Names that a message holds.
MOST_NAMED = 5


def check_by(by: str) -> None:
    """Check that judgments are of chips or of sources.

    Raises:
        ConfigError: they are of something else.
    """
    if by not in BY:
        raise ConfigError(f"by is {by!r}; judgments are by {' or by '.join(BY)}")


def chips_among(store: StoreReader, names: Collection[str]) -> set[str]:
    """Which of some names are ids of chips of an index."""
    asked = pa.array(sorted(names), pa.string())
    there: set[str] = set()
    with store.reading():
        for block in store.blocks(["id"]):
            ids = block["id"].filter(pc.is_in(block["id"], asked))
            there.update(ids.to_pylist())
    return there


class SourceNames:
    """Names by which the sources of an index may be called.

    Args:
        store: of the index.

    Attributes:
        names: full names of the sources that have chips.
    """

    def __init__(self, store: StoreReader) -> None:
        self.names: set[str] = set()
        # Of the chips, not of the records of sources: what has no chips is never found.
        with store.reading():
            for block in store.blocks(["source"]):
                self.names.update(pc.unique(block["source"]).to_pylist())
        self._by_last_part: defaultdict[str, list[str]] = defaultdict(list)
        for name in sorted(self.names):
            self._by_last_part[_parts(name)[-1]].append(name)

    def called(self, name: str) -> list[str]:
        """Full names of the sources that a name means: itself, or all whose path ends with it."""
        if name in self.names:
            return [name]
        parts = _parts(name)
        candidates = self._by_last_part.get(parts[-1], [])
        return [full for full in candidates if _parts(full)[-len(parts) :] == parts]


def _parts(name: str) -> list[str]:
    return name.strip().replace("\\", "/").removeprefix("./").split("/")


def resolved_names(
    store: StoreReader, names: Collection[str], by: By, places: Mapping[str, str] | None = None
) -> dict[str, str]:
    """What judged names are called in an index.

    Args:
        store: of the index.
        names: of chips or of sources, as they were judged.
        by: which of the two they are.
        places: where each stands, such as "line 3", for messages.

    Returns:
        The id of the chip or the full name of the source, by each name.

    Raises:
        NotFoundError: some are not in the index.
        DataError: some mean several sources.
    """
    places = places or {}
    if by == "chip":
        resolved = {name: name for name in chips_among(store, names)}
    else:
        resolved = _sources_called(SourceNames(store), names, places)
    unknown = [name for name in names if name not in resolved]
    if unknown:
        raise NotFoundError(
            f"{len(unknown):,} of {len(names):,} judged {by}s are not in the index"
            f" {store.home}, or have no chips: {told(unknown, places)}. Judgments are of the"
            " index that they were made on, unless they name sources"
        )
    return resolved


def _sources_called(
    sources: SourceNames, names: Collection[str], places: Mapping[str, str]
) -> dict[str, str]:
    """Full names of sources by the names that mean one.

    Raises:
        DataError: a name means several.
    """
    resolved = {}
    for name in names:
        called = sources.called(name)
        if len(called) > 1:
            raise DataError(
                f"{told([name], places)} may be any of {len(called)} sources, such as {called[0]}"
                f" and {called[1]}; give more of the path"
            )
        if called:
            resolved[name] = called[0]
    return resolved


def told(names: Collection[str], places: Mapping[str, str]) -> str:
    """Some names, the first few, each with its place."""
    shown = []
    for name in list(names)[:MOST_NAMED]:
        place = f" ({places[name]})" if name in places else ""
        shown.append(f"{name!r}{place}")
    if len(names) > MOST_NAMED:
        shown.append("…")
    return ", ".join(shown)
