"""Routes of saved searches, over the archive of three scenes with the tiny model."""

import json

import pytest

from harma.searches.database import DATABASE_FILE

ASKED = {"text": "a red roof", "k": 5}
CHANGES = {"marks": [{"chip": "a", "mark": None}]}


def save(client, **body):
    answer = client.post("/v1/searches", json={"index": "archive", "asked": ASKED, **body})
    assert answer.status_code == 201, answer.text
    return answer.json()


def chips_of(answer):
    return [feature["id"] for feature in answer["features"]]


@pytest.fixture
def saved(client):
    return save(client, name="roofs")


def put(client, search, marks):
    changes = [{"chip": chip, "mark": mark} for chip, mark in marks.items()]
    return client.put(f"/v1/searches/{search['id']}/marks", json={"marks": changes})


# -- kept -----------------------------------------------------------------------------------------


def test_a_search_is_kept_and_shown(client, saved, archive):
    assert saved["name"] == "roofs"
    assert saved["index"] == "archive"
    assert saved["asked"] == ASKED
    assert saved["marks"] == {"good": 0, "bad": 0, "unsure": 0}
    assert saved["links"]["collection"].endswith(f"/collections/search-{saved['id']}")
    assert client.get(f"/v1/searches/{saved['id']}").json() == saved
    assert client.get("/v1/searches").json() == {"searches": [saved]}
    assert client.get("/v1/searches", params={"index": "archive"}).json()["searches"] == [saved]
    assert (archive / DATABASE_FILE).is_file()


def test_a_draft_is_shown_on_demand_until_it_has_a_name(client):
    draft = save(client, is_draft=True)
    assert "links" not in draft
    assert client.get("/v1/searches").json() == {"searches": []}
    assert client.get("/v1/searches", params={"drafts": True}).json()["searches"] == [draft]
    answer = client.patch(f"/v1/searches/{draft['id']}", json={"name": "roofs"})
    assert answer.status_code == 200
    assert answer.json()["is_draft"] is False
    assert [each["name"] for each in client.get("/v1/searches").json()["searches"]] == ["roofs"]


def test_a_change_of_an_old_version_is_refused(client, saved):
    path = f"/v1/searches/{saved['id']}"
    changed = client.patch(path, json={"asked": {"text": "a field"}, "version": 1})
    assert changed.json()["asked"] == {"text": "a field"}
    assert changed.json()["version"] == 2
    late = client.patch(path, json={"name": "fields", "version": 1})
    assert late.status_code == 409
    assert "its version is 2, not 1" in late.json()["detail"]
    assert client.get(path).json()["name"] == "roofs"


def test_deleted(client, saved):
    path = f"/v1/searches/{saved['id']}"
    answer = client.delete(path)
    assert (answer.status_code, answer.content) == (204, b"")
    for answer in (client.get(path), client.delete(path), client.get(f"{path}/marks")):
        assert answer.status_code == 404
        assert "no saved search" in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        {"index": "archive", "asked": ASKED},
        {"index": "archive", "name": " ", "asked": ASKED},
        {"index": "archive", "name": "a\nb", "asked": ASKED},
        {"index": "archive", "name": "x" * 201, "asked": ASKED},
        {"index": "archive", "name": "x"},
        {"index": "archive", "name": "x", "asked": {"text": "a", "wher": 1}},
        {"index": "archive", "name": "x", "asked": {"text": "a", "where": "1=1"}},
        {"index": "archive", "name": "x", "asked": {"text": "a", "offset": 5}},
        {"index": "archive", "name": "x", "asked": {"text": "a", "source": "/etc/passwd"}},
        {"index": "archive", "name": "x", "asked": {"text": "a", "polygon": "/etc/passwd"}},
        {"index": "archive", "name": "x", "asked": {"text": "a", "bbox": [1, 2, 3]}},
        {"index": "archive", "name": "x", "asked": {"text": "a", "date": ["yesterday", None]}},
        {"index": "archive", "name": "x", "asked": {"like": [{"upload": "none"}]}},
        {"index": "archive", "name": "x", "asked": {"like": [{"vector": [1, 2]}]}},
        {"index": "archive", "name": "x", "asked": {"like": [{"vector": ["a"] * 16}]}},
        {"index": "archive", "name": "x", "asked": {"like": [{"vector": [1e999] * 16}]}},
        {"index": "archive", "name": "x", "asked": ASKED, "is_draft": "perhaps"},
        {"index": "archive", "name": "x", "asked": ASKED, "further": 1},
    ],
    ids=str,
)
def test_what_cannot_be_kept(client, body):
    answer = client.post(
        "/v1/searches",
        content=json.dumps(body).replace("Infinity", "1e999"),
        headers={"Content-Type": "application/json"},
    )
    assert answer.status_code in (404, 422), answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert client.get("/v1/searches", params={"drafts": True}).json() == {"searches": []}


