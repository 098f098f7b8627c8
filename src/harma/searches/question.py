"""What a watch looks for: its saved search with the marks on it, read from JSON."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace

from harma.errors import QueryError
from harma.index.ask import Chip, Query
from harma.index.ask_json import Asked, asked_of
from harma.index.contract import StoreReader
from harma.index.schema import quoted
from harma.index.source_ids import sources_by_id
from harma.searches.records import Mark, SavedSearch, Watch

CHIPS_AT_ONCE = 500


@dataclass(frozen=True)
class Question:
    """What a watch looks for.

    Attributes:
        asked: the search, with its marks as examples.
        key: the same as long as the search, its marks, the threshold and the model are the same.
    """

    asked: Asked
    key: str


def question_of(
    search: SavedSearch, marks: Sequence[Mark], watch: Watch, store: StoreReader
) -> Question:
    """What a watch looks for.

    Args:
        search: that is watched.
        marks: on its hits.
        watch: with its threshold.
        store: of the index.

    Raises:
        QueryError: it is not usable, such as the source that it names is gone.
    """

    def named(source: str) -> str:
        names = sources_by_id(store.sources())
        if source not in names:
            raise QueryError(f"the source {source} that it looks in is not in the index any more")
        return names[source]

    asked = asked_of(search.asked, named=named)
    judged = {
        "asked": dict(search.asked),
        "marks": sorted((mark.chip, mark.mark) for mark in marks),
        "threshold": [watch.standing, watch.least_score],
        "model": store.settings.model_id,
    }
    text = json.dumps(judged, sort_keys=True)
    key = hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
    return Question(replace(asked, query=_with_marks(asked.query, marks, store)), key)


def _with_marks(query: Query, marks: Sequence[Mark], store: StoreReader) -> Query:
    """A query with marked chips as examples; those that are gone say nothing."""
    there = _chips_there(store, [mark.chip for mark in marks if mark.mark != "unsure"])
    good = [Chip(mark.chip) for mark in marks if mark.mark == "good" and mark.chip in there]
    bad = [Chip(mark.chip) for mark in marks if mark.mark == "bad" and mark.chip in there]
    return replace(query, like=[*query.like, *good], unlike=[*query.unlike, *bad])


def _chips_there(store: StoreReader, ids: Sequence[str]) -> set[str]:
    there: set[str] = set()
    for start in range(0, len(ids), CHIPS_AT_ONCE):
        names = ", ".join(map(quoted, ids[start : start + CHIPS_AT_ONCE]))
        there.update(store.rows(["id"], f"id IN ({names})")["id"].to_pylist())
    return there
