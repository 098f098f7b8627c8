"""What `harma evaluate INDEX --queries` leaves: search.json, a chart, run and qrels (TREC)."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from harma.evaluation.judging.compare import RUN_FILE, Comparison
from harma.evaluation.judging.evaluate import QueryEvaluation, SearchEvaluation, SearchSettings
from harma.evaluation.judging.scores import Figure
from harma.evaluation.judging.trec_files import qrels_text, run_text
from harma.ground.files import write_json, write_text
from harma.ground.outputs import check_output_directory
from harma.ground.version import __version__

SEARCH_FILE = "search.json"
QRELS_FILE = "qrels.trec"
CHART_FILE = "search.svg"
# Of hits in an index that is too small to tell standings.
UNTOLD = "untold"


def save_search(
    evaluation: SearchEvaluation, directory: str | Path, comparison: Comparison | None = None
) -> None:
    """Write the figures, the run, the judgments and a chart.

    Args:
        evaluation: to write.
        directory: where; it is made if need be.
        comparison: with an earlier run.

    Raises:
        ConfigError: the directory is a file or an address.
        StorageError: it cannot be written to.
    """
    check_output_directory(directory)
    directory = Path(directory)
    write_text(directory / RUN_FILE, run_text(evaluation.run()))
    # matplotlib is slow to import.
    from harma.evaluation.judging.chart import search_chart

    write_text(directory / CHART_FILE, search_chart(evaluation))
    write_text(directory / QRELS_FILE, qrels_text(evaluation.qrels()))
    # Last: where the figures are, the rest is there too.
    write_json(directory / SEARCH_FILE, search_values(evaluation, comparison))


def search_values(
    evaluation: SearchEvaluation, comparison: Comparison | None = None
) -> dict[str, Any]:
    """All figures as plain values, 0 to 1."""
    standings = {}
    for name, standing in evaluation.standings.items():
        standings[name or UNTOLD] = {
            "hits": standing.hits,
            "judged": standing.judged,
            "relevant": standing.relevant,
            "precision": None if standing.precision is None else _figure(standing.precision),
        }
    return {
        "figures": {name: _figure(figure) for name, figure in evaluation.figures.items()},
        "standings": standings,
        "against": _against(comparison),
        "settings": _settings(evaluation.settings),
        "queries": [_query(found, list(evaluation.standings)) for found in evaluation.queries],
    }


def _figure(figure: Figure) -> dict[str, float | None]:
    return {"mean": figure.mean, "low": figure.low, "high": figure.high}


def _against(comparison: Comparison | None) -> dict[str, Any] | None:
    if comparison is None:
        return None
    differences = {name: _figure(figure) for name, figure in comparison.differences.items()}
    return {
        "run": comparison.against,
        "figures": comparison.earlier,
        "differences": differences,
    }


def _settings(settings: SearchSettings) -> dict[str, Any]:
    return {
        "index": settings.index,
        "index_version": list(settings.index_version),
        "model": settings.model,
        "model_id": settings.model_id,
        "by": settings.depth.by,
        "depth": settings.depth.count,
        "exact": settings.depth.exact,
        "resamples": settings.draws.resamples,
        "seed": settings.draws.seed,
        "harma": __version__,
        "ir_measures": version("ir_measures"),
    }


def _query(found: QueryEvaluation, standings: list[str]) -> dict[str, Any]:
    return {
        "id": found.query.id,
        "judged": len(found.query.relevance),
        "relevant": found.query.num_relevant,
        "ranked": len(found.ranking),
        "expand": found.query.query.expand,
        "expanded": [expansion.to_dict() for expansion in found.expanded],
        "figures": found.figures,
        "standings": {
            name or UNTOLD: {"hits": found.num_hits(name), "relevant": found.num_relevant(name)}
            for name in standings
        },
    }
