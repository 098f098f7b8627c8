"""Marks under the benchmark: the first hits of a label are marked, and the rest is ranked anew."""

import numpy as np
from benchmarks.search.queries import Queries

from harma.evaluation.judging.scores import scored
from harma.index.ask import Chip, Page, Query

# Hits that are marked before searching again, at most so many in all.
PAGE, CHECKED = 5, (5, 10, 20)


def marked_figures(archive, *, expand):
    """MAP of what is not marked, percent: number of marks → (before, with marks)."""
    index = archive.index(1)
    everything = Page(k=len(archive.labelled.files), overlap=None, exact=True)
    figures = {count: ([], []) for count in CHECKED}
    for judged in Queries(archive.labelled, expand=expand).singles():
        text = judged.query.text
        first = index.find(judged.query, page=everything)
        marks = {}
        again = first
        while len(marks) < max(CHECKED):
            unmarked = [hit for hit in again if hit.id not in marks]
            marks |= {hit.id: judged.relevance[hit.source] for hit in unmarked[:PAGE]}
            like = [Chip(chip) for chip, good in marks.items() if good]
            unlike = [Chip(chip) for chip, good in marks.items() if not good]
            again = index.find(
                Query(text, like=like, unlike=unlike, expand=expand), page=everything
            )
            if len(marks) in CHECKED:
                figures_of = figures[len(marks)]
                for hits, found in zip((first, again), figures_of, strict=True):
                    found.append(_precision(hits, judged, marks))
    return {
        count: tuple(100 * np.nanmean(found) for found in pair) for count, pair in figures.items()
    }


def _precision(hits, judged, marks):
    """AP of the hits that are not marked; NaN where all that is relevant is marked."""
    left = {hit.id: judged.relevance[hit.source] for hit in hits if hit.id not in marks}
    if not any(left.values()):
        return np.nan
    run = {hit.id: float(hit.score) for hit in hits if hit.id not in marks}
    return scored({"q": left}, {"q": run})[1]["q"]["AP"]
