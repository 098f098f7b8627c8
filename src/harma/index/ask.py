"""What a person may ask: `Query`, `Where` and `Page`, the one declaration of a search.

The keywords of `Index.search`, the flags of `harma search` and a JSON schema all come from the
fields of these three classes: what a field says of itself (`Said`) is its help everywhere.
Importing this module is light, so that `harma search --help` is quick.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, SupportsFloat, TypedDict, get_args

from harma.errors import QueryError
from harma.index.said import (
    BOOLEAN,
    DATE,
    DATE_OR_NULL,
    EXAMPLES,
    MOST_WEIGHT,
    NUMBER,
    PICTURE,
    STRING,
    numbers,
    one_or_many,
    said,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from harma.index.embedder import PictureLike

# From this share of the smaller chip on, two chips are one place.
OVERLAP = 0.5
# Hits of a search, those of the pages before it counted. Each takes about 2 KB in memory while hits
# are merged, and twice as many are looked at, or more where many overlap: some 400 MB.
MOST_HITS = 100_000
# Begins a chip at the terminal; in Python it is said: `Chip`.
CHIP_PREFIX = "chip:"

Expand = Literal["auto", "off"]
"""Whether short texts are joined by captions and phrases that hold their words."""
EXPAND: tuple[str, ...] = get_args(Expand)

# -- examples, each said to be what it is ---------------------------------------------------------


def _check_weight(example: object, weight: float | None) -> None:
    """Check that a weight, where one is given, is greater than 0 and can be added up."""
    # Written so that NaN is refused too.
    if weight is not None and not 0 < weight <= MOST_WEIGHT:
        raise QueryError(
            f"the weight of {example!r} is {weight}; it must be greater than 0, and at most"
            f" {MOST_WEIGHT:,.0f}"
        )


def _check_integer(name: str, value: object) -> None:
    """Check that a count is a whole number, NumPy's too; True is none."""
    if isinstance(value, bool) or not hasattr(value, "__index__"):
        raise QueryError(f"{name} is {value!r}; it must be a whole number")


def _is_share(value: object) -> bool:
    return isinstance(value, SupportsFloat) and 0 < float(value) <= 1


@dataclass(frozen=True)
class Text:
    """A description of what should be seen.

    Attributes:
        text: the description.
        weight: against other examples; None takes what is usual: 1, or 0.35 of a text to be unlike.
    """

    text: str
    weight: float | None = None

    def __post_init__(self) -> None:
        _check_weight(self.text, self.weight)
        if not isinstance(self.text, str):
            raise QueryError(f"a text to look for is a string, not {self.text!r}")
        # It has an embedding like any text, with hits that mean nothing.
        if not any(sign.isprintable() and not sign.isspace() for sign in self.text):
            raise QueryError("the text to look for is empty; describe what should be seen")


