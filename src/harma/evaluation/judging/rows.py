"""Rows of judgments, and how they become queries: one id, one question, each name judged once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from harma.errors import DataError, HarmaError, MissingFileError, QueryError
from harma.evaluation.judging.queries import RELEVANT, JudgedQuery
from harma.ground.outputs import is_address
from harma.index.ask import Expand, Query, Where
from harma.index.filters import times_of

# Lines that a message names.
MOST_LINES = 3


@dataclass(frozen=True)
class Wanted:
    """What a row looks for; "" where it does not say.

    Attributes:
        text: what should be seen.
        unlike: what should not.
        image: path of a picture of what should be seen.
        before: end of the earlier time of a change.
        after: start of the later time.
    """

    text: str = ""
    unlike: str = ""
    image: str = ""
    before: str = ""
    after: str = ""

    @property
    def name(self) -> str:
        """What a query is called that has no id: all that it says."""
        parts = [self.text]
        if self.image:
            parts.append(f"image {self.image}")
        if self.unlike:
            parts.append(f"unlike {self.unlike}")
        if self.before or self.after:
            parts.append(f"from {self.before} to {self.after}")
        return ", ".join(part for part in parts if part)


@dataclass(frozen=True)
class Judgment:
    """A row of a file.

    Attributes:
        line: of the file.
        id: of the query.
        asked: what it looks for; nothing, where another row of the query says it.
        name: of the chip or source.
        grade: of relevance.
    """

    line: int
    id: str
    asked: Wanted
    name: str
    grade: int


@dataclass(frozen=True, eq=False)
class Asking:
    """How every query of a file is asked.

    Attributes:
        where: which chips may be found; its dates of change hold where a query says none.
        expand: whether short texts are expanded.
    """

    where: Where = field(default_factory=Where)
    expand: Expand = "auto"


@dataclass
class _Gathered:
    """The rows of one query."""

    asked: dict[Wanted, int] = field(default_factory=dict)
    judged: dict[str, Judgment] = field(default_factory=dict)
    lines: list[int] = field(default_factory=list)


def gathered_queries(
    file: Path, rows: Sequence[Judgment], called: Mapping[str, str], asking: Asking
) -> list[JudgedQuery]:
    """Queries of rows, in the order in which they begin.

    Args:
        file: that they are of, for messages; pictures are named from its folder.
        rows: of the file.
        called: what the index calls each judged name.
        asking: how every query is asked.

    Raises:
        DataError: a query is not told or told twice, judged twice, or has nothing relevant.
        MissingFileError: a picture is not there.
        QueryError: a query cannot be asked.
    """
    queries: dict[str, _Gathered] = {}
    for row in rows:
        query = queries.setdefault(row.id, _Gathered())
        query.lines.append(row.line)
        if row.asked != Wanted():
            query.asked.setdefault(row.asked, row.line)
        judged = replace(row, name=called[row.name])
        _check_once(file, query.judged.setdefault(judged.name, judged), judged, row.name)
    return [_judged_query(file, name, query, asking) for name, query in queries.items()]


def _check_once(file: Path, first: Judgment, second: Judgment, written: str) -> None:
    """Check that a name is judged once for a query.

    Raises:
        DataError: it is judged twice.
    """
    if first is second:
        return
    grades = "twice"
    if first.grade != second.grade:
        grades = f"as {first.grade} and as {second.grade}"
    raise DataError(
        f"line {second.line}: {written!r} is judged {grades} for the query {first.id!r} (before in"
        f" line {first.line}); leave one of the lines out",
        source=str(file),
    )


def _judged_query(file: Path, name: str, rows: _Gathered, asking: Asking) -> JudgedQuery:
    asked = _one_question(file, name, rows)
    relevance = {called: row.grade for called, row in rows.judged.items()}
    if all(grade < RELEVANT for grade in relevance.values()):
        raise DataError(
            f"line {_told_lines(rows.lines)}: no judgment of the query {name!r} says that anything"
            " is relevant (1 or more); add one, or leave the query out",
            source=str(file),
        )
    try:
        query = Query(
            text=asked.text or None,
            image=_picture(file, asked.image),
            unlike=[asked.unlike] if asked.unlike else (),
            expand=asking.expand,
        )
        return JudgedQuery(name, query, relevance, _where(asked, asking.where))
    except HarmaError as error:
        problem = f"line {rows.asked[asked]}: {error.problem}"
        raise type(error)(problem, source=str(file)) from error


def _one_question(file: Path, name: str, rows: _Gathered) -> Wanted:
    """What a query looks for.

    Raises:
        DataError: its rows say nothing, or different things.
    """
    if not rows.asked:
        raise DataError(
            f"line {_told_lines(rows.lines)}: nothing says what the query {name!r} looks for; give"
            " a text in the column query, or an image",
            source=str(file),
        )
    if len(rows.asked) > 1:
        (first, line), (second, other) = list(rows.asked.items())[:2]
        raise DataError(
            f"line {other}: the query {name!r} is {second.name!r}, and in line {line}"
            f" {first.name!r}; rows of one id are of one query",
            source=str(file),
        )
    asked = next(iter(rows.asked))
    if not asked.text and not asked.image:
        raise DataError(
            f"line {rows.asked[asked]}: the query {name!r} has neither a text nor an image; what it"
            " is unlike, or its dates, say only a part",
            source=str(file),
        )
    return asked


def _picture(file: Path, image: str) -> Path | str | None:
    """The picture that a row names, from the folder of the file.

    Raises:
        MissingFileError: it is not there.
    """
    if not image:
        return None
    if is_address(image):
        return image
    path = file.parent / image
    if not path.is_file():
        raise MissingFileError(
            f"the image {path} is not there; name a file, from the folder of {file.name}"
        )
    return path


def _where(asked: Wanted, where: Where) -> Where:
    """Where it looks, with its own dates of change if it says some.

    Raises:
        QueryError: one of them is missing, or is no date.
    """
    if asked.before or asked.after:
        where = replace(where, before=asked.before or None, after=asked.after or None)
        times = times_of(where)
        assert times is not None
        if times[0] >= times[1]:
            raise QueryError(
                f"before is {asked.before} and after {asked.after}; the first must be the earlier"
                " one"
            )
    return where


def _told_lines(lines: Sequence[int]) -> str:
    """Numbers of lines, the first few."""
    shown = ", ".join(str(line) for line in lines[:MOST_LINES])
    return f"{shown}, …" if len(lines) > MOST_LINES else shown
