"""What the API answers with, as models: they are the schemas of OpenAPI, and tests hold to them.

Answers are made as plain values: a thousand hits checked against a model take longer than their
search.
"""

from typing import Any, Literal

from pydantic import BaseModel, Field

Standing = Literal["clear", "likely", "weak", ""]
# What is said of a change alone begins so.
OF_CHANGES = ("change", "then_")


class IndexPart(BaseModel):
    """One of several indexes that are searched as one; its id, if it is served apart too."""

    name: str = Field(examples=["naip-2019"])
    state: Literal["loading", "ready", "failed"]
    problem: str = ""
    chips: int | None = None
    version: int | None = None


class IndexSummary(BaseModel):
    """An index; while it is loading only id, title, state and problem are sure."""

    id: str = Field(examples=["archive"])
    title: str = Field(examples=["archive"])
    state: Literal["loading", "ready", "failed"]
    problem: str = ""
    chips: int | None = None
    sources: int | None = None
    placed: int | None = Field(None, description="chips with a place")
    dated: int | None = Field(None, description="chips with a date")
    bounds: list[float] | None = Field(None, description="west, south, east, north")
    dates: list[str] | None = Field(None, description="first and last day")
    model: str = Field("", description="its name, without where it is")
    version: int | None = None
    parts: list[IndexPart] | None = Field(
        None, description="of several indexes that are searched as one, these"
    )


class IndexList(BaseModel):
    """All indexes of the server."""

    indexes: list[IndexSummary]


class HitProperties(BaseModel):
    """What is said of a chip; rank, score, percentile and standing where it was searched for."""

    rank: int | None = Field(None, ge=1)
    score: float | None = Field(None, description="cosine of query and chip")
    percentile: float | None = None
    standing: Standing | None = None
    index: str
    source: str = Field(description="id of the scene")
    source_name: str
    datetime: str | None
    datetime_end: str | None = None
    date: str = Field(description="as exactly as it is known")
    column: int
    row: int
    width: int
    height: int
    crs: str
    gsd: float | None
    nodata: float
    change: float | None = Field(
        None,
        description="how much more the place matches than then, or than is usual where it matched"
        " less than that",
    )
    then_score: float | None = None
    then_id: str | None = None
    then_source: str | None = None
    then_source_name: str | None = None
    then_datetime: str | None = None
    then_datetime_end: str | None = None
    then_date: str | None = None


def hit_columns(*, of_change: bool) -> list[str]:
    """What a table of hits has in any case, whatever is found.

    Args:
        of_change: they are places that have changed, with what was there then.
    """
    names = HitProperties.model_fields
    return [name for name in names if of_change or not name.startswith(OF_CHANGES)]


class HitFeature(BaseModel):
    """A chip as a feature of GeoJSON."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: HitProperties


class Counts(BaseModel):
    """Hits of the kept list by their standing."""

    clear: int
    likely: int
    weak: int
    none: int = Field(description="of an index that is too small to tell")


class Emptiness(BaseModel):
    """Why there is no hit, and what can be done."""

    reason: str
    advice: str


class ExpandedText(BaseModel):
    """A short text of a query, and what joined it."""

    text: str
    terms: list[str] = Field(description="what it names, as it was understood")
    num_captions: int = Field(description="captions of training that joined it")
    examples: list[str] = Field(description="some of them")
    num_phrases: int = Field(description="phrases of HarMA's own list that joined it")


class Answer(BaseModel):
    """The hits of a search."""

    type: Literal["FeatureCollection"]
    query_id: str
    index: str
    version: int
    took_ms: float
    asked: dict[str, Any]
    num_kept: int = Field(
        description="hits in the kept list so far; `next` and exports look for more"
    )
    counts: Counts
    next: str | None = Field(description="address of the next page of the kept list")
    empty: Emptiness | None
    expanded: list[ExpandedText] = Field(description="what joined short texts; `expand` says no")
    features: list[HitFeature]


class DetectionProperties(BaseModel):
    """Chips that touch, as one thing."""

    rank: int
    chips: int = Field(description="how many were merged")
    best_chip: str
    best_score: float
    standing: Standing
    dates: list[str]
    source_names: list[str]
    area_km2: float


class DetectionFeature(BaseModel):
    """A detection as a feature of GeoJSON."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any]
    properties: DetectionProperties


class Detections(BaseModel):
    """Hits that touch merged, the best first."""

    type: Literal["FeatureCollection"]
    num_chips: int = Field(description="hits that were merged")
    num_without_place: int = Field(description="hits left out, since nothing says where they are")
    features: list[DetectionFeature]


class RelevanceMap(BaseModel):
    """Which parts of a chip a text is found by."""

    rows: int
    columns: int
    values: list[list[float]] = Field(description="0 to 1, a list per row")
    score: float = Field(description="cosine of text and chip")
    sentence: str


class PageLimits(BaseModel):
    """What a client may ask for."""

    k: int
    text: int
    examples: int
    upload_bytes: int
    upload_pixels: int
    vertices: int


class Basemap(BaseModel):
    """The operator's base map."""

    kind: Literal["xyz", "wms"]
    url: str
    attribution: str


class PageSettings(BaseModel):
    """What the map page has to know."""

    version: str
    read_only: bool
    needs_key: bool
    basemap: Basemap | None
    limits: PageLimits
    webhook_hosts: list[str]
    can_notify: bool


class Alive(BaseModel):
    """The server answers."""

    status: Literal["alive"]


class Ready(BaseModel):
    """Indexes and models are warm."""

    status: Literal["ready"]
