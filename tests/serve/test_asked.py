"""A search as clients send it: the package's declaration, narrowed and bounded."""

from dataclasses import fields

import pytest
from fastapi.exceptions import RequestValidationError
from jsonschema import Draft202012Validator
from pydantic_core import PydanticCustomError

from harma.errors import QueryError
from harma.index.ask import Page, Query, Where
from harma.index.ask_json import no_source, no_upload
from harma.index.said import said_of
from harma.serve.asked import NOT_OVER_HTTP, AskedRules, asked_schema, read_asked
from harma.serve.settings import Limits

LIMITS = Limits(k=100, text=20, examples=3, vertices=5)
RULES = AskedRules(LIMITS)


def problems(values):
    with pytest.raises(PydanticCustomError) as caught:
        RULES.check(values)
    return {error["field"]: error["message"] for error in caught.value.context["errors"]}


def test_its_fields_are_those_of_the_declaration():
    schema = asked_schema(LIMITS)
    Draft202012Validator.check_schema(schema)
    declared = [one for kind in (Query, Where, Page) for one in fields(kind)]
    names = {one.name for one in declared} - set(NOT_OVER_HTTP)
    assert schema["properties"].keys() == names
    rewritten = {"k", "polygon", "source"}
    for one in declared:
        if one.name in names - rewritten:
            assert schema["properties"][one.name]["description"] == said_of(one).help


def test_the_declaration_itself_is_not_changed():
    before = repr(said_of(fields(Page)[0]).schema)
    asked_schema(Limits(k=5))
    assert repr(said_of(fields(Page)[0]).schema) == before
    assert asked_schema(LIMITS) == asked_schema(LIMITS)


def test_nothing_said_and_the_example_fit():
    assert RULES.check({}) == {}
    everything = dict.fromkeys(asked_schema(LIMITS)["properties"], None)
    assert RULES.check(everything) == everything
    for example in asked_schema(Limits())["examples"]:
        AskedRules(Limits()).check(example)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"text": "a" * 21}, "text"),
        ({"text": ["a", "b" * 21]}, "text.1"),
        ({"text": ["a"] * 4}, "text"),
        ({"like": [{"chip": "a" * 21}]}, "like.0.chip"),
        ({"like": [{"vector": [1.0]}]}, "like.0"),
        ({"like": [{"chip": "a", "weight": 0}]}, "like.0.weight"),
        ({"like": [{"chip": "a"}] * 2, "unlike": [{"chip": "b"}] * 2}, "like"),
        ({"k": 101}, "k"),
        ({"k": True}, "k"),
        ({"k": 1.5}, "k"),
        ({"within": "yes"}, "within"),
        ({"source": []}, "source"),
        ({"radius_km": float("inf")}, "radius_km"),
        ({"radius_km": 10**400}, "radius_km"),
        ({"bbox": [0, 0, 10**400, 1]}, "bbox.2"),
        ({"polygon": {"coordinates": [[[0, -(10**400)]]]}}, "polygon.coordinates.0.0.1"),
        ({"like": [{"chip": "a", "weight": 1e308}]}, "like.0.weight"),
        ({"date": [None, "a\0"]}, "date.1"),
        ({"text": "\udcff"}, "text"),
        ({"polygon": {"coordinates": [[[0, 0]] * 6]}}, "polygon"),
        ({"polygon": {"\ud800": 1}}, "polygon"),
    ],
)
def test_what_does_not_fit(values, field):
    assert field in problems(values)


def test_messages_are_short():
    messages = problems({"text": {"a" * 1000: 1}})
    assert all(len(message) <= 301 for message in messages.values())


def test_of_parameters_of_an_address():
    with pytest.raises(RequestValidationError) as caught:
        RULES.checked({"k": 0})
    assert caught.value.errors()[0]["ctx"]["errors"][0]["field"] == "k"
    assert RULES.checked({"k": 1}) == {"k": 1}


def test_reading():
    def read(values):
        return read_asked(values, LIMITS, uploaded=no_upload, named=lambda one: f"/x/{one}")

    asked = read({"text": "a", "source": "s", "overlap": None})
    assert asked.page.k == 50
    assert asked.page.overlap is None
    assert asked.where.source == ["/x/s"]
    assert read({"text": "a", "k": 3}).page.k == 3
    assert read({"text": "a", "k": None}).page.k == 50
    few = read_asked({"text": "a"}, Limits(k=7), uploaded=no_upload, named=no_source)
    assert few.page.k == 7
    with pytest.raises(QueryError, match="no uploaded picture"):
        read({"image": {"upload": "x"}})
