"""What a person may ask: `Query`, `Where` and `Page`, the one declaration of a search.

The keywords of `Index.search`, the flags of `harma search` and a JSON schema all come from the
fields of these three classes: what a field says of itself (`Said`) is its help everywhere.
Importing this module is light, so that `harma search --help` is quick.
"""

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import MISSING, Field, dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypedDict, TypeVar

from harma.errors import QueryError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from harma.index.embedder import PictureLike

# From this share of the smaller chip on, two chips are one place.
OVERLAP = 0.5
# Hits of a search, those of the pages before it counted. Each takes about 2 KB while it is sorted
# and merged, and up to eight times as many are looked at: 1.6 GB at most.
MOST_HITS = 100_000

SearchMethod = TypeVar("SearchMethod", bound=Callable[..., Any])

_POSITIONAL = inspect.Parameter.POSITIONAL_OR_KEYWORD

JsonSchema = Mapping[str, object]
NUMBER: JsonSchema = {"type": "number"}
STRING: JsonSchema = {"type": "string"}
BOOLEAN: JsonSchema = {"type": "boolean"}
DATE: JsonSchema = {"type": "string", "examples": ["2015", "2015-09-26", "2015-09-26T10:00:00Z"]}
DATE_OR_NULL: JsonSchema = {"anyOf": [DATE, {"type": "null"}]}
WEIGHT: JsonSchema = {"type": "number", "exclusiveMinimum": 0}


def _numbers(count: int) -> JsonSchema:
    return {"type": "array", "items": NUMBER, "minItems": count, "maxItems": count}


def _one_or_many(schema: JsonSchema) -> JsonSchema:
    return {"anyOf": [schema, {"type": "array", "items": schema, "minItems": 1}]}


def _kind(name: str, schema: JsonSchema) -> JsonSchema:
    """An example that says what it is by the name of its value."""
    properties = {name: schema, "weight": WEIGHT}
    return {
        "type": "object",
        "properties": properties,
        "required": [name],
        "additionalProperties": False,
    }


PICTURE: JsonSchema = {"type": "string", "contentEncoding": "base64"}
EXAMPLES: JsonSchema = {
    "type": "array",
    "items": {
        "anyOf": [
            _kind("text", STRING),
            _kind("picture", PICTURE),
            _kind("chip", STRING),
            _kind("vector", {"type": "array", "items": NUMBER, "minItems": 1}),
        ]
    },
}


@dataclass(frozen=True)
class Said:
    """What a field of a declaration says of itself.

    Attributes:
        help: what it means, in a line.
        schema: what JSON may give for it; the types of flags come from it too.
        flag: its name at the terminal, where that is another one.
        metavar: what stands for its value in the help.
    """

    help: str
    schema: JsonSchema
    flag: str = ""
    metavar: str = ""


def _said(about: str, schema: JsonSchema, flag: str = "", metavar: str = "") -> dict[str, Said]:
    """Metadata of a field."""
    return {"said": Said(about, schema, flag, metavar)}


def said_of(declared: "Field[Any]") -> Said:
    """What a field of `Query`, `Where` or `Page` says of itself."""
    about: Said = declared.metadata["said"]
    return about


# -- examples, each said to be what it is ---------------------------------------------------------


def _check_weight(example: object, weight: float | None) -> None:
    """Check that a weight, where one is given, is greater than 0."""
    if weight is not None and not 0 < weight < float("inf"):
        raise QueryError(f"the weight of {example!r} is {weight}; it must be greater than 0")


@dataclass(frozen=True)
class Text:
    """A description of what should be seen.

    Attributes:
        text: the description.
        weight: against other examples; None takes what is usual (1, or 0.5 to be unlike).
    """

    text: str
    weight: float | None = None

    def __post_init__(self) -> None:
        _check_weight(self.text, self.weight)
        if not self.text.strip():
            raise QueryError("the text to look for is empty; describe what should be seen")


