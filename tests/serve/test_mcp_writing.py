"""Tools of assistants that write."""

import pytest
from tests.serve.assistant import caller

from harma import Chip, Index
from harma.serve.mcp import ASSISTANT_LIMITS


@pytest.fixture
def service(make_service):
    return make_service(limits=ASSISTANT_LIMITS)


@pytest.fixture
def call(service):
    return caller(service)


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
