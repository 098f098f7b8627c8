"""Watches and events as models: bodies of requests, and answers as OpenAPI shows them."""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from harma.searches.watches import ADDRESS_LENGTH, MOST_ADDRESSES
from harma.serve.answers import Standing


class WatchBody(BaseModel):
    """How a saved search is watched: by a standing, or by a least score."""

    model_config = ConfigDict(
        extra="forbid", strict=True, json_schema_extra={"examples": [{"standing": "likely"}]}
    )

    standing: Literal["clear", "likely", "weak"] | None = Field(
        None, description="hits of this standing or a better one are told; likely without a score"
    )
    least_score: float | None = Field(
        None,
        ge=-2,
        le=2,
        allow_inf_nan=False,
        description="hits of this score (gain, of a change) or a higher one are told",
    )
    webhook: str = Field(
        "",
        max_length=ADDRESS_LENGTH,
        description="an address that is told; its host was named when the server was started",
    )
    notify: list[Annotated[str, Field(max_length=ADDRESS_LENGTH)]] = Field(
        default_factory=list,
        max_length=MOST_ADDRESSES,
        description="addresses of apprise; only where the server was started with --allow-notify",
    )


class ShownWatch(BaseModel):
    """A watch."""

    search: str = Field(description="id of the saved search")
    standing: Literal["clear", "likely", "weak"] | None
    least_score: float | None
    webhook: str
    notify: list[str] = Field(description="without passwords")
    created: str | None
    last_run: str | None
    last_new: int = Field(description="events of the last run")
    last_sources: int = Field(description="scenes that were new to it")
    last_problem: str = Field(description="why it could not be run, or could not tell somebody")
    num_events: int


class RunAnswer(BaseModel):
    """What a run found: nothing new in three scenes is an answer, too."""

    new: int
    scenes: int = Field(description="that were new, and looked at")
    took_ms: float
    problem: str = Field("", description="what it could not do")


class EventProperties(BaseModel):
    """What is said of an event."""

    number: int
    found: str
    chip: str
    source: str = Field(description="id of the scene")
    source_name: str
    score: float
    gain: float | None = Field(description="of a change")
    standing: Standing
    date: str = Field(description="when the scene was taken, as exactly as it is known")
    then_chip: str | None = Field(description="the earlier chip of a change")


class EventFeature(BaseModel):
    """An event as a feature of GeoJSON; its id is a URN that stays the same."""

    type: Literal["Feature"]
    id: str
    geometry: dict[str, Any] | None
    properties: EventProperties


class EventCollection(BaseModel):
    """Events in the order in which they were found."""

    type: Literal["FeatureCollection"]
    features: list[EventFeature]
    next: str | None = Field(description="address of later ones")
