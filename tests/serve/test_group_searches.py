"""Saved searches, marks, watches, events and pictures of several indexes that are served as one."""

import pytest

from harma.searches.database import DATABASE_FILE, group_file
from harma.serve.upkeep import refresh_all
from harma.serve.watch_keeper import WatchKeeper


@pytest.fixture
def client(grouped, make_client):
    return make_client(grouped)


@pytest.fixture
def saved(client):
    """Id of a saved search of the group."""
    body = {"index": "world", "name": "roads", "asked": {"text": "a road"}}
    return client.post("/v1/searches", json=body).json()["id"]


def chips(client, name="world"):
    asked = {"text": "a road", "k": 27, "overlap": None}
    features = client.post(f"/v1/indexes/{name}/search", json=asked).json()["features"]
    return [one["id"] for one in features]


def test_they_lie_beside_the_first_part_under_the_name_of_the_group(grouped, client, saved, shards):
    assert (shards[0] / "searches-world.sqlite").is_file()
    assert group_file("world") == "searches-world.sqlite"
    listed = client.get("/v1/searches").json()["searches"]
    assert [(one["id"], one["index"]) for one in listed] == [(saved, "world")]
    assert client.get("/v1/searches?index=later").json()["searches"] == []
    assert not list(shards[1].glob("searches-*"))
    grouped.index("later").searches.create("roofs", {"text": "a roof"})
    assert (shards[1] / DATABASE_FILE).is_file()
    assert len(client.get("/v1/searches?index=world").json()["searches"]) == 1


def test_marks_of_chips_of_both_parts(client, saved, shards):
    of_later = set(chips(client, "later"))
    all_chips = chips(client)
    good = next(chip for chip in all_chips if chip in of_later)
    bad = next(chip for chip in all_chips if chip not in of_later)
    marks = [{"chip": good, "mark": "good"}, {"chip": bad, "mark": "bad"}]
    address = f"/v1/searches/{saved}/marks"
    assert client.put(address, json={"marks": marks}).status_code == 200
    there = client.get(address).json()["features"]
    assert {one["id"]: one["properties"]["is_there"] for one in there} == {good: True, bad: True}
    hits = client.get(f"/collections/search-{saved}/items?limit=30").json()["features"]
    assert hits
    assert {one["properties"]["index"] for one in hits} == {"world"}


def test_a_watch_finds_what_comes_into_a_part(
    grouped, client, saved, shards, write_scenes, build_index, tmp_path
):
    watch = f"/v1/searches/{saved}/watch"
    assert client.put(watch, json={"least_score": -1}).status_code < 300
    keeper = WatchKeeper(grouped)
    world = grouped.index("world")
    keeper.look(world)
    for number, part in enumerate(shards):
        write_scenes(tmp_path / f"further{number}", 1, first=5 + number)
        build_index(tmp_path / f"further{number}", directory=part)
        refresh_all(grouped)
        keeper.look(world)
    events = client.get(f"/v1/searches/{saved}/events").json()["features"]
    assert len(events) == 18
    assert len({one["properties"]["source_name"] for one in events}) == 2
    feed = client.get(f"/v1/searches/{saved}/feed.atom")
    assert feed.status_code == 200
    assert feed.text.count("<entry>") == 18
    keeper.look(world)
    assert len(client.get(f"/v1/searches/{saved}/events").json()["features"]) == 18


def test_they_are_there_while_another_part_is_gone(client, saved, shards):
    shards[1].rename(shards[1].with_name("away"))
    assert client.get(f"/v1/searches/{saved}").status_code == 200
    assert client.post("/v1/indexes/world/search", json={"text": "a"}).status_code == 503
    shards[0].rename(shards[0].with_name("away too"))
    assert client.get(f"/v1/searches/{saved}").status_code == 503


def test_a_picture_that_was_sent_is_looked_for_in_all_parts(client):
    chip = chips(client)[-1]
    picture = client.get(f"/v1/indexes/world/chips/{chip}/image").content
    sent = client.post(
        "/v1/uploads", content=picture, headers={"Content-Type": "image/jpeg"}
    ).json()
    found = client.post(
        "/v1/indexes/world/search", json={"like": [{"upload": sent["id"]}], "k": 27}
    ).json()
    assert found["features"][0]["properties"]["index"] == "world"
    named = client.get("/v1/indexes/world/sources").json()["sources"][-1]["id"]
    within = client.post(
        "/v1/indexes/world/search", json={"text": "a", "source": named, "k": 27}
    ).json()
    assert {one["properties"]["source"] for one in within["features"]} == {named}
