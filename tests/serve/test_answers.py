"""The models of answers are what is answered: no field more, none less."""

import pytest
from pydantic import BaseModel

from harma.serve import answers
from harma.serve.answers import Answer, HitFeature, IndexSummary, PageSettings

MODELS = [
    one
    for one in vars(answers).values()
    if isinstance(one, type) and issubclass(one, BaseModel) and one is not BaseModel
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_model_says_what_it_is(model):
    assert model.__doc__.endswith(".")


def unknown(model, values):
    return values.keys() - model.model_fields.keys()


def test_no_field_is_undeclared(client):
    answer = client.post("/v1/indexes/archive/search", json={"text": "a", "k": 3}).json()
    assert unknown(Answer, answer) == set()
    assert answer.keys() == Answer.model_fields.keys()
    for feature in answer["features"]:
        properties = HitFeature.model_fields["properties"].annotation
        assert unknown(HitFeature, feature) == set()
        assert unknown(properties, feature["properties"]) == set()
    assert unknown(IndexSummary, client.get("/v1/indexes/archive").json()) == set()
    assert unknown(PageSettings, client.get("/v1/page").json()) == set()
