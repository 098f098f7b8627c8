"""Search measured on relevance judgments: queries, what is relevant to each, figures, TREC files.

It needs an index (`harma[search]`) and `ir_measures` (`harma[judge]`), so `harma.evaluation` itself
does not import it.
"""

from harma.evaluation.judging.evaluate import (
    QueryEvaluation,
    SearchEvaluation,
    StandingFigure,
    evaluate_search,
    search_difference,
)
from harma.evaluation.judging.queries import JudgedQuery
from harma.evaluation.judging.scores import MEASURES, Figure

__all__ = [
    "MEASURES",
    "Figure",
    "JudgedQuery",
    "QueryEvaluation",
    "SearchEvaluation",
    "StandingFigure",
    "evaluate_search",
    "search_difference",
]
