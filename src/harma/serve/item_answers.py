"""What OGC API Features and STAC answer with, as models: the schemas of OpenAPI."""

from typing import Annotated, Any, Literal

from fastapi.responses import JSONResponse
from pydantic import BaseModel, ConfigDict, Field

from harma.serve.media_types import GEOJSON


class GeoJsonResponse(JSONResponse):
    """GeoJSON."""

    media_type = GEOJSON


class LinkTold(BaseModel):
    """A link."""

    model_config = ConfigDict(extra="allow")

    rel: str = Field(examples=["next"])
    href: str
    type: str | None = None


class LandingPage(BaseModel):
    """What a program reads first."""

    type: Literal["Catalog"]
    stac_version: str
    id: str
    title: str
    description: str
    conformsTo: list[str]  # noqa: N815 - the standard's name
    links: list[LinkTold]


class Conformance(BaseModel):
    """What the server keeps to."""

    conformsTo: list[str]  # noqa: N815 - the standard's name


class CollectionDocument(BaseModel):
    """A collection."""

    type: Literal["Collection"]
    stac_version: str
    stac_extensions: list[str]
    id: str = Field(examples=["archive"])
    title: str
    description: str
    license: str
    itemType: Literal["feature"]  # noqa: N815 - the standard's name
    crs: list[str]
    extent: dict[str, Any]
    links: list[LinkTold]


class CollectionList(BaseModel):
    """All collections."""

    collections: list[CollectionDocument]
    links: list[LinkTold]


class ItemFeature(BaseModel):
    """An item: a chip."""

    type: Literal["Feature"]
    stac_version: str
    stac_extensions: list[str]
    id: str
    collection: str
    geometry: dict[str, Any] | None
    bbox: list[float] | None = None
    properties: dict[str, Any]
    assets: dict[str, dict[str, Any]]
    links: list[LinkTold]


class ItemPage(BaseModel):
    """Items, in their order."""

    type: Literal["FeatureCollection"]
    timeStamp: str  # noqa: N815 - the standard's name
    numberMatched: int  # noqa: N815 - the standard's name
    numberReturned: int  # noqa: N815 - the standard's name
    links: list[LinkTold]
    features: list[ItemFeature]


# With a length, as only then a text that no UTF-8 can say is refused.
SaidText = Annotated[str, Field(max_length=2000)]


class SearchBody(BaseModel):
    """A search of STAC."""

    model_config = ConfigDict(extra="forbid", strict=True)

    collections: list[SaidText] | None = Field(
        None, description="without them all indexes", examples=[["archive"]]
    )
    ids: list[SaidText] | None = Field(None, description="of chips")
    bbox: list[float] | None = Field(None, examples=[[4.3, 51.8, 5.0, 51.9]])
    intersects: dict[str, Any] | None = Field(None, description="a geometry of GeoJSON")
    datetime: SaidText | None = Field(None, examples=["2019-01-01T00:00:00Z/.."])
    limit: int = Field(100, ge=1, description="items of a page; at most 10,000 are given")
    token: SaidText | None = Field(None, description="of a next link")
    q: SaidText | None = Field(None, description="what should be seen; of one collection, an index")
