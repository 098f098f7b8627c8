"""Routes of watches, over the archive of three scenes with the tiny model."""

import io
from xml.etree import ElementTree as ET

import pyogrio
import pytest
from PIL import Image

ASKED = {"text": "a red roof"}
ATOM = "{http://www.w3.org/2005/Atom}"


@pytest.fixture
def search(client):
    """The id of a saved search."""
    body = {"index": "archive", "name": "roofs <b>", "asked": ASKED}
    return client.post("/v1/searches", json=body).json()["id"]


@pytest.fixture
def address(search):
    return f"/v1/searches/{search}"


@pytest.fixture
def watched(client, address):
    """The address of a saved search that is watched for what every chip shows."""
    answer = client.put(f"{address}/watch", json={"least_score": -1})
    assert answer.status_code == 200, answer.text
    return address


@pytest.fixture
def found(client, watched, write_scenes, build_index, tmp_path):
    """The address of a saved search with nine events."""
    write_scenes(tmp_path / "scenes", 1, first=3)
    build_index(tmp_path / "scenes")
    assert client.post(f"{watched}/watch/run").json()["new"] == 9
    return watched


def test_a_watch_is_set_and_notes_what_is_there(client, search, watched):
    watch = client.get(f"{watched}/watch").json()
    assert watch["search"] == search
    assert (watch["standing"], watch["least_score"]) == (None, -1)
    assert (watch["num_events"], watch["last_new"], watch["last_problem"]) == (0, 0, "")
    assert watch["last_run"].endswith("Z")
    assert client.get(f"/v1/searches/{search}").json()["watch"] == watch
    answer = client.post(f"{watched}/watch/run").json()
    assert (answer["new"], answer["scenes"]) == (0, 0)


def test_without_a_threshold_likely_hits_are_told(client, address):
    watch = client.put(f"{address}/watch", json={}).json()
    assert (watch["standing"], watch["least_score"]) == ("likely", None)
    assert "too small" in watch["last_problem"]


def test_a_search_without_a_watch(client, search, address):
    assert client.get(f"/v1/searches/{search}").json()["watch"] is None
    for answer in (
        client.get(f"{address}/watch"),
        client.delete(f"{address}/watch"),
        client.post(f"{address}/watch/run"),
    ):
        assert answer.status_code == 404
    assert client.get("/v1/searches/none/events").status_code == 404
    assert client.get(f"{address}/events").json()["features"] == []


def test_new_scenes_are_told_once(client, found):
    assert client.post(f"{found}/watch/run").json()["new"] == 0
    answer = client.get(f"{found}/events").json()
    assert len(answer["features"]) == 9
    assert answer["next"] is None
    properties = answer["features"][0]["properties"]
    assert properties["source_name"] == "scene3_20130601.tif"
    assert properties["date"] == "2013-06-01"
    assert answer["features"][0]["id"].startswith("urn:uuid:")
    assert answer["features"][0]["geometry"]["type"] == "Polygon"


def test_pages_of_events(client, found):
    path = f"{found}/events?k=4"
    numbers = []
    while path:
        answer = client.get(path).json()
        numbers += [feature["properties"]["number"] for feature in answer["features"]]
        path = answer["next"]
    assert numbers == list(range(1, 10))
    assert client.get(f"{found}/events", params={"after": 9}).json()["features"] == []
    for query in ("after=-1", f"after={2**63}", "k=0", "k=1001"):
        assert client.get(f"{found}/events?{query}").status_code == 422


def test_an_event_has_a_thumbnail_also_when_its_scene_is_gone(client, found, archive):
    answer = client.get(f"{found}/events/1/thumbnail")
    assert answer.headers["content-type"] == "image/jpeg"
    assert Image.open(io.BytesIO(answer.content)).size == (32, 32)
    tag = {"If-None-Match": answer.headers["etag"]}
    assert client.get(f"{found}/events/1/thumbnail", headers=tag).status_code == 304
    assert client.get(f"{found}/events/99/thumbnail").status_code == 404
    assert client.get(f"{found}/events/{2**63}/thumbnail").status_code == 422