def test_an_index_that_is_not_there(client):
    body = {"index": "other", "name": "x", "asked": ASKED}
    assert client.post("/v1/searches", json=body).status_code == 404
    assert client.get("/v1/searches", params={"index": "other"}).status_code == 404


def test_pictures_are_kept_as_vectors(service, make_client):
    from PIL import Image

    picture = Image.new("RGB", (32, 32), (200, 40, 40))
    service.uploads.seen = lambda upload, reading: picture
    client = make_client(service)
    asked = {"image": {"upload": "u1", "weight": 2}, "like": [{"text": "a roof"}]}
    saved = save(client, name="red", asked=asked)
    of_picture = saved["asked"]["image"]
    assert of_picture.keys() == {"vector", "weight"}
    assert (len(of_picture["vector"]), of_picture["weight"]) == (16, 2)
    assert saved["asked"]["like"] == [{"text": "a roof"}]
    # It is found by, without the picture; and can be changed and sent back.
    service.uploads.seen = None
    answer = client.post(f"/v1/searches/{saved['id']}/search", json={})
    assert answer.status_code == 200
    assert len(answer.json()["features"]) > 3
    changed = client.patch(f"/v1/searches/{saved['id']}", json={"asked": saved["asked"]})
    assert changed.json()["asked"] == saved["asked"]


def test_every_id_altered_is_unknown(client, saved):
    name = saved["id"]
    altered = [name[:at] + "0" + name[at + 1 :] for at in range(len(name))]
    altered += [
        "..%2f..",
        "%2e%2e%2fetc",
        "' OR '1'='1",
        "%00",
        "\u202e",
        "a" * 5000,
        "*",
        f"{name} ",
    ]
    for search in altered:
        for path in ("", "/marks", "/marks/export", "/next", "/watch", "/events"):
            assert client.get(f"/v1/searches/{search}{path}").status_code == 404, (search, path)
        assert client.put(f"/v1/searches/{search}/marks", json=CHANGES).status_code == 404
        assert client.post(f"/v1/searches/{search}/search", json={}).status_code == 404
        assert client.delete(f"/v1/searches/{search}").status_code == 404
    assert client.get("/v1/searches").json()["searches"] == [saved]


# -- asked again ----------------------------------------------------------------------------------


def test_searched_again_without_marks_is_the_search(client, saved):
    again = client.post(f"/v1/searches/{saved['id']}/search", json={}).json()
    plain = client.post("/v1/indexes/archive/search", json=ASKED).json()
    assert chips_of(again) == chips_of(plain)
    assert len(chips_of(again)) == 5
    assert again["asked"] == ASKED
    assert (again["num_gone"], again["last_good"], again["last_marked"]) == (0, 0, 0)


def test_searched_again_with_marks_as_examples(client, saved):
    before = client.post(f"/v1/searches/{saved['id']}/search", json={"k": 27}).json()
    chips = chips_of(before)
    marks = {chips[-1]: "good", chips[-2]: "good", chips[0]: "bad", chips[1]: "unsure"}
    assert put(client, saved, marks).status_code == 200
    again = client.post(f"/v1/searches/{saved['id']}/search", json={"k": 27}).json()
    examples = {
        **ASKED,
        "k": 27,
        "like": [{"chip": chips[-1]}, {"chip": chips[-2]}],
        "unlike": [{"chip": chips[0]}],
    }
    plain = client.post("/v1/indexes/archive/search", json=examples).json()
    assert chips_of(again) == chips_of(plain) != chips
    assert (again["last_good"], again["last_marked"]) == (2, 4)
    assert again["asked"] == {**ASKED, "k": 27}


def test_pages_of_a_search_with_marks(client, saved):
    again = client.post(f"/v1/searches/{saved['id']}/search", json={"k": 3}).json()
    page = client.get(again["next"]).json()
    assert [feature["properties"]["rank"] for feature in page["features"]] == [4, 5, 6]


