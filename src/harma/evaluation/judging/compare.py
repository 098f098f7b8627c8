"""A search beside an earlier one on the same judgments: paired differences of mAP and nDCG@10."""

import logging
from dataclasses import dataclass
from pathlib import Path

from harma.errors import DataError, MissingFileError
from harma.evaluation.judging.evaluate import QueryEvaluation, SearchEvaluation
from harma.evaluation.judging.names import told
from harma.evaluation.judging.scores import Figure, Run, mean_figure, scored
from harma.evaluation.judging.trec_files import read_run, token_of

logger = logging.getLogger(__name__)

RUN_FILE = "run.trec"
# What differences are told of.
COMPARED = ("AP", "nDCG@10")


@dataclass(frozen=True)
class Comparison:
    """A search beside an earlier one.

    Attributes:
        against: the file of the earlier run.
        earlier: means of the earlier run, by the judgments of now.
        differences: what the search has more, of each of `COMPARED`, with its interval.
    """

    against: str
    earlier: dict[str, float]
    differences: dict[str, Figure]


def compared(evaluation: SearchEvaluation, against: str | Path) -> Comparison:
    """Compare a search with an earlier run, whose figures are counted anew by the same judgments.

    Args:
        evaluation: of the search.
        against: a directory that `harma evaluate` wrote, or a run of TREC.

    Raises:
        MissingFileError: there is no run.
        DataError: it is of other queries, or of another index.
    """
    file = run_file(against)
    run = _named_as_here(evaluation, read_run(file), file)
    earlier, by_query = scored(evaluation.qrels(), run)
    differences = {}
    for name in COMPARED:
        gains = [one.figures[name] - by_query[one.query.id][name] for one in evaluation.queries]
        differences[name] = mean_figure(gains, evaluation.settings.draws)
    return Comparison(str(file), earlier, differences)


def run_file(against: str | Path) -> Path:
    """The file of an earlier run.

    Raises:
        MissingFileError: it is not there.
    """
    file = Path(against)
    if file.is_dir():
        file = file / RUN_FILE
    if not file.is_file():
        raise MissingFileError(
            f"{file} is not there; name a directory that `harma evaluate INDEX --queries FILE"
            f" --output DIR` wrote, or a run of TREC"
        )
    return file


def _named_as_here(evaluation: SearchEvaluation, run: Run, file: Path) -> Run:
    """A run with the names of queries and chips as they are here, not as files of TREC have them.

    Raises:
        DataError: nothing in it is known here.
    """
    named = {}
    num_known = 0
    for found in evaluation.queries:
        token = token_of(found.query.id)
        if token in run:
            names = _names(found)
            num_known += len(names.keys() & run[token].keys())
            named[found.query.id] = {names.get(name, name): run[token][name] for name in run[token]}
    _check_known(file, run, num_queries=len(named), num_names=num_known)
    missing = [found.query.id for found in evaluation.queries if found.query.id not in named]
    if missing:
        logger.warning("%s finds nothing for %s queries: %s", file, len(missing), told(missing, {}))
    return named


def _names(found: QueryEvaluation) -> dict[str, str]:
    """What is found or judged here, by the names of files of TREC."""
    here = {ranked.name for ranked in found.ranking} | set(found.query.relevance)
    return {token_of(name): name for name in here}


def _check_known(file: Path, run: Run, *, num_queries: int, num_names: int) -> None:
    """Check that a run is of these queries and of this index.

    Raises:
        DataError: it is not.
    """
    if not num_queries:
        raise DataError(
            f"has none of the queries that were asked, but {told(list(run), {})}; compare runs of"
            " the same queries",
            source=str(file),
        )
    if not num_names:
        raise DataError(
            "has nothing that is judged or found here; chips are those of one index, and a run by"
            " chips is not compared with one by sources",
            source=str(file),
        )