def test_the_feed_is_read_by_gdal_and_has_links(client, search, found, tmp_path):
    answer = client.get(f"{found}/feed.atom")
    assert answer.headers["content-type"].startswith("application/atom+xml")
    root = ET.fromstring(answer.content)
    assert root.find(f"{ATOM}title").text == "roofs <b>"
    entries = root.findall(f"{ATOM}entry")
    assert len(entries) == 9
    links = {one.get("rel"): one.get("href") for one in entries[0].findall(f"{ATOM}link")}
    chip = client.get(f"{found}/events").json()["features"][-1]["properties"]["chip"]
    assert links["alternate"] == f"http://localhost/#index=archive&search={search}&hit={chip}"
    assert client.get(links["enclosure"]).headers["content-type"] == "image/jpeg"
    assert str(tmp_path) not in answer.text
    file = tmp_path / "feed.atom"
    file.write_bytes(answer.content)
    assert len(pyogrio.read_dataframe(file)) == 9


def test_a_reader_of_the_feed_is_told_that_nothing_is_new(client, found, make_client, service):
    answer = client.get(f"{found}/feed.atom")
    for headers in (
        {"If-None-Match": answer.headers["etag"]},
        {"If-Modified-Since": answer.headers["last-modified"]},
    ):
        assert client.get(f"{found}/feed.atom", headers=headers).status_code == 304
    for headers in (
        {"If-None-Match": '"other"'},
        {"If-Modified-Since": "Thu, 26 Nov 2020 15:00:00 GMT"},
        {"If-Modified-Since": "no date"},
        {"Host": "127.0.0.1", "If-None-Match": answer.headers["etag"]},
    ):
        assert client.get(f"{found}/feed.atom", headers=headers).status_code == 200


def test_a_watch_is_deleted_and_its_events_stay(client, found):
    assert client.delete(f"{found}/watch").status_code == 204
    assert client.get(f"{found}/watch").status_code == 404
    assert len(client.get(f"{found}/events").json()["features"]) == 9


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"standing": "sure"}, "standing"),
        ({"standing": "clear", "least_score": 0.2}, "one of the two"),
        ({"least_score": 3}, "least_score"),
        ({"least_score": "NaN"}, "least_score"),
        ({"webhook": "https://evil.example/x"}, "not among those that may be told"),
        ({"webhook": "file:///etc/passwd"}, "give an address"),
        ({"webhook": "http://127.0.0.1:8000/"}, "not among those"),
        ({"notify": ["mailto://a:b@example.org"]}, "--allow-notify"),
        ({"other": 1}, "other"),
    ],
)
def test_what_cannot_be_watched_is_refused_and_nothing_is_set(client, address, body, said):
    answer = client.put(f"{address}/watch", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["detail"]
    assert client.get(f"{address}/watch").status_code == 404


def test_who_may_be_told_is_named_at_start(make_service, make_client):
    service = make_service(webhook_hosts=("hooks.example.org",), can_notify=True)
    client = make_client(service)
    body = {"index": "archive", "name": "roofs", "asked": ASKED}
    path = f"/v1/searches/{client.post('/v1/searches', json=body).json()['id']}/watch"
    told = {"webhook": "https://hooks.example.org/a?b=c", "notify": ["mailto://me:secret@x.org"]}
    watch = client.put(path, json={"least_score": 0.5, **told}).json()
    assert watch["webhook"] == told["webhook"]
    assert watch["notify"] == ["mailto://…"]
    bad = {"least_score": 0.5, "notify": ["mailto://a\nmailto://b"]}
    assert client.put(path, json=bad).status_code == 422


def test_a_watch_that_cannot_be_run_is_not_set(client, search, address, service):
    saved = service.index("archive").searches
    saved.change(search, asked={"text": "a roof", "source": "0123456789abcdef"})
    answer = client.put(f"{address}/watch", json={"least_score": 0.1})
    assert answer.status_code == 422
    assert "not in the index any more" in answer.json()["detail"]
    assert client.get(f"{address}/watch").status_code == 404


def test_a_server_that_only_reads_sets_and_runs_no_watch(found, make_service, make_client):
    reading = make_client(make_service(is_read_only=True))
    assert reading.put(f"{found}/watch", json={}).status_code == 403
    assert reading.post(f"{found}/watch/run").status_code == 403
    assert reading.delete(f"{found}/watch").status_code == 403
    assert len(reading.get(f"{found}/events").json()["features"]) == 9
    assert reading.get(f"{found}/feed.atom").status_code == 200
