"""The declaration of a search, and what comes from it."""

import inspect
from dataclasses import fields

import numpy as np
import pytest

from harma.cli import main
from harma.errors import QueryError
from harma.index.ask import (
    MOST_HITS,
    Page,
    Query,
    SearchOptions,
    Text,
    Where,
    where_and_page,
)
from harma.index.ask_forms import schema_of
from harma.index.index import Index
from harma.index.said import said_of

DECLARED = [declared for declaration in (Query, Where, Page) for declared in fields(declaration)]


def test_keywords_are_those_of_the_declaration():
    options = [declared for declared in DECLARED if declared.name not in Query.__annotations__]
    assert {declared.name for declared in options} == set(SearchOptions.__annotations__)
    for declared in options:
        given = SearchOptions.__annotations__[declared.name]
        assert getattr(given, "__forward_arg__", given) == declared.type


def test_the_signature_and_the_help_of_search_show_every_field():
    parameters = dict(inspect.signature(Index.search).parameters)
    assert list(parameters) == ["self", *(declared.name for declared in DECLARED)]
    for declared in DECLARED:
        assert parameters[declared.name].default == declared.default
        assert f"{declared.name}: {said_of(declared).help}" in Index.search.__doc__
    with pytest.raises(TypeError, match="colour"):
        where_and_page({"colour": "red"})


def test_every_field_is_a_flag_with_its_help(capsys):
    with pytest.raises(SystemExit):
        main(["search", "--help"])
    shown = " ".join(capsys.readouterr().out.split())
    written_out = {"date", "overlap", "source", "text"}
    for declared in DECLARED:
        about = said_of(declared)
        name = about.flag or declared.name
        if declared.name not in written_out:
            assert f"-{name} " in shown or f"-{name}]" in shown
            assert about.help in shown
    for flag in ("--since DATE", "--until DATE", "--keep-overlapping", "--source SOURCE"):
        assert flag in shown


def test_the_schema_says_what_json_may_give():
    where = schema_of(Where)
    assert where["additionalProperties"] is False
    assert where["properties"]["bbox"] == {
        "type": "array",
        "items": {"type": "number"},
        "minItems": 4,
        "maxItems": 4,
        "description": said_of(fields(Where)[0]).help,
    }
    assert where["properties"]["within"]["default"] is False
    page = schema_of(Page)["properties"]
    assert (page["k"]["minimum"], page["k"]["maximum"], page["k"]["default"]) == (1, MOST_HITS, 10)
    assert (page["offset"]["minimum"], page["offset"]["default"]) == (0, 0)
    assert page["overlap"]["default"] == 0.5
    query = schema_of(Query)["properties"]
    kinds = [kind["required"][0] for kind in query["like"]["items"]["anyOf"]]
    assert kinds == ["text", "upload", "chip", "vector"]
    assert "default" not in query["like"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"k": 0}, "k is 0 and offset 0; k must be 1 or more"),
        ({"offset": -1}, "offset -1; k must be 1 or more, offset 0 or more"),
        ({"k": MOST_HITS, "offset": 1}, "k and offset are 100,001 together; at most 100,000 hits"),
        ({"overlap": 0.0}, "overlap is 0.0; it must be over 0 and at most 1"),
        ({"overlap": 1.1}, "overlap is 1.1"),
    ],
)
def test_pages_that_cannot_be_given(options, message):
    with pytest.raises(QueryError, match=message):
        Page(**options)


def test_pages_at_their_bounds():
    assert Page(k=MOST_HITS).overlap == 0.5
    assert Page(k=1, offset=MOST_HITS - 1, overlap=1.0).k == 1


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"k": "3"}, "k is '3'; it must be a whole number"),
        ({"k": 2.5}, "k is 2.5"),
        ({"k": None}, "k is None"),
        ({"k": True}, "k is True"),
        ({"offset": 1.0}, "offset is 1.0"),
        ({"overlap": "half"}, "overlap is half; it must be over 0"),
    ],
)
def test_a_page_of_other_types_is_an_error_of_ours(given, message):
    with pytest.raises(QueryError, match=message):
        Page(**given)


def test_counts_and_shares_of_numpy_are_taken():
    page = Page(k=np.int64(3), overlap=np.float32(0.5))
    assert page.k == 3


@pytest.mark.parametrize("given", [3, b"water", None])
def test_a_text_is_a_string(given):
    with pytest.raises(QueryError, match="a text to look for is a string, not"):
        Text(given)


@pytest.mark.parametrize("given", ["", " \n", "\u200b", "\x00\x1b", "\ufeff \u202e"])
def test_a_text_of_nothing_that_shows_is_empty(given):
    with pytest.raises(QueryError, match="the text to look for is empty"):
        Text(given)
