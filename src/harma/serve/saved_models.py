"""Saved searches and marks as models: bodies of requests, and answers as OpenAPI shows them."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harma.searches.checks import CHIP_LENGTH, MARKS_AT_ONCE, NAME_LENGTH, NOTE_LENGTH
from harma.serve.answers import Answer

MarkWord = Literal["good", "bad", "unsure"]


class ShownCounts(BaseModel):
    """Marks by what they say."""

    good: int
    bad: int
    unsure: int


class SearchLinks(BaseModel):
    """Where a saved search is for other programs."""

    collection: str = Field(description="of OGC API Features and STAC, for QGIS and others")
    feed: str = Field(description="Atom feed of its watch")


class ShownSearch(BaseModel):
    """A search that is kept."""

    id: str = Field(examples=["k3v9qd7mh2ws"])
    index: str = Field(examples=["archive"])
    name: str = Field(description="empty of a draft", examples=["harbours of the north"])
    is_draft: bool = Field(description="something was marked, and nobody has named it yet")
    asked: dict[str, Any] = Field(description="uploaded pictures are vectors")
    version: int = Field(description="counts every change of it and of its marks")
    created: str
    changed: str
    who: str = Field(description="made it, where that is known")
    marks: ShownCounts
    watch: dict[str, Any] | None = None
    links: SearchLinks | None = Field(None, description="not of a draft")


class SearchList(BaseModel):
    """Saved searches, those that changed last first."""

    searches: list[ShownSearch]
    unread: list[str] | None = Field(
        None, description="indexes whose saved searches cannot be read now"
    )


class MarkChange(BaseModel):
    """What a person says of a chip."""

    model_config = ConfigDict(extra="forbid", strict=True)

    chip: str = Field(min_length=1, max_length=CHIP_LENGTH)
    mark: MarkWord | None = Field(description="null takes the mark away")
    note: str | None = Field(None, max_length=NOTE_LENGTH, description="null leaves it as it is")


class MarkChanges(BaseModel):
    """Marks to set and to take away; all of them or, where one is wrong, none."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {
                    "marks": [
                        {"chip": "67bc6090ea1f978c778f11aa", "mark": "good", "note": "two cranes"},
                        {"chip": "0a3c0f4c1de89d6a55b2e4aa", "mark": None},
                    ]
                }
            ]
        },
    )

    marks: list[MarkChange] = Field(min_length=1, max_length=MARKS_AT_ONCE)


class MarksSet(BaseModel):
    """Marks are on disk."""

    version: int
    counts: ShownCounts


class MarkProperties(BaseModel):
    """A mark, and the chip that it is on."""

    mark: MarkWord
    note: str
    who: str
    earlier: list[str] = Field(description="others who had said something of the chip before")
    changed: str
    source: str = Field(description="id of the scene")
    source_name: str
    date: str
    is_there: bool = Field(description="the index has the chip still")


class MarkFeature(BaseModel):
    """A mark as a feature of GeoJSON; its id is that of the chip."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: MarkProperties


class MarkCollection(BaseModel):
    """The marks of a saved search, in the order of their time."""

    type: Literal["FeatureCollection"]
    features: list[MarkFeature]


class RefusedRowShown(BaseModel):
    """A row of a file that says no mark."""

    row: int = Field(description="counted from 1")
    reason: str


class MarksImported(BaseModel):
    """What became of the rows of a file."""

    set: int = Field(description="marks that were set")
    unknown: list[str] = Field(description="chips or places that the index does not have: some")
    num_unknown: int
    bad: list[RefusedRowShown] = Field(description="rows that could not be used: the first of them")
    num_bad: int


class SearchAgain(BaseModel):
    """How a saved search is asked again, with its marks."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"k": 50}]}
    )

    k: int | None = Field(None, ge=1, description="hits of this answer")


class MarkedAnswer(Answer):
    """The hits of a saved search with its marks."""

    num_gone: int = Field(description="marks whose chips the index does not have any more")
    last_good: int = Field(description="of the last marks, how many are good")
    last_marked: int = Field(description="how many the last marks are: 10, or fewer")


NAME = Field(max_length=NAME_LENGTH, examples=["harbours of the north"])
