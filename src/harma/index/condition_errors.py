"""Why a condition in SQL cannot be used, in words: of a store's message what helps a person."""

import re

from harma.errors import HarmaError
from harma.ground.messages import first_line
from harma.index.unreadable import PANICS

# What the parts of a store write around the reason: kinds of their errors, the statement that was
# given, and where in their own source the error was made.
AROUND = re.compile(
    r"^(?:lance error: )?Invalid (?:input|user input), "
    r"|Error (?:resolving filter expression .*?|parsing (?:statement|function)): (?=Invalid|Error)"
    r"|Invalid user input: |Error parsing function: |Error during planning: |Schema error: "
    r"|Error parsing statement: SELECT 1 FROM t WHERE .*? (?=\(sql parser error)"
    r"|Error optimizing sql filter: .*? (?=\()|LanceError\(Arrow\): |sql parser error: "
    r"|, (?:/\S+|[A-Za-z]:\\\S+)\.rs:\d+:\d+"
)
NO_COLUMN = re.compile(r"No field named (\S+?)\.? (?:Column names|Valid fields)")
VALID = re.compile(r"Valid fields are (.*?)\.?$")
NO_LITERAL = re.compile(
    r"literal \w+\(\"?(.*?)\"?\) and could not convert to literal of type '(\w+)"
)
DATE_AS_TEXT = re.compile(r"coerce Timestamp\(.*\) and \w*Utf8|parsing timestamp from")
# What is said of files that are damaged or gone.
OF_FILES = re.compile(
    r"LanceError\((?!Arrow|Schema|InvalidInput)\w*\)|Not found: |FileSystem|No such file|corrupt"
    r"|is a directory|metadata region|invalid magic",
    re.IGNORECASE,
)
# Columns that no condition is about.
HIDDEN = ("embedding", "geometry", "thumbnail", "model")


def is_about_condition(error: BaseException) -> bool:
    """Whether what a store raised for a condition is about it, and not about files of the store."""
    return not isinstance(error, HarmaError) and not OF_FILES.search(str(error))


def reason_of(error: BaseException) -> str:
    """Why a condition cannot be used, in a line.

    Args:
        error: that a store raised for it.
    """
    if type(error).__name__ in PANICS:
        return "it is more than one statement, or none that the store understands"
    text = str(error)
    missing = NO_COLUMN.search(text)
    if missing is not None:
        return _no_column(missing[1], text)
    literal = NO_LITERAL.search(text)
    if literal is not None:
        return f"{literal[1]!r} is compared with a column of {_kind(literal[2])}"
    if DATE_AS_TEXT.search(text):
        return "dates are no text; write datetime >= '2016-01-01' AND datetime < '2017-01-01'"
    reason = AROUND.sub("", first_line(error, length=2000))
    if reason.startswith("(") and reason.endswith(")"):
        reason = reason[1:-1]
    return first_line(ValueError(reason or text))


def _no_column(name: str, text: str) -> str:
    reason = f"there is no column {name}"
    valid = VALID.search(text)
    if valid is not None:
        columns = [column for column in valid[1].split(", ") if not column.startswith("_")]
        reason += f"; the columns are {', '.join(c for c in columns if c not in HIDDEN)}"
    if name.startswith('"'):
        reason += ". A text stands in single quotes"
    return reason


def _kind(name: str) -> str:
    """A type of Arrow in words."""
    if name == "Timestamp":
        return "dates"
    return "text" if "Utf8" in name else "numbers"
