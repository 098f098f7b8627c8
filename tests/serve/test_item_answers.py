"""Models of OGC and STAC answers: what is answered fits what is described."""

import pytest
from pydantic import ValidationError

from harma.serve.item_answers import (
    CollectionList,
    Conformance,
    ItemFeature,
    ItemPage,
    LandingPage,
    SearchBody,
)


def test_answers_fit_their_description(client):
    for path, model in (
        ("/?f=json", LandingPage),
        ("/conformance", Conformance),
        ("/collections", CollectionList),
        ("/collections/archive/items", ItemPage),
        ("/search", ItemPage),
    ):
        model.model_validate(client.get(path).json())
    item = client.get("/search").json()["features"][0]
    ItemFeature.model_validate(client.get(f"/collections/archive/items/{item['id']}").json())


@pytest.mark.parametrize("body", [{"limit": 0}, {"fields": {}}, {"bbox": "1,2,3,4"}, {"ids": "a"}])
def test_bodies_that_are_none(body):
    with pytest.raises(ValidationError):
        SearchBody.model_validate(body)
