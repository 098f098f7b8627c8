"""What a person is to look at next: the best hits without a mark, or the doubtful ones."""

from collections.abc import Collection
from typing import Literal

from harma.index.ask import Page
from harma.index.ask_json import Asked
from harma.index.hits import Hit
from harma.index.index import Index

How = Literal["best", "doubtful"]
# Share of the index below which a hit is hardly one: between likely and weak.
DOUBTFUL_PERCENTILE = 97.0


def next_hits(
    index: Index, asked: Asked, how: How, marked: Collection[str], most: int
) -> list[Hit]:
    """Hits without a mark.

    Args:
        index: that is searched.
        asked: the saved search with its marks.
        how: "best" gives the best first, "doubtful" those of which a mark says most.
        marked: chips that have one.
        most: hits.
    """
    page = Page(k=most + len(marked), overlap=asked.page.overlap)
    hits: list[Hit] = index.find(asked.query, asked.where, page)
    if how == "doubtful":
        hits = _most_doubtful(hits)
    return [hit for hit in hits if hit.id not in marked][:most]


def _most_doubtful(hits: list[Hit]) -> list[Hit]:
    """Hits of which nobody can say yet whether they are good."""
    return sorted(hits, key=lambda hit: abs(hit.percentile - DOUBTFUL_PERCENTILE))
