"""The server of tools for assistants: what it offers, what it refuses, and as a process."""

import json
import os
import sys

import anyio
import pytest
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from tests.serve.assistant import caller

from harma.serve import mcp_tools
from harma.serve.mcp import ASSISTANT_LIMITS, make_server

READING = {
    "list_indexes",
    "search",
    "show_chip",
    "list_saved_searches",
    "run_saved_search",
    "list_events",
}
WRITING = {"save_search", "mark", "watch"}


@pytest.fixture
def service(make_service):
    return make_service(limits=ASSISTANT_LIMITS)


@pytest.fixture
def call(service):
    return caller(service)


def tools_of(service, **options):
    async def listed():
        async with Client(make_server(service, **options)) as client:
            return (await client.list_tools()).tools

    return {tool.name: tool for tool in anyio.run(listed)}


def test_it_reads_only_unless_it_may_write(service):
    tools = tools_of(service)
    assert tools.keys() == READING
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    both = tools_of(service, may_write=True)
    assert both.keys() == READING | WRITING
    assert {name for name, tool in both.items() if not tool.annotations.read_only_hint} == WRITING


def test_a_writing_tool_that_is_not_there_changes_nothing(call, service):
    said = call("save_search", may_write=False, name="roads", text="a road")
    assert "there is no tool 'save_search'" in said
    assert service.indexes["archive"].searches.all() == []


def test_schemas_are_of_the_package_s_declaration(service):
    for tool in tools_of(service, may_write=True).values():
        Draft202012Validator.check_schema(tool.input_schema)
        assert tool.description
    properties = tools_of(service)["search"].input_schema["properties"]
    assert {"text", "like", "unlike", "bbox", "near", "date", "before", "after"} <= set(properties)
    assert not {"image", "where", "offset", "exact", "vector"} & set(properties)
    assert properties["k"]["maximum"] == 50


def test_a_fault_is_told_without_its_words(call, monkeypatch):
    def broken(*_):
        raise RuntimeError("/secret/place")

    monkeypatch.setattr(mcp_tools, "read", broken)
    assert call("search", text="a road") == "the tool failed; the log of the server says why"


# -- as a process ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_process_speaks_over_standard_input_and_output(archive):
    parameters = StdioServerParameters(
        command=sys.executable,
        args=["-m", "harma", "mcp", f"coast={archive}"],
        env=dict(os.environ),
    )

    async def ask():
        async with Client(stdio_client(parameters)) as client:
            tools = await client.list_tools()
            found = await client.call_tool("search", {"text": "a road", "k": 3})
            return client.server_info, tools.tools, found

    server, tools, found = anyio.run(ask)
    assert server.name == "harma"
    assert {tool.name for tool in tools} == READING
    answer = json.loads(found.content[0].text)
    assert answer["index"] == "coast"
    assert len(answer["hits"]) == 3