@dataclass(frozen=True, eq=False)
class Picture:
    """A picture of what should be seen.

    Attributes:
        image: its file, a PIL image, or an array (H, W, 3).
        weight: as of `Text`.
    """

    image: "PictureLike"
    weight: float | None = None

    def __post_init__(self) -> None:
        _check_weight(self, self.weight)


@dataclass(frozen=True)
class Chip:
    """A chip of the index.

    Attributes:
        id: as hits name it.
        weight: as of `Text`.
    """

    id: str
    weight: float | None = None

    def __post_init__(self) -> None:
        _check_weight(self.id, self.weight)


@dataclass(frozen=True, eq=False)
class Vector:
    """An embedding of the index's model.

    Attributes:
        values: (E,).
        weight: as of `Text`.
    """

    values: "NDArray[np.floating] | Sequence[float]"
    weight: float | None = None

    def __post_init__(self) -> None:
        _check_weight("a vector", self.weight)


Example = Text | Picture | Chip | Vector


# -- the declaration ------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class Query:
    """What is looked for. A plain string is a text, always: files and chips are said to be such.

    In `like` and `unlike` a string is a `Text`, a `pathlib.Path`, PIL image or array of pixels a
    `Picture`, an array (E,) a `Vector`; (example, weight) gives it a weight.
    """

    text: str | Sequence[str] | None = field(
        default=None,
        metadata=_said("what should be seen; several texts count alike", _one_or_many(STRING)),
    )
    image: "PictureLike | Picture | None" = field(
        default=None,
        metadata=_said("a picture of what should be seen", PICTURE, metavar="FILE"),
    )
    like: Sequence[Any] = field(
        default=(),
        metadata=_said("a further example (weight 1)", EXAMPLES, metavar="EXAMPLE[@WEIGHT]"),
    )
    unlike: Sequence[Any] = field(
        default=(),
        metadata=_said("counts against (weight 0.5)", EXAMPLES, metavar="EXAMPLE[@WEIGHT]"),
    )


@dataclass(frozen=True, eq=False)
class Where:
    """Which chips may be found; conditions must all hold, areas mean what they have in common.

    With `before` and `after` the same places are compared: hits are later chips with the earlier
    chip as `then`, the largest gain of score first.
    """

    bbox: Sequence[float] | None = field(
        default=None,
        metadata=_said(
            "west, south, east, north in degrees; west over east crosses the 180th meridian",
            _numbers(4),
            metavar="W,S,E,N",
        ),
    )
    polygon: "str | Path | Mapping[str, Any] | BaseGeometry | None" = field(
        default=None,
        metadata=_said(
            "a polygon in GeoJSON: its text, or a file", {"type": "object"}, metavar="GEOJSON"
        ),
    )
    near: Sequence[float] | None = field(
        default=None,
        metadata=_said("longitude and latitude, with a radius", _numbers(2), metavar="LON,LAT"),
    )
    radius_km: float | None = field(
        default=None,
        metadata=_said("kilometres around that point, on the ground", NUMBER, "radius", "KM"),
    )
    within: bool = field(
        default=False,
        metadata=_said("footprints lie inside the area, not only touch it", BOOLEAN),
    )
    date: Sequence[str | datetime | None] | None = field(
        default=None,
        metadata=_said(
            "first and last date, either may be left out; both days belong to the range",
            {"type": "array", "items": DATE_OR_NULL, "minItems": 2, "maxItems": 2},
        ),
    )
    source: str | Sequence[str] | None = field(
        default=None,
        metadata=_said("name of a source, with * and ?", _one_or_many(STRING)),
    )
    where: str | None = field(
        default=None,
        metadata=_said(
            "SQL on the columns, such as 'gsd < 1 AND nodata < 0.1'", STRING, metavar="SQL"
        ),
    )
    before: str | datetime | None = field(
        default=None,
        metadata=_said("change: end of the earlier time; with after", DATE, metavar="DATE"),
    )
    after: str | datetime | None = field(
        default=None,
        metadata=_said(
            "change: start of the later time; the largest gain comes first", DATE, metavar="DATE"
        ),
    )


