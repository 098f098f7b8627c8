"""What a person is to look at next: the best hits without a mark, or the doubtful ones."""

from collections.abc import Collection
from typing import Literal

from harma.index.ask import MOST_HITS, Page
from harma.index.ask_json import Asked
from harma.index.hit_list import HitList
from harma.index.index import Index

How = Literal["best", "doubtful"]
# Doubtful chips at once: each is compared with those before it, and marks make others doubtful.
MOST_DOUBTFUL = 100


def next_hits(index: Index, asked: Asked, how: How, marked: Collection[str], most: int) -> HitList:
    """Hits without a mark.

    Args:
        index: that is searched.
        asked: the saved search with its marks.
        how: "best" gives the best first, "doubtful" those of which a mark says most.
        marked: chips that have one.
        most: hits.

    Raises:
        QueryError: it cannot be asked any more; of a change nothing is doubtful.
    """
    if how == "doubtful":
        page = Page(k=min(most, MOST_DOUBTFUL), overlap=asked.page.overlap)
        return index.find_doubtful(asked.query, asked.where, page, marked=marked)
    page = Page(k=min(most + len(marked), MOST_HITS), overlap=asked.page.overlap)
    hits = index.find(asked.query, asked.where, page)
    unmarked = [hit for hit in hits if hit.id not in marked]
    return HitList(unmarked[:most], hits.store, hits.expanded)
