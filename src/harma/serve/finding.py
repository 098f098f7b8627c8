"""A search of the API: asked, found, kept, and answered page by page."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from fastapi import Request

from harma.errors import GoneError
from harma.index.ask_json import Asked, said
from harma.index.hit_list import HitList
from harma.index.hits import Hit
from harma.index.standing import STANDINGS
from harma.serve.asked import read_asked
from harma.serve.empty import why_empty
from harma.serve.features import hit_features
from harma.serve.links import link
from harma.serve.results import Kept
from harma.serve.served import ServedIndex
from harma.serve.service import Service

# Hits that are looked for at first: a thousand take many times as long, and few are ever asked for.
FIRST_KEPT = 50


@dataclass(frozen=True)
class PageOfHits:
    """Which hits of a kept list are given.

    Attributes:
        after: hits that stand before them.
        k: how many, at most.
    """

    after: int
    k: int


def read(service: Service, index: ServedIndex, values: Mapping[str, Any]) -> Asked:
    """A search of an index as a client sent it, with its uploads and sources.

    Args:
        service: of the server.
        index: to search.
        values: of JSON that the schema admits.

    Raises:
        QueryError: what is asked is not usable.
        NotFoundError: a source that is named is not there.
    """
    return read_asked(
        values,
        service.settings.limits,
        uploaded=service.seen_by(index),
        named=index.source_name,
    )


def find(service: Service, index: ServedIndex, values: Mapping[str, Any]) -> tuple[Kept, int]:
    """Search an index, or take the hits of the same search that are kept.

    It runs in a thread of the searches.

    Args:
        service: of the server.
        index: to search.
        values: of JSON that the schema admits.

    Returns:
        The kept hits, and how many of them are asked for.

    Raises:
        QueryError: what is asked is not usable.
        NotFoundError: a source or chip that is named is not there.
    """
    asked = read(service, index, values)
    # All pages are of one list, so that the size of a page is no part of what is kept.
    most = service.settings.limits.kept_hits
    depth = min(max(asked.page.k, FIRST_KEPT), most)
    to_keep = replace(asked.page, k=depth)
    # Held: a refresh meanwhile would keep newer hits under the older version.
    held = index.held()
    kept = service.results.found(
        index.id,
        held.version,
        {name: value for name, value in said(values).items() if name != "k"},
        lambda: held.index.find(asked.query, asked.where, to_keep),
        depth=None if depth == most else depth,
    )
    return deep_enough(service, index, kept, asked.page.k), asked.page.k


def deep_enough(service: Service, index: ServedIndex, kept: Kept, count: int | None = None) -> Kept:
    """A kept list that holds so many hits, where there are so many; it runs in a thread.

    Args:
        service: of the server.
        index: that was searched.
        kept: the hits that were found first.
        count: hits that are wanted; None wants all that are ever kept.

    Raises:
        GoneError: the index has changed since, so that its further hits are others.
    """
    has_enough = count is not None and count <= len(kept.hits)
    if kept.is_whole or has_enough:
        return kept
    held = index.held()
    if kept.version != held.version:
        raise GoneError("the index has changed since this search; search again")
    most = service.settings.limits.kept_hits
    asked = read(service, index, kept.asked)
    all_hits = held.index.find(asked.query, asked.where, replace(asked.page, k=most))
    # Pages that were given stay as they are, also where an ANN index now gives others.
    known = {hit.id for hit in kept.hits}
    hits = [*kept.hits, *(hit for hit in all_hits if hit.id not in known)]
    joined = HitList(hits[:most], expanded=kept.expanded)
    return service.results.keep(kept.index, kept.version, kept.asked, joined, kept.took_ms)


def answer(
    request: Request, kept: Kept, page: PageOfHits, *, empty: dict[str, str] | None = None
) -> dict[str, Any]:
    """A page of kept hits as the API answers it (`harma.serve.answers.Answer`).

    Args:
        request: that is answered.
        kept: the hits of a search.
        page: which of them.
        empty: why there is none.
    """
    hits = kept.hits[page.after : page.after + page.k]
    return {
        "type": "FeatureCollection",
        "query_id": kept.id,
        "index": kept.index,
        "version": kept.version,
        "took_ms": round(kept.took_ms, 2),
        "asked": {**kept.asked, "k": page.k},
        "num_kept": len(kept.hits),
        "counts": _counts(kept.hits),
        "next": _next(request, kept, page),
        "empty": empty,
        "expanded": [expansion.to_dict() for expansion in kept.expanded],
        "features": hit_features(kept.index, hits, first_rank=page.after + 1),
    }


def _next(request: Request, kept: Kept, page: PageOfHits) -> str | None:
    """The address of the page that follows; None where none does."""
    after = page.after + page.k
    if kept.is_whole and after >= len(kept.hits):
        return None
    path = f"/v1/indexes/{kept.index}/results/{kept.id}"
    return link(request, path, after=after, k=page.k)


def empty_of(service: Service, index: ServedIndex, kept: Kept) -> dict[str, str] | None:
    """Why nothing was found; None where something was."""
    if kept.hits:
        return None
    return why_empty(index.index, read(service, index, kept.asked).where)


def _counts(hits: Sequence[Hit]) -> dict[str, int]:
    counted = Counter(hit.standing for hit in hits)
    counts = {standing: counted[standing] for standing in STANDINGS}
    return {**counts, "none": counted[""]}
