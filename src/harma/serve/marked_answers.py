"""Answers of saved searches with their marks: searched again, and what to look at next."""

from collections.abc import Sequence
from typing import Any

from fastapi import Request

from harma.searches.asking import CurrentMarks, current_marks, values_with_marks
from harma.searches.records import Mark
from harma.serve.empty import why_empty
from harma.serve.finding import PageOfHits, answer, read
from harma.serve.next_up import How, next_hits
from harma.serve.results import Kept
from harma.serve.saved import Saved
from harma.serve.service import Service

# Of the last marks it is told how many are good.
LAST_MARKS = 10


def searched_again(
    service: Service, request: Request, saved: Saved, k: int | None
) -> dict[str, Any]:
    """The hits of a saved search with its good and bad marks as examples.

    Raises:
        QueryError: it cannot be asked any more.
    """
    return _answer(service, request, saved, k, how=None)


def next_to_mark(
    service: Service, request: Request, saved: Saved, k: int | None, how: How
) -> dict[str, Any]:
    """Hits of a saved search that have no mark yet.

    Raises:
        QueryError: it cannot be asked any more.
    """
    return _answer(service, request, saved, k, how=how)


def last_good(marks: Sequence[Mark]) -> dict[str, int]:
    """Of the last marks, how many are good."""
    last = marks[-LAST_MARKS:]
    return {
        "last_good": sum(mark.mark == "good" for mark in last),
        "last_marked": len(last),
    }


def _answer(
    service: Service, request: Request, saved: Saved, k: int | None, how: How | None
) -> dict[str, Any]:
    current = current_marks(saved.book, saved.search.id, saved.index.index.store)
    kept = kept_with_marks(service, saved, current, how)
    usual = service.settings.limits.usual_k
    page = PageOfHits(0, k or saved.search.asked.get("k") or usual)
    return {
        **answer(request, kept, page, empty=_empty(service, saved, kept)),
        # As it was saved: its marks are told by themselves.
        "asked": {**saved.search.asked, "k": page.k},
        "num_gone": current.num_gone,
        **last_good(current.marks),
    }


def kept_with_marks(
    service: Service, saved: Saved, current: CurrentMarks, how: How | None = None
) -> Kept:
    """The hits of a saved search with its marks, or those of the same question that are kept.

    Args:
        service: of the server.
        saved: the search.
        current: its marks.
        how: what is to be looked at next; None gives all hits, the best first.

    Raises:
        QueryError: it cannot be asked any more.
    """
    index = saved.index
    most = service.settings.limits.kept_hits
    held = index.held()
    values = values_with_marks(saved.search, current, held.index.store)
    asked = read(service, index, values)
    # All that the hits depend on; of what is next the marks that say nothing, too.
    question = {name: value for name, value in values.items() if name != "k"}
    marked: set[str] = set()
    if how is not None:
        marked = {mark.chip for mark in current.marks}
        question |= {"next": how, "marked": sorted(marked)}
    return service.results.found(
        index.id,
        held.version,
        question,
        lambda: next_hits(held.index, asked, how or "best", marked, most),
    )


def _empty(service: Service, saved: Saved, kept: Kept) -> dict[str, str] | None:
    """Why nothing was found; None where something was."""
    if kept.hits:
        return None
    if kept.asked.get("marked"):
        return {
            "reason": "all that was found is marked",
            "advice": "search again, or look for something else",
        }
    return why_empty(saved.index.index, read(service, saved.index, saved.search.asked).where)
