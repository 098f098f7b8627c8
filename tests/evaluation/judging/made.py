"""Small indices whose every score is known, and queries on them that need no model."""

from pathlib import Path

import numpy as np
from tests.index.made import chip, made_settings

from harma import Query, Vector
from harma.evaluation.judging import JudgedQuery
from harma.index.index import Index
from harma.index.store import Store

# Looks in the direction of the first axis.
AHEAD = np.array([1, 0, 0, 0], dtype=np.float32)


def index_of(directory: Path, scores: dict[str, float], sources: dict[str, str] | None = None):
    """An index whose chips have these cosines with `AHEAD`.

    Args:
        directory: of the index.
        scores: by ids of chips.
        sources: of chips that are of another scene than `ID.tif`.
    """
    store = Store.create(directory, made_settings(4))
    chips = []
    vectors = []
    for name, score in scores.items():
        source = (sources or {}).get(name, f"/scenes/{name}.tif")
        chips.append(chip(id=name, source=source))
        vectors.append([score, np.sqrt(1 - score**2), 0, 0])
    store.add_chips(chips, np.array(vectors, dtype=np.float32))
    return Index.open(directory)


def ahead(name: str, relevance: dict[str, int], **options) -> JudgedQuery:
    """A query in the direction of `AHEAD`."""
    return JudgedQuery(name, Query(image=Vector(AHEAD)), relevance, **options)
