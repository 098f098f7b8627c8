"""A person's condition in SQL (`--where`): closed, without comments, with dates as timestamps.

Lance compares a column of moments with timestamps alone, and people write `datetime > '2016-01-01'`
as other databases read it. So the condition is cut into its smallest parts, and a text that is
compared with such a column becomes a timestamp; all else stays as it was written.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple

from harma.errors import ConfigError, QueryError
from harma.index.schema import quoted
from harma.scenes.written_dates import parse_date

# The smallest parts of a condition. A quote in a text is doubled; one that is not closed, and a
# comment, are parts of their own, so that they can be refused.
PARTS = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<comment>--|/\*)"
    r"|(?P<text>'(?:[^']|'')*')"
    r"|(?P<name>\"(?:[^\"]|\"\")*\"|`[^`]*`|[A-Za-z_]\w*)"
    r"|(?P<open>['\"`])"
    r"|(?P<sign><=|>=|<>|!=|==|::|[<>=])"
    r"|(?P<other>[\d.]+|.)",
    re.DOTALL,
)
# Columns of moments.
MOMENTS = ("datetime", "datetime_end")
# What may stand before a parenthesis that is not of a function.
KEYWORDS = ("and", "or", "not", "between", "in")
COMPARISONS = ("=", "==", "!=", "<>", "<", "<=", ">", ">=")


class Part(NamedTuple):
    """A part of a condition: its kind (a group of `PARTS`) and text."""

    kind: str
    text: str

    @property
    def word(self) -> str:
        """A name or sign as it is compared with others."""
        return self.text.strip('"`').lower() if self.kind == "name" else self.text


def timestamp(when: datetime) -> str:
    """A moment in UTC as SQL."""
    return f"timestamp {quoted(when.strftime('%Y-%m-%d %H:%M:%S.%f'))}"


def with_moments(where: str) -> str:
    """A condition in which texts that are compared with a column of dates are timestamps.

    A year, month or day means its first moment.

    Raises:
        QueryError: it is not closed, holds a comment, or compares dates with what is none.
    """
    parts = [Part(str(match.lastgroup), match[0]) for match in PARTS.finditer(where)]
    _check_closed(where, parts)
    places = set(_compared(parts))
    texts = []
    for place, part in enumerate(parts):
        texts.append(_moment(part.text) if place in places else part.text)
    return "".join(texts)


def _check_closed(where: str, parts: Sequence[Part]) -> None:
    """Check that a condition closes what it opens: else it would undo the filters beside it.

    A comment would hide the parenthesis that is put behind the condition.
    """
    depth = 0
    for part in parts:
        if part.kind == "comment":
            raise QueryError(
                f"the condition {where!r} holds a comment ({part.text}); leave it out, or put"
                " quotes around a text"
            )
        depth += (part.text == "(") - (part.text == ")")
        if depth < 0 or part.kind == "open":
            break
    else:
        if depth == 0:
            return
    raise QueryError(f"the condition {where!r} is not closed; check its parentheses and quotes")


def _compared(parts: Sequence[Part]) -> Iterator[int]:
    """Places of the texts that are compared with a column of dates."""
    solid = [place for place, part in enumerate(parts) if part.kind != "space"]
    words = [parts[place].word for place in solid]
    for at, place in enumerate(solid):
        if parts[place].kind != "name" or words[at] not in MOMENTS:
            continue
        first, last = _in_parentheses(words, at)
        for offset in (*_before(words, first), *_behind(words, last)):
            if parts[solid[offset]].kind == "text":
                yield solid[offset]


def _in_parentheses(words: Sequence[str], at: int) -> tuple[int, int]:
    """The first and last place of a column with the parentheses around it alone: ((datetime))."""
    first = at
    last = at
    while first > 0 and words[first - 1] == "(" and words[last + 1 : last + 2] == [")"]:
        # Those of a function are no such.
        before = "".join(words[max(0, first - 2) : first - 1])
        if re.fullmatch(r"\w+", before) and before not in KEYWORDS:
            break
        first -= 1
        last += 1
    return first, last


def _before(words: Sequence[str], at: int) -> list[int]:
    """Where '2016' stands in '2016' < datetime."""
    if at >= 2 and words[at - 1] in COMPARISONS:
        return [at - 2]
    return []


def _behind(words: Sequence[str], at: int) -> list[int]:
    """Where values stand behind a column: > x, [NOT] BETWEEN x AND y, [NOT] IN (x, y)."""
    following = at + 1
    if words[following : following + 1] == ["not"]:
        following += 1
    sign = words[following] if following < len(words) else ""
    if sign in COMPARISONS:
        places = [following + 1]
        while words[places[0] : places[0] + 1] == ["("]:
            places = [places[0] + 1]
    elif sign == "between":
        places = [following + 1, following + 3]
    elif sign == "in" and ")" in words[following:]:
        places = list(range(following + 1, words.index(")", following)))
    else:
        places = []
    return [place for place in places if place < len(words)]


def _moment(text: str) -> str:
    """A text of SQL as a timestamp."""
    try:
        return timestamp(parse_date(text[1:-1], "a date in the condition"))
    except ConfigError as error:
        raise QueryError(error.problem) from error
