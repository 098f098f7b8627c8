"""Tools for assistants, called as an assistant's program calls them: in memory and by a process."""

import base64
import io
import json
import os
import sys

import anyio
import pytest
from jsonschema import Draft202012Validator
from mcp import Client, StdioServerParameters
from mcp.client.stdio import stdio_client
from PIL import Image

from harma import Chip, Index
from harma.serve import mcp_tools
from harma.serve.mcp import ASSISTANT_LIMITS, make_server
from harma.serve.mcp_answers import MOST_CHARACTERS, told

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
    """Calls a tool in memory: its answer as JSON, or the words of what went wrong."""

    def called(tool, /, *, may_write=True, raw=False, **values):
        async def ask():
            async with Client(make_server(service, may_write=may_write)) as client:
                return await client.call_tool(tool, values)

        result = anyio.run(ask)
        if raw:
            return result
        said = result.content[-1].text
        assert "/" + service.indexes["archive"].directory.parts[1] not in said, "a path"
        return said if result.is_error else json.loads(said)

    return called


def tools_of(service, **options):
    async def listed():
        async with Client(make_server(service, **options)) as client:
            return (await client.list_tools()).tools

    return {tool.name: tool for tool in anyio.run(listed)}


# -- what there is ---------------------------------------------------------------------------------


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


# -- reading ---------------------------------------------------------------------------------------


def test_indexes_are_listed(call):
    (index,) = call("list_indexes")["indexes"]
    assert index["id"] == "archive"
    assert index["chips"] == 27
    assert index["state"] == "ready"


def test_a_search_gives_what_python_gives(call, archive, model):
    answer = call("search", text="a road", k=5)
    hits = Index.open(archive, model=model[0]).search("a road", k=5)
    assert [row["chip"] for row in answer["hits"]] == [hit.id for hit in hits]
    assert answer["hits"][0] == {
        "rank": 1,
        "chip": hits[0].id,
        "score": round(hits[0].score, 3),
        "standing": hits[0].standing,
        "date": hits[0].date_text,
        "source": answer["hits"][0]["source"],
        "source_name": hits[0].source_name,
        "lon_lat": pytest.approx(list(hits[0].geometry.centroid.coords[0]), abs=1e-3),
    }
    assert len(call("search", text="a road")["hits"]) == 10


def test_chips_areas_dates_and_sources_narrow_a_search(call):
    first = call("search", text="a road")["hits"]
    like = call("search", like=[{"chip": first[3]["chip"], "weight": 2}], k=1)
    assert like["hits"][0]["chip"] == first[3]["chip"]
    of_source = call("search", text="a road", source=first[0]["source"], k=50)
    assert {row["source"] for row in of_source["hits"]} == {first[0]["source"]}
    nothing = call("search", text="a road", bbox=[-120, -40, -119, -39])
    assert nothing["hits"] == []
    assert nothing["reason"] == "Nothing is indexed in this area."
    assert nothing["advice"]


def test_a_chip_is_shown_as_a_picture_with_its_place(call):
    chip = call("search", text="a road", k=1)["hits"][0]["chip"]
    picture, about = call("show_chip", chip=chip, size=64, raw=True).content
    assert picture.type == "image"
    assert picture.mime_type == "image/jpeg"
    image = Image.open(io.BytesIO(base64.b64decode(picture.data)))
    assert max(image.size) <= 64
    (row,) = json.loads(about.text)["chips"]
    assert row["chip"] == chip
    assert "picture" not in row


def test_of_a_scene_that_is_gone_the_small_picture_is_shown(call, tmp_path):
    chip = call("search", text="a road", k=1)["hits"][0]["chip"]
    for scene in (tmp_path / "scenes").iterdir():
        scene.unlink()
    picture, about = call("show_chip", chip=chip, raw=True).content
    assert picture.type == "image"
    assert "the small one of the index" in about.text
    assert str(tmp_path) not in about.text


@pytest.mark.parametrize(
    ("tool", "values", "words"),
    [
        ("search", {}, "nothing to look for"),
        ("search", {"text": "a", "k": 51}, "k: 51 is greater than the maximum of 50"),
        ("search", {"text": "a" * 501}, "is too long"),
        ("search", {"text": "a", "path": "/etc/passwd"}, "'path' was unexpected"),
        ("search", {"text": "a", "where": "1 = 1"}, "'where' was unexpected"),
        ("search", {"like": ["/etc/passwd"]}, "like.0: '/etc/passwd' is not valid"),
        ("search", {"like": [{"upload": "x"}]}, "there is no uploaded picture"),
        ("search", {"like": [{"chip": "x"}]}, "there is no chip 'x'"),
        ("search", {"text": "a", "bbox": [0, 0, 1]}, "bbox"),
        ("search", {"text": "a", "index": "other"}, "there is no index 'other'; there are archive"),
        ("show_chip", {"chip": "../../etc/passwd"}, "there is no chip '../../etc/passwd'"),
        ("show_chip", {"chip": "x", "size": 100_000}, "greater than the maximum of 1024"),
        ("run_saved_search", {"search": "x"}, "there is no saved search 'x'"),
        ("list_events", {"search": "x"}, "there is no saved search 'x'"),
        ("remove_all", {}, "there is no tool 'remove_all'; there are list_indexes, search"),
    ],
)
def test_what_is_not_usable_is_told_in_words(call, tool, values, words):
    said = call(tool, **values)
    assert isinstance(said, str), "it was answered"
    assert words in said


