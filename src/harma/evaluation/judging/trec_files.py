"""Files of TREC: qrels (`qid 0 docid grade`), topics (`qid<TAB>text`) and runs, for trec_eval."""

import logging
import math
import re
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from urllib.parse import quote, unquote

from harma.errors import DataError
from harma.evaluation.judging.csv_queries import grade_of
from harma.evaluation.judging.names import told
from harma.evaluation.judging.rows import Judgment, Wanted
from harma.evaluation.judging.text_files import lines_of, read_text
from harma.ground.messages import sendable

logger = logging.getLogger(__name__)

# Fields are separated by whitespace, so that a name has none.
NOT_IN_TOKENS = re.compile(r"[\s%]")
QRELS_LINE = re.compile(r"\S+\s+\S+\s+\S+\s+-?\d+")
# The last field of a run names what made it.
TAG = "harma"


def token_of(name: str) -> str:
    """A name as files of TREC can hold it: spaces and per cent signs as in addresses (%20)."""
    return sendable(NOT_IN_TOKENS.sub(lambda found: quote(found[0]), name))


def is_qrels(text: str) -> bool:
    """Whether a text begins as qrels do."""
    return QRELS_LINE.fullmatch(lines_of(text)[0][1].strip()) is not None


def qrels_judgments(file: Path, text: str, topics: Path) -> list[Judgment]:
    """The judgments of qrels, each with the text of its topic.

    Args:
        file: of the qrels, for messages.
        text: in it.
        topics: file of the topics.

    Raises:
        DataError: a line is not usable, or a topic is missing.
        MissingFileError: there are no topics.
    """
    texts = read_topics(topics)
    by_token = {token_of(query): query for query in texts}
    rows = []
    missing: dict[str, str] = {}
    for line, content in lines_of(text):
        fields = content.split()
        if len(fields) != 4:
            raise DataError(
                f"line {line}: has {len(fields)} fields; a line of qrels is: query 0 name grade",
                source=str(file),
            )
        query = by_token.get(fields[0], fields[0])
        if query in texts:
            grade = grade_of(file, line, fields[3])
            rows.append(Judgment(line, query, Wanted(texts[query]), fields[2], grade))
        else:
            missing.setdefault(query, f"line {line}")
    if missing:
        raise DataError(
            f"{len(missing)} of its queries have no topic in {topics}: {told(missing, missing)}",
            source=str(file),
        )
    _say_unjudged(topics, texts.keys() - {row.id for row in rows})
    return rows


def _say_unjudged(topics: Path, queries: Collection[str]) -> None:
    if queries:
        logger.warning(
            "%s: %s topics have no judgments, and are left out: %s",
            topics,
            len(queries),
            told(sorted(queries), {}),
        )


def read_topics(file: Path) -> dict[str, str]:
    """The texts of topics by their ids.

    Raises:
        DataError: a line is not usable, or an id stands twice.
        MissingFileError: the file is not there.
    """
    topics: dict[str, str] = {}
    for line, content in lines_of(read_text(file, "the topics")):
        query, _, text = (part.strip() for part in content.partition("\t"))
        if not query or not text:
            raise DataError(
                f"line {line}: is {content.strip()[:60]!r}; a topic is: id, a tab, the text",
                source=str(file),
            )
        if query in topics:
            raise DataError(f"line {line}: the topic {query!r} stands twice", source=str(file))
        topics[query] = text
    return topics


def unescaped(names: Iterable[str], known: Collection[str]) -> dict[str, str]:
    """What names of a file of TREC mean: themselves, or what they are with %20 as a space.

    Args:
        names: as the file has them.
        known: those that mean themselves.
    """
    return {name: name if name in known else unquote(name) for name in names}


def run_text(run: Mapping[str, Mapping[str, float]]) -> str:
    """A run, as trec_eval reads it: query Q0 name rank score tag.

    Scores have nine digits, which is all of float32.
    """
    lines = []
    for query, scores in run.items():
        # Sorted is stable: what the run holds falls already.
        ranked = sorted(scores.items(), key=lambda item: -item[1])
        for rank, (name, score) in enumerate(ranked, 1):
            lines.append(f"{token_of(query)} Q0 {token_of(name)} {rank} {score:.9g} {TAG}\n")
    return "".join(lines)


def qrels_text(qrels: Mapping[str, Mapping[str, int]]) -> str:
    """Judgments, as trec_eval reads them: query 0 name grade."""
    lines = []
    for query, grades in qrels.items():
        for name, grade in grades.items():
            lines.append(f"{token_of(query)} 0 {token_of(name)} {grade}\n")
    return "".join(lines)


def read_run(file: Path) -> dict[str, dict[str, float]]:
    """A run: query → name → score, both as the file has them.

    Raises:
        DataError: a line is not usable, or a name stands twice for a query.
        MissingFileError: the file is not there.
    """
    run: dict[str, dict[str, float]] = {}
    for line, content in lines_of(read_text(file, "the run")):
        fields = content.split()
        score = _score(fields)
        if score is None:
            raise DataError(
                f"line {line}: is {content.strip()[:60]!r}; a line of a run is: query Q0 name rank"
                " score tag",
                source=str(file),
            )
        scores = run.setdefault(fields[0], {})
        if fields[2] in scores:
            raise DataError(
                f"line {line}: {fields[2]!r} is found twice by the query {fields[0]!r}",
                source=str(file),
            )
        scores[fields[2]] = score
    return run


def _score(fields: list[str]) -> float | None:
    """The score of a line of a run; None where it is none."""
    if len(fields) != 6:
        return None
    try:
        score = float(fields[4])
    except ValueError:
        return None
    return score if math.isfinite(score) else None