@pytest.mark.parametrize("how", ["best", "doubtful"])
def test_what_is_next_has_no_mark(client, saved, how):
    path = f"/v1/searches/{saved['id']}/next"
    before = client.get(path, params={"how": how, "k": 4}).json()
    assert len(before["features"]) == 4
    marks = dict(zip(chips_of(before), ["good", "good", "bad", "unsure"], strict=True))
    put(client, saved, marks)
    after = client.get(path, params={"how": how, "k": 50}).json()
    assert not set(chips_of(after)) & set(marks)
    assert (after["last_good"], after["last_marked"]) == (2, 4)


def test_when_all_is_marked_it_is_said(client, saved):
    everything = chips_of(client.get(f"/v1/searches/{saved['id']}/next", params={"k": 100}).json())
    put(client, saved, dict.fromkeys(everything, "good"))
    answer = client.get(f"/v1/searches/{saved['id']}/next").json()
    assert answer["features"] == []
    assert answer["empty"]["reason"] == "all that was found is marked"
    assert (answer["last_good"], answer["last_marked"]) == (10, 10)


def test_nothing_is_found_and_why(client):
    saved = save(client, name="elsewhere", asked={"text": "a roof", "bbox": [100, 0, 101, 1]})
    answer = client.post(f"/v1/searches/{saved['id']}/search", json={}).json()
    assert answer["features"] == []
    assert "area" in answer["empty"]["reason"]


@pytest.mark.parametrize(
    ("path", "params"),
    [("next", {"how": "worst"}), ("next", {"k": 0}), ("next", {"k": 10**9})],
)
def test_what_cannot_be_asked(client, saved, path, params):
    answer = client.get(f"/v1/searches/{saved['id']}/{path}", params=params)
    assert answer.status_code == 422


# -- read only, broken ----------------------------------------------------------------------------


def test_a_server_that_only_reads(make_service, make_client, client, saved):
    reader = make_client(make_service(is_read_only=True))
    path = f"/v1/searches/{saved['id']}"
    assert reader.get(path).json() == saved
    assert reader.post(f"{path}/search", json={}).status_code == 200
    for answer in (
        reader.post("/v1/searches", json={"index": "archive", "name": "x", "asked": ASKED}),
        reader.patch(path, json={"name": "x"}),
        reader.delete(path),
        put(reader, saved, {"a": "good"}),
    ):
        assert answer.status_code == 403
    assert client.get("/v1/searches").json() == {"searches": [saved]}


def test_a_server_that_only_reads_makes_no_database(make_client, archive):
    from harma.serve.service import Service
    from harma.serve.settings import ServeSettings

    service = Service.of(ServeSettings(indexes={"archive": archive}, is_read_only=True))
    service.index("archive").warm_up()
    assert make_client(service).get("/v1/searches").json() == {"searches": []}
    assert not (archive / DATABASE_FILE).exists()


def test_a_damaged_database_is_told_of_without_its_path(client, archive):
    (archive / DATABASE_FILE).write_bytes(b"no database" * 1000)
    answer = client.get("/v1/searches")
    assert answer.status_code == 507
    assert "is damaged" in answer.json()["detail"]
    assert str(archive) not in answer.text
    # The rest goes on.
    assert client.post("/v1/indexes/archive/search", json=ASKED).status_code == 200


def test_saved_searches_elsewhere(make_service, make_client, tmp_path, archive):
    from harma.serve.service import Service
    from harma.serve.settings import ServeSettings

    settings = ServeSettings(indexes={"archive": archive}, state=str(tmp_path / "state"))
    service = Service.of(settings)
    service.index("archive").warm_up()
    save(make_client(service), name="roofs")
    assert (tmp_path / "state" / "archive.sqlite").is_file()
    assert not (archive / DATABASE_FILE).exists()


def test_no_answer_holds_a_path(client, saved, archive):
    chips = chips_of(client.post(f"/v1/searches/{saved['id']}/search", json={}).json())
    put(client, saved, dict.fromkeys(chips, "good"))
    for path in ("", "/marks", "/next", "/marks/export?format=csv", "/marks/export"):
        answer = client.get(f"/v1/searches/{saved['id']}{path}")
        assert answer.status_code == 200
        assert str(archive.parent) not in answer.text