def test_a_fault_is_told_without_its_words(call, monkeypatch):
    def broken(*_):
        raise RuntimeError("/secret/place")

    monkeypatch.setattr(mcp_tools, "read_asked", broken)
    assert call("search", text="a road") == "the tool failed; the log of the server says why"


def test_an_index_that_is_loading_is_waited_for(call, service, monkeypatch):
    service.indexes["archive"].state = "loading"
    monkeypatch.setattr(mcp_tools, "PATIENCE_S", 0.2)
    assert "still loading" in call("search", text="a road")


def test_of_several_indexes_one_must_be_named(call, service):
    service.indexes["other"] = service.indexes["archive"]
    assert call("search", text="a") == "there are several indexes; say which: archive, other"
    assert call("search", text="a", index="other", k=1)["hits"]


def test_long_answers_are_bounded():
    rows = [{"name": "x" * 1000} for _ in range(100)]
    answer = told("rows", rows, index="a")
    assert len(answer) < MOST_CHARACTERS + 1000
    said = json.loads(answer)
    assert len(said["rows"]) == 29
    assert said["left_out"] == "71 more, for which there is no room; ask for fewer"
    assert json.loads(told("rows", [])) == {"rows": []}


# -- writing ---------------------------------------------------------------------------------------


def test_a_search_is_saved_marked_run_and_watched(call, service, archive, model):
    (saved,) = call("save_search", name="roads", text="a road")["saved"]
    search = saved["search"]
    hits = call("search", text="a road", k=4)["hits"]
    marks = [
        {"chip": hits[2]["chip"], "mark": "good", "note": "a junction"},
        {"chip": hits[0]["chip"], "mark": "bad"},
        {"chip": hits[1]["chip"], "mark": "unsure"},
    ]
    assert call("mark", search=search, marks=marks)["marks"][0]["good"] == 1
    again = call("run_saved_search", search=search, k=27)
    assert again["marks"] == {"good": 1, "bad": 1, "unsure": 1}
    by_hand = Index.open(archive, model=model[0]).search(
        "a road", like=[Chip(hits[2]["chip"])], unlike=[Chip(hits[0]["chip"])], k=27
    )
    assert [row["chip"] for row in again["hits"]] == [hit.id for hit in by_hand]
    (watched,) = call("watch", search=search, least_score=-1)["watched"]
    assert "from now on new hits are told" in watched["told"]
    (row,) = call("list_saved_searches")["searches"]
    assert row["name"] == "roads"
    assert row["asked"] == {"text": "a road"}
    assert row["watch"]["least_score"] == -1
    assert call("list_events", search=search)["events"] == []
    book = service.indexes["archive"].searches
    assert {mark.who for mark in book.marks(search)} == {"assistant"}
    # Taken away again.
    call("mark", search=search, marks=[{"chip": hits[2]["chip"], "mark": None}])
    assert call("list_saved_searches")["searches"][0]["marks"]["good"] == 0


def test_events_are_listed(call, service, write_scenes, tmp_path):
    (saved,) = call("save_search", name="all", text="a road")["saved"]
    call("watch", search=saved["search"], least_score=-1)
    write_scenes(tmp_path / "more", 1, first=5)
    Index.add(tmp_path / "index", [tmp_path / "more"], num_workers=0)
    call("watch", search=saved["search"], least_score=-1)
    events = call("list_events", search=saved["search"], k=3)["events"]
    assert [event["number"] for event in events] == sorted(
        (event["number"] for event in events), reverse=True
    )
    first = call("list_events", search=saved["search"], after=0, k=1)["events"]
    assert first[0]["number"] <= events[-1]["number"]
    assert {"chip", "score", "standing", "date", "source_name"} <= first[0].keys()


@pytest.mark.parametrize(
    ("tool", "values", "words"),
    [
        ("save_search", {"name": "x"}, "nothing to look for"),
        ("save_search", {"text": "a"}, "'name' is a required property"),
        ("mark", {"search": "x", "marks": []}, "marks"),
        ("mark", {"search": "x", "marks": [{"chip": "a", "mark": "great"}]}, "marks.0.mark"),
        ("watch", {"search": "x", "standing": "good"}, "standing"),
        ("watch", {"search": "x", "webhook": "http://a"}, "'webhook' was unexpected"),
    ],
)
def test_what_cannot_be_kept_is_told_in_words(call, service, tool, values, words):
    said = call(tool, **values)
    assert isinstance(said, str)
    assert words in said
    assert service.indexes["archive"].searches.all(drafts=True) == []


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
