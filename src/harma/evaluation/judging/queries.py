"""A judged query: what is looked for, and which chips or scenes are relevant to it."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from harma.errors import DataError
from harma.index.ask import Query, Where

# Grades of relevance: trec_eval counts each, so that a large one takes much memory.
MOST_RELEVANCE = 1000
# From this grade on something is relevant, for measures that know only yes and no.
RELEVANT = 1


@dataclass(frozen=True, eq=False)
class JudgedQuery:
    """A query and its judgments.

    Attributes:
        id: its name, of which there is one in an evaluation.
        query: what is looked for.
        relevance: chip ids, or names of sources, with 0 (not relevant), 1, or a higher grade.
            Whatever is not among them is unjudged, and counts as not relevant.
        where: which chips may be found.

    Raises:
        DataError: a grade is no whole number from 0 to 1000, or nothing is relevant.
    """

    id: str
    query: Query
    relevance: Mapping[str, int]
    where: Where = field(default_factory=Where)

    def __post_init__(self) -> None:
        if not isinstance(self.id, str) or not self.id.strip():
            raise DataError(f"the id of a query is {self.id!r}; it must be a text")
        for name, grade in self.relevance.items():
            if not is_grade(grade):
                raise DataError(
                    f"query {self.id!r}: the relevance of {name!r} is {grade!r}; it must be a whole"
                    f" number from 0 to {MOST_RELEVANCE}"
                )
        if not self.num_relevant:
            raise DataError(
                f"query {self.id!r}: none of its {len(self.relevance)} judgments is relevant"
                f" ({RELEVANT} or more); no search could be right. Add one, or leave the query out"
            )

    @property
    def num_relevant(self) -> int:
        """How many of what was judged are relevant."""
        return sum(grade >= RELEVANT for grade in self.relevance.values())


def is_grade(value: object) -> bool:
    """Whether a value is a grade of relevance."""
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return is_whole and 0 <= value <= MOST_RELEVANCE  # type: ignore[operator]


def check_queries(queries: Sequence[JudgedQuery]) -> None:
    """Check that there are queries, each of a name of its own.

    Raises:
        DataError: there is none, or two are called alike.
    """
    if not queries:
        raise DataError("there are no queries to evaluate; give at least one with its judgments")
    for name, times in Counter(query.id for query in queries).items():
        if times > 1:
            raise DataError(f"{times} queries are called {name!r}; each needs an id of its own")