@dataclass(frozen=True)
class Page:
    """Which of the hits are given.

    Raises:
        QueryError: a number is out of its range.
    """

    k: int = field(
        default=10,
        metadata=_said("hits", {"type": "integer", "minimum": 1, "maximum": MOST_HITS}),
    )
    offset: int = field(
        default=0,
        metadata=_said(
            "hits left out before the first, for pages", {"type": "integer", "minimum": 0}
        ),
    )
    overlap: float | None = field(
        default=OVERLAP,
        metadata=_said(
            "chips of one scene or day that share this much of the smaller one count as the best"
            " of them; none keeps all",
            {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": "null"}]},
        ),
    )
    exact: bool = field(
        default=False,
        metadata=_said("compare all chips, also where there is an ANN index", BOOLEAN),
    )

    def __post_init__(self) -> None:
        if self.k < 1 or self.offset < 0:
            raise QueryError(
                f"k is {self.k} and offset {self.offset}; k must be 1 or more, offset 0 or more"
            )
        if self.k + self.offset > MOST_HITS:
            raise QueryError(
                f"k and offset are {self.k + self.offset:,} together; at most {MOST_HITS:,} hits"
                " are sorted. Narrow the search by place, date or where, or export the index"
            )
        if self.overlap is not None and not 0 < self.overlap <= 1:
            raise QueryError(
                f"overlap is {self.overlap}; it must be over 0 and at most 1, or None to keep all"
                " chips"
            )


class SearchOptions(TypedDict, total=False):
    """The fields of `Where` and `Page` as keywords, for type checkers; a test holds them alike."""

    bbox: Sequence[float] | None
    polygon: "str | Path | Mapping[str, Any] | BaseGeometry | None"
    near: Sequence[float] | None
    radius_km: float | None
    within: bool
    date: Sequence[str | datetime | None] | None
    source: str | Sequence[str] | None
    where: str | None
    before: str | datetime | None
    after: str | datetime | None
    k: int
    offset: int
    overlap: float | None
    exact: bool


def where_and_page(options: Mapping[str, Any]) -> tuple[Where, Page]:
    """Keywords as declarations.

    Raises:
        TypeError: a keyword is none of theirs.
        QueryError: a number is out of its range.
    """
    of_page = {declared.name for declared in fields(Page)}
    places = {name: value for name, value in options.items() if name not in of_page}
    pages = {name: value for name, value in options.items() if name in of_page}
    return Where(**places), Page(**pages)


# -- what comes from the declaration --------------------------------------------------------------


def schema_of(declaration: type[Query] | type[Where] | type[Page]) -> dict[str, Any]:
    """A JSON schema of what a declaration takes."""
    properties = {}
    for declared in fields(declaration):
        about = said_of(declared)
        properties[declared.name] = {**about.schema, "description": about.help}
        if declared.default not in (None, (), MISSING):
            properties[declared.name]["default"] = declared.default
    return {
        "type": "object",
        "title": declaration.__name__,
        "properties": properties,
        "additionalProperties": False,
    }


def shows_declaration(search: SearchMethod) -> SearchMethod:
    """Decorates `Index.search`.

    Its signature and its arguments in words, as people see them, come from the declaration.
    """
    parameters = [inspect.Parameter("self", _POSITIONAL)]
    lines = []
    for declaration in (Query, Where, Page):
        for declared in fields(declaration):
            parameters.append(_parameter(declared))
            lines.append(f"    {declared.name}: {said_of(declared).help}.")
    search.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        parameters, return_annotation="list[Hit]"
    )
    search.__doc__ = "\n".join([inspect.getdoc(search) or "", "", "Args:", *lines])
    return search


def _parameter(declared: "Field[Any]") -> inspect.Parameter:
    is_positional = declared.name in ("text", "image")
    return inspect.Parameter(
        declared.name,
        _POSITIONAL if is_positional else inspect.Parameter.KEYWORD_ONLY,
        default=declared.default,
        annotation=declared.type,
    )
