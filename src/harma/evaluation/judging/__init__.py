"""Search measured on relevance judgments: queries, what is relevant to each, figures, TREC files.

It needs an index (`harma[search]`) and `ir_measures` (`harma[judge]`), so `harma.evaluation` itself
does not import it.
"""

from harma.evaluation.judging.compare import Comparison, compared
from harma.evaluation.judging.evaluate import (
    QueryEvaluation,
    SearchEvaluation,
    StandingFigure,
    evaluate_search,
    search_difference,
)
from harma.evaluation.judging.queries import JudgedQuery
from harma.evaluation.judging.query_files import QueryFile, read_queries
from harma.evaluation.judging.scores import MEASURES, Figure
from harma.evaluation.judging.storage import save_search
from harma.evaluation.judging.table import search_tables

__all__ = [
    "MEASURES",
    "Comparison",
    "Figure",
    "JudgedQuery",
    "QueryEvaluation",
    "QueryFile",
    "SearchEvaluation",
    "StandingFigure",
    "compared",
    "evaluate_search",
    "read_queries",
    "save_search",
    "search_difference",
    "search_tables",
]
