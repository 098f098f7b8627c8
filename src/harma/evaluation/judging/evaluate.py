"""Measure the search of an index on judged queries: mAP, nDCG@10, precision of each standing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from harma.errors import DataError
from harma.evaluation.judging.names import By, check_by, resolved_names
from harma.evaluation.judging.queries import RELEVANT, JudgedQuery, check_queries
from harma.evaluation.judging.ranking import Depth, Ranked, Ranking, ranking_of
from harma.evaluation.judging.scores import (
    MEASURES,
    Draws,
    Figure,
    check_measures,
    mean_figure,
    scored,
    share_figure,
)
from harma.ground.progress import AdvancePart, not_told
from harma.index.expansion import Expansion
from harma.index.index import Index
from harma.index.standing import STANDINGS


@dataclass(frozen=True, eq=False)
class QueryEvaluation:
    """A query, what it found, and its figures.

    Attributes:
        query: with judgments by ids of chips or full names of sources.
        ranking: what was found, the best first.
        figures: value of each of `MEASURES`, 0 to 1.
        expanded: what joined its texts, those of which something did.
    """

    query: JudgedQuery
    ranking: tuple[Ranked, ...]
    figures: dict[str, float]
    expanded: tuple[Expansion, ...] = ()

    def num_hits(self, standing: str) -> int:
        """Hits of a standing."""
        return sum(ranked.standing == standing for ranked in self.ranking)

    def num_judged(self, standing: str) -> int:
        """Hits of a standing that were judged."""
        return sum(ranked.name in self.query.relevance for ranked in self._of(standing))

    def num_relevant(self, standing: str) -> int:
        """Hits of a standing that are relevant."""
        grades = (self.query.relevance.get(ranked.name, 0) for ranked in self._of(standing))
        return sum(grade >= RELEVANT for grade in grades)

    def _of(self, standing: str) -> Iterable[Ranked]:
        return (ranked for ranked in self.ranking if ranked.standing == standing)


@dataclass(frozen=True)
class StandingFigure:
    """What a standing is worth.

    Attributes:
        hits: hits of all queries that have it.
        judged: how many of them were judged.
        relevant: how many are relevant.
        precision: the share of relevant ones among the hits; None without hits. Hits that nobody
            judged count as not relevant.
    """

    hits: int
    judged: int
    relevant: int
    precision: Figure | None


@dataclass(frozen=True)
class SearchSettings:
    """What was measured, and how.

    Attributes:
        index: its directory.
        model: what it was made with.
        model_id: fingerprint of that model.
        index_version: numbers of the versions of its chips and of its sources.
        depth: of the rankings.
        draws: of the intervals.
    """

    index: str
    model: str
    model_id: str
    index_version: tuple[int, int]
    depth: Depth
    draws: Draws


@dataclass(frozen=True, eq=False)
class SearchEvaluation:
    """Figures of a search on judged queries.

    Attributes:
        settings: what was measured.
        figures: mean of each of `MEASURES` over queries; that of AP is mAP.
        standings: "clear", "likely" and "weak", and "" where an index is too small to tell.
        queries: each with its ranking and figures, in the order given.
    """

    settings: SearchSettings
    figures: dict[str, Figure]
    standings: dict[str, StandingFigure]
    queries: tuple[QueryEvaluation, ...]

    def qrels(self) -> dict[str, dict[str, int]]:
        """The judgments: query → name → grade."""
        return {found.query.id: dict(found.query.relevance) for found in self.queries}

    def run(self) -> dict[str, dict[str, float]]:
        """What was found: query → name → score."""
        run = {}
        for found in self.queries:
            run[found.query.id] = {ranked.name: ranked.score for ranked in found.ranking}
        return run


def evaluate_search(
    index: Index,
    queries: Sequence[JudgedQuery],
    *,
    by: By = "chip",
    depth: int = 1000,
    exact: bool = True,
    resamples: int = 10_000,
    seed: int = 0,
    progress: AdvancePart = not_told,
) -> SearchEvaluation:
    """Measure the search of an index, as `Index.find` does it, nothing merged.

    ::

        harbour = JudgedQuery("harbour", harma.Query("a harbour"), {"port.tif": 1, "sea.tif": 0})
        evaluate_search(index, [harbour], by="source").figures["AP"].mean

    Figures are those of trec_eval by `ir_measures`: nDCG with grades as gains, all others from
    grade 1 on; what was not judged counts as not relevant. Equal scores stand in the order of the
    search. A relevant chip that is not in the ranking, because of its depth or of a filter, counts
    as not found.

    Args:
        index: that is searched.
        queries: with their judgments.
        by: "chip": judgments are of chips by ids; "source": of scenes or pictures, each found at
            the rank of its best chip, named by path or by as much of its end as tells them apart.
        depth: ranks.
        exact: compare all chips, also where there is an ANN index.
        resamples: draws of queries for the intervals.
        seed: of the draws.
        progress: called with ("searching", so far, in all).

    Raises:
        DataError: there are no queries, two have one id, or a name means several sources.
        NotFoundError: what was judged is not in the index.
        ConfigError: `by` or `depth` is not usable.
        QueryError: a query cannot be asked.
        MissingDependencyError: `ir_measures` is not installed.
    """
    check_by(by)
    how_deep = Depth(by, depth, exact)
    check_queries(queries)
    check_measures()
    queries = _resolved(index, queries, by)
    rankings = []
    for so_far, judged in enumerate(queries):
        progress("searching", so_far, len(queries))
        rankings.append(ranking_of(index, judged, how_deep))
    progress("searching", len(queries), len(queries))
    store = index.store
    settings = SearchSettings(
        index=str(store.home),
        model=store.settings.model,
        model_id=store.settings.model_id,
        index_version=store.versions,
        depth=how_deep,
        draws=Draws(resamples, seed),
    )
    return _evaluation(settings, queries, rankings)


def _resolved(index: Index, queries: Sequence[JudgedQuery], by: By) -> list[JudgedQuery]:
    """Queries whose judgments are by the names of the index.

    Raises:
        DataError: two judgments of a query are of one source.
    """
    names: dict[str, None] = {}
    for query in queries:
        names.update(dict.fromkeys(query.relevance))
    called = resolved_names(index.store, list(names), by)
    resolved = []
    for query in queries:
        relevance = {called[name]: grade for name, grade in query.relevance.items()}
        if len(relevance) < len(query.relevance):
            raise DataError(
                f"query {query.id!r}: two of its judgments are of one source, under two names"
            )
        resolved.append(replace(query, relevance=relevance))
    return resolved


def _evaluation(
    settings: SearchSettings,
    queries: Sequence[JudgedQuery],
    rankings: Sequence[Ranking],
) -> SearchEvaluation:
    """The figures of rankings."""
    found = [
        QueryEvaluation(query, ranking.ranks, {}, ranking.expanded)
        for query, ranking in zip(queries, rankings, strict=True)
    ]
    unscored = SearchEvaluation(settings, {}, {}, tuple(found))
    means, by_query = scored(unscored.qrels(), unscored.run())
    evaluated = tuple(replace(one, figures=by_query[one.query.id]) for one in found)
    figures = {}
    for name in MEASURES:
        values = [one.figures[name] for one in evaluated]
        figures[name] = mean_figure(values, settings.draws, mean=means[name])
    standings = {name: _standing(name, evaluated, settings.draws) for name in STANDINGS}
    untold = _standing("", evaluated, settings.draws)
    if untold.hits:
        standings[""] = untold
    return SearchEvaluation(settings, figures, standings, evaluated)


def _standing(name: str, queries: Sequence[QueryEvaluation], draws: Draws) -> StandingFigure:
    hits = [query.num_hits(name) for query in queries]
    relevant = [query.num_relevant(name) for query in queries]
    return StandingFigure(
        hits=sum(hits),
        judged=sum(query.num_judged(name) for query in queries),
        relevant=sum(relevant),
        precision=share_figure(relevant, hits, draws),
    )


def search_difference(a: SearchEvaluation, b: SearchEvaluation, measure: str = "AP") -> Figure:
    """The difference a − b of a measure with its paired bootstrap interval over queries.

    Args:
        a: one evaluation.
        b: another, of the same queries and judgments.
        measure: one of `MEASURES`.

    Raises:
        DataError: they are not of the same queries and judgments, or the measure is unknown.
    """
    if measure not in MEASURES:
        raise DataError(f"the measure is {measure!r}; allowed are {', '.join(MEASURES)}")
    if a.qrels() != b.qrels():
        raise DataError(
            "the evaluations are of different queries or judgments; compare those of one set"
        )
    others = {found.query.id: found.figures[measure] for found in b.queries}
    differences = [found.figures[measure] - others[found.query.id] for found in a.queries]
    return mean_figure(differences, a.settings.draws)
