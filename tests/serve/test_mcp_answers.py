"""Answers of assistants' tools: short, bounded, without paths."""

import datetime as dt
import json

import pytest
from tests.exchange.made import hit

from harma.searches.records import Event, MarkCounts, SavedSearch, Watch
from harma.serve.mcp_answers import (
    MOST_CHARACTERS,
    MOST_OF_A_TEXT,
    event_row,
    hit_row,
    search_row,
    told,
)

WHEN = dt.datetime(2026, 1, 2, 3, 4, 5, tzinfo=dt.UTC)


def test_a_hit_in_short():
    row = hit_row(3, hit(source="/data/far/scene.tif"))
    assert row["rank"] == 3
    assert row["source_name"] == "scene.tif"
    assert row["lon_lat"] == pytest.approx([4.5, 50.5], abs=1e-4)
    assert "/data" not in json.dumps(row)
    bare = hit_row(1, hit(geometry=None))
    assert "lon_lat" not in bare
    assert "gain" not in bare


def test_a_change_in_short():
    row = hit_row(1, hit(score=0.5, then=hit(score=0.2, id="before")))
    assert row["gain"] == pytest.approx(0.3)
    assert row["then_chip"] == "before"
    assert row["then_date"]


def test_a_saved_search_in_short():
    vector = [0.1] * 512
    asked = {"image": {"vector": vector}, "like": [{"vector": vector, "weight": 2}, {"chip": "c"}]}
    search = SavedSearch("s", "x" * 1000, asked, False, 4, WHEN, WHEN)
    row = search_row(search, MarkCounts(good=2), Watch("s", num_events=5))
    assert len(row["name"]) == MOST_OF_A_TEXT + 1
    assert row["asked"]["image"] == {"vector": "of a picture"}
    assert row["asked"]["like"] == [{"vector": "of a picture", "weight": 2}, {"chip": "c"}]
    assert row["marks"]["good"] == 2
    assert row["watch"]["num_events"] == 5
    assert "webhook" not in row["watch"]
    assert "watch" not in search_row(search, MarkCounts(), None)


def test_an_event_in_short():
    event = Event(
        number=7,
        id="urn:1",
        search="s",
        chip="c",
        content="b",
        found=WHEN,
        source="/d/x.tif",
        score=0.4,
        gain=None,
        standing="clear",
        then_chip=None,
        geometry=None,
        taken=None,
        taken_end=None,
        thumbnail=None,
    )
    row = event_row(event)
    assert row["number"] == 7
    assert row["source_name"] == "x.tif"
    assert "gain" not in row
    assert "/d" not in json.dumps(row)


def test_long_answers_are_bounded():
    rows = [{"name": "x" * 1000} for _ in range(100)]
    answer = told("rows", rows, index="a")
    assert len(answer) < MOST_CHARACTERS + 1000
    said = json.loads(answer)
    assert len(said["rows"]) == 29
    assert said["left_out"] == "71 more, for which there is no room; ask for fewer"
    assert json.loads(told("rows", [])) == {"rows": []}
