"""Files of judged queries, told by content: a CSV of one's own, or qrels and topics of TREC."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harma.errors import DataError, NotFoundError
from harma.evaluation.judging.csv_queries import csv_judgments, is_csv
from harma.evaluation.judging.names import By, SourceNames, chips_among, resolved_names, told
from harma.evaluation.judging.queries import JudgedQuery
from harma.evaluation.judging.rows import Asking, Judgment, gathered_queries
from harma.evaluation.judging.text_files import lines_of, read_text
from harma.evaluation.judging.trec_files import is_qrels, qrels_judgments, unescaped
from harma.index.ask import Expand, Where
from harma.index.contract import StoreReader
from harma.index.index import Index

FORMS = "query,chip,relevance or query,source,relevance"


@dataclass(frozen=True, eq=False)
class QueryFile:
    """What a file holds.

    Attributes:
        queries: in the order in which they begin.
        by: what is judged.
    """

    queries: list[JudgedQuery]
    by: By


def read_queries(
    file: str | Path,
    index: Index,
    *,
    topics: str | Path | None = None,
    where: Where | None = None,
    expand: Expand = "auto",
) -> QueryFile:
    """Read judged queries.

    ::

        file = read_queries("judgments.csv", index)
        evaluate_search(index, file.queries, by=file.by)

    Args:
        file: CSV with a header (query, chip or source; relevance, id, unlike, image, before,
            after), or qrels of TREC.
        index: that was judged.
        topics: of qrels: the text of each query.
        where: which chips may be found, whatever the query.
        expand: whether short texts are joined by captions that hold their words, as of `Query`.

    Raises:
        DataError: something in the file is not usable; the message names the line.
        NotFoundError: what was judged is not in the index.
        MissingFileError: the file, its topics or a picture is not there.
        QueryError: a query cannot be asked.
    """
    file = Path(file)
    text = read_text(file, "the queries")
    by, rows = _judgments(file, text, None if topics is None else Path(topics), index.store)
    places = _places(rows)
    try:
        called = resolved_names(index.store, list(places), by, places)
    except (DataError, NotFoundError) as error:
        raise type(error)(error.problem, source=str(file)) from error
    every = Asking(where or Where(), expand)
    return QueryFile(gathered_queries(file, rows, called, every), by)


def _judgments(
    file: Path, text: str, topics: Path | None, store: StoreReader
) -> tuple[By, list[Judgment]]:
    """What is judged, and the rows.

    Raises:
        DataError: the file is of none of the kinds that are read, or topics do not fit it.
    """
    if is_csv(text):
        if topics is not None:
            raise DataError(
                "is a CSV, whose rows say what is looked for; topics belong to qrels of TREC",
                source=str(file),
            )
        return csv_judgments(file, text)
    if topics is not None:
        return _of_index(file, qrels_judgments(file, text, topics), store)
    if is_qrels(text):
        raise DataError(
            "are qrels of TREC; give the texts of their queries too (--topics FILE, a line each:"
            " id, a tab, the text)",
            source=str(file),
        )
    raise DataError(
        f"line 1: is {lines_of(text)[0][1].strip()[:60]!r}, no header of judgments; begin with"
        f" {FORMS}",
        source=str(file),
    )


def _of_index(file: Path, rows: list[Judgment], store: StoreReader) -> tuple[By, list[Judgment]]:
    """Whether the names of qrels are chips or sources of an index, and the rows by those names.

    Raises:
        NotFoundError: they are neither.
        DataError: they are both.
    """
    places = _places(rows)
    sources = SourceNames(store)
    meant = unescaped(places, chips_among(store, places) | _known(sources, places))
    chips = chips_among(store, set(meant.values()))
    of_sources = _known(sources, set(meant.values()) - chips)
    if chips and of_sources:
        raise DataError(
            f"judges {len(chips):,} chips, such as {min(chips)!r}, and {len(of_sources):,} sources,"
            f" such as {min(of_sources)!r}; judge one of the two",
            source=str(file),
        )
    if not chips and not of_sources:
        raise NotFoundError(
            f"none of {len(places):,} judged names is a chip or a source of the index"
            f" {store.home}: {told(places, places)}",
            source=str(file),
        )
    by: By = "chip" if chips else "source"
    return by, [replace(row, name=meant[row.name]) for row in rows]


def _known(sources: SourceNames, names: Sequence[str] | Mapping[str, str] | set[str]) -> set[str]:
    """Those of some names by which sources are called."""
    return {name for name in names if sources.called(name)}


def _places(rows: Sequence[Judgment]) -> dict[str, str]:
    """Where each name stands first."""
    places: dict[str, str] = {}
    for row in rows:
        places.setdefault(row.name, f"line {row.line}")
    return places