# Not compared: arrays have no single truth of being equal.
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
        if not self.id:
            raise QueryError(
                f"{CHIP_PREFIX} names no chip; an id follows it, as hits have it (harma search"
                " --format json)"
            )


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

    Several texts count alike.
    `image` may be a `Vector`, too: what is left of a picture that was embedded before.
    Texts and `image` describe, and add up; a picture beside a text counts 0.2. Examples of `like`
    and `unlike` that are no texts are marks, good and bad ones: they refine what is described
    (`harma.index.refine`).
    In `like` and `unlike` a string is a `Text`, a `pathlib.Path`, PIL image or array of pixels a
    `Picture`, an array (E,) a `Vector`; (example, weight) gives it a weight.
    Short texts, of up to four terms, are expanded (`harma.index.expansion`); hits say by what.

    Raises:
        QueryError: `expand` is not one of its values.
    """

    text: str | Sequence[str] | None = field(
        default=None,
        metadata=said("what should be seen", one_or_many(STRING)),
    )
    image: "PictureLike | Picture | Vector | None" = field(
        default=None,
        metadata=said("a picture of what should be seen", PICTURE, metavar="FILE"),
    )
    like: Sequence[Any] = field(
        default=(),
        metadata=said(
            "a good example: a text is added to what is described, a chip or picture is a mark that"
            " refines it (weight 1)",
            EXAMPLES,
            metavar="EXAMPLE[@WEIGHT]",
        ),
    )
    unlike: Sequence[Any] = field(
        default=(),
        metadata=said(
            "a bad example: a text counts against what is described (weight 0.35), a chip or"
            " picture is a mark that refines it (weight 1)",
            EXAMPLES,
            metavar="EXAMPLE[@WEIGHT]",
        ),
    )
    expand: Expand = field(
        default="auto",
        metadata=said(
            "auto: short texts are joined by captions of the model's training, and by phrases, that"
            " hold their words; off: as typed",
            {"type": "string", "enum": list(EXPAND)},
        ),
    )

    def __post_init__(self) -> None:
        if self.expand not in EXPAND:
            raise QueryError(f"expand is {self.expand!r}; allowed are {', '.join(EXPAND)}")


@dataclass(frozen=True, eq=False)
class Where:
    """Which chips may be found; conditions must all hold, areas mean what they have in common.

    With `before` and `after` the same places are compared: hits are later chips with the earlier
    chip as `then`, the largest gain of score first.
    """

    bbox: Sequence[float] | None = field(
        default=None,
        metadata=said(
            "west, south, east, north in degrees; west over east crosses the 180th meridian",
            numbers(4),
            metavar="W,S,E,N",
        ),
    )
    polygon: "str | Path | Mapping[str, Any] | BaseGeometry | None" = field(
        default=None,
        metadata=said(
            "a polygon: GeoJSON or WKT, or a file (also GeoPackage, GeoParquet, Shapefile, KML)",
            {"type": "object"},
            metavar="POLYGON",
        ),
    )
    near: Sequence[float] | None = field(
        default=None,
        metadata=said("longitude and latitude, with a radius", numbers(2), metavar="LON,LAT"),
    )
    radius_km: float | None = field(
        default=None,
        metadata=said("kilometres around that point, on the ground", NUMBER, "radius", "KM"),
    )
    within: bool = field(
        default=False,
        metadata=said("footprints lie inside the area, not only touch it", BOOLEAN),
    )
    date: Sequence[str | datetime | None] | None = field(
        default=None,
        metadata=said(
            "first and last date, either may be left out; both days belong to the range, in which"
            " a chip of a longer period lies with any part of it",
            {"type": "array", "items": DATE_OR_NULL, "minItems": 2, "maxItems": 2},
        ),
    )
    source: str | Sequence[str] | None = field(
        default=None,
        metadata=said("name of a source, with * and ?", one_or_many(STRING)),
    )
    where: str | None = field(
        default=None,
        metadata=said(
            "SQL on the columns, such as \"gsd < 1 AND datetime > '2016-01-01'\"",
            STRING,
            metavar="SQL",
        ),
    )
    before: str | datetime | None = field(
        default=None,
        metadata=said("change: end of the earlier time; with after", DATE, metavar="DATE"),
    )
    after: str | datetime | None = field(
        default=None,
        metadata=said(
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
        metadata=said(
            f"hits; with the offset at most {MOST_HITS:,}",
            {"type": "integer", "minimum": 1, "maximum": MOST_HITS},
        ),
    )
    offset: int = field(
        default=0,
        metadata=said(
            "hits left out before the first, for pages", {"type": "integer", "minimum": 0}
        ),
    )
    overlap: float | None = field(
        default=OVERLAP,
        metadata=said(
            "chips of one scene or day that share this much of the smaller one count as the best"
            " of them; none keeps all",
            {"anyOf": [{"type": "number", "exclusiveMinimum": 0, "maximum": 1}, {"type": "null"}]},
        ),
    )
    exact: bool = field(
        default=False,
        metadata=said("compare all chips, also where there is an ANN index", BOOLEAN),
    )

    def __post_init__(self) -> None:
        _check_integer("k", self.k)
        _check_integer("offset", self.offset)
        if self.k < 1 or self.offset < 0:
            raise QueryError(
                f"k is {self.k} and offset {self.offset}; k must be 1 or more, offset 0 or more"
            )
        if self.k + self.offset > MOST_HITS:
            raise QueryError(
                f"k and offset are {self.k + self.offset:,} together; at most {MOST_HITS:,} hits"
                " are sorted. Narrow the search by place, date or where, or export the index"
            )
        if self.overlap is not None and not _is_share(self.overlap):
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
    # An unknown keyword is among the places, and Python's own message names it.
    return Where(**places), Page(**pages)
