"""Routes of marks, over the archive of three scenes with the tiny model."""

import io
import json
import shutil

import pytest

ASKED = {"text": "a red roof"}


@pytest.fixture
def saved(client):
    body = {"index": "archive", "name": "red roofs", "asked": ASKED}
    return client.post("/v1/searches", json=body).json()


@pytest.fixture
def path(saved):
    return f"/v1/searches/{saved['id']}/marks"


@pytest.fixture
def chips(client):
    answer = client.post("/v1/indexes/archive/search", json={**ASKED, "k": 27}).json()
    return [feature["id"] for feature in answer["features"]]


def put(client, path, *changes):
    keys = ("chip", "mark", "note")
    marks = [dict(zip(keys, change, strict=False)) for change in changes]
    return client.put(path, json={"marks": marks})


def marks_of(client, path):
    features = client.get(path).json()["features"]
    return {feature["id"]: feature["properties"] for feature in features}


def test_marks_are_set_and_shown(client, path, chips):
    answer = put(client, path, (chips[0], "good", "two cranes"), (chips[1], "bad"))
    assert answer.status_code == 200
    assert answer.json() == {"version": 2, "counts": {"good": 1, "bad": 1, "unsure": 0}}
    collection = client.get(path).json()
    assert collection["type"] == "FeatureCollection"
    first = collection["features"][0]
    assert first["id"] == chips[0]
    assert first["geometry"]["type"] == "Polygon"
    shown = first["properties"]
    assert (shown["mark"], shown["note"], shown["is_there"]) == ("good", "two cranes", True)
    assert shown["source_name"].startswith("scene")
    assert shown["date"].endswith("-06-01")
    assert shown["changed"].endswith("Z")


def test_a_mark_is_changed_and_taken_away(client, path, chips):
    put(client, path, (chips[0], "good", "two cranes"), (chips[1], "bad"))
    answer = put(client, path, (chips[0], "unsure"), (chips[1], None))
    assert answer.json()["counts"] == {"good": 0, "bad": 0, "unsure": 1}
    [mark] = marks_of(client, path).values()
    # A note stays where nothing is said of it.
    assert (mark["mark"], mark["note"]) == ("unsure", "two cranes")
    put(client, path, (chips[0], "unsure", ""))
    assert marks_of(client, path)[chips[0]]["note"] == ""


def test_the_last_change_of_a_chip_stands(client, path, chips):
    put(client, path, (chips[0], "good"), (chips[0], None), (chips[1], None), (chips[1], "bad"))
    assert {chip: mark["mark"] for chip, mark in marks_of(client, path).items()} == {
        chips[1]: "bad"
    }


def test_a_chip_that_is_not_there_and_nothing_is_set(client, path, chips):
    answer = put(client, path, (chips[0], "good"), ("none", "bad"))
    assert answer.status_code == 404
    assert "'none'" in answer.json()["detail"]
    assert marks_of(client, path) == {}


@pytest.mark.parametrize(
    "marks",
    [
        [],
        [{"chip": "a", "mark": "great"}],
        [{"chip": "a"}],
        [{"chip": "", "mark": "good"}],
        [{"chip": "x" * 501, "mark": "good"}],
        [{"chip": "a", "mark": "good", "note": "x" * 2001}],
        [{"chip": "a", "mark": "good", "further": 1}],
        [{"chip": 1, "mark": "good"}],
        "good",
    ],
    ids=str,
)
def test_what_is_no_mark(client, path, marks):
    answer = client.put(path, json={"marks": marks})
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"


def test_a_note_with_control_characters(client, path, chips):
    answer = put(client, path, (chips[0], "good", "a\u0007b"))
    assert answer.status_code == 422
    assert "control character" in answer.json()["detail"]


def test_who_has_marked_is_known_by_the_proxy(make_service, make_client, saved, path, chips):
    service = make_service(trust_header="X-User")
    people = make_client(service, client=("127.0.0.1", 50000))
    for name, mark in (("anna", "good"), ("ben", "bad")):
        changes = {"marks": [{"chip": chips[0], "mark": mark}]}
        answer = people.put(path, json=changes, headers={"X-User": name})
        assert answer.status_code == 200
    answer = people.get(path, headers={"X-User": "carla"}).json()
    [shown] = [feature["properties"] for feature in answer["features"]]
    assert (shown["mark"], shown["who"], shown["earlier"]) == ("bad", "ben", ["anna"])


def test_marks_outlive_their_chips(client, service, path, chips, archive, tmp_path):
    from harma.index.index import Index

    put(client, path, *[(chip, "good") for chip in chips])
    Index.remove(archive, ["*scene0*"])
    service.index("archive").refresh()
    marks = client.get(path).json()["features"]
    gone = [mark for mark in marks if not mark["properties"]["is_there"]]
    assert len(marks) == len(chips)
    assert 0 < len(gone) < len(marks)
    assert gone[0]["geometry"] is not None
    assert gone[0]["properties"]["source_name"].startswith("scene0")
    search = path.removesuffix("/marks")
    answer = client.post(f"{search}/search", json={}).json()
    assert answer["num_gone"] == len(gone)


def test_marks_follow_their_scenes_to_another_place(
    client, service, path, chips, archive, tmp_path
):
    from harma.index.index import Index

    put(client, path, (chips[0], "good", "here"), (chips[5], "bad"))
    before = client.get(path).json()["features"]
    shutil.move(tmp_path / "scenes", tmp_path / "elsewhere")
    Index.relocate(archive, tmp_path / "scenes", tmp_path / "elsewhere")
    service.index("archive").refresh()
    after = client.get(path).json()["features"]
    assert [mark["properties"]["is_there"] for mark in after] == [True, True]
    assert [mark["id"] for mark in after] != [mark["id"] for mark in before]
    assert [mark["geometry"] for mark in after] == [mark["geometry"] for mark in before]
    assert [mark["properties"]["note"] for mark in after] == ["here", ""]


@pytest.mark.parametrize("form", ["geojson", "csv", "geoparquet"])
def test_exports(client, path, chips, form):
    import geopandas
    import pandas

    put(client, path, (chips[0], "good", "two cranes"), (chips[1], "bad"))
    answer = client.get(f"{path}/export", params={"format": form})
    assert answer.status_code == 200
    assert "red_roofs-marks" in answer.headers["content-disposition"]
    if form == "csv":
        table = pandas.read_csv(io.BytesIO(answer.content))
    elif form == "geojson":
        table = geopandas.read_file(io.BytesIO(answer.content))
    else:
        table = geopandas.read_parquet(io.BytesIO(answer.content))
    assert list(table["mark"]) == ["good", "bad"]
    assert table["note"][0] == "two cranes"
    assert list(table["id"]) == chips[:2]


# -- files ----------------------------------------------------------------------------------------

TYPES = {
    "geojson": "application/geo+json",
    "csv": "text/csv; charset=utf-8",
    "geoparquet": "application/vnd.apache.parquet",
}


def send(client, path, content, kind):
    return client.post(f"{path}/import", content=content, headers={"Content-Type": kind})


@pytest.mark.parametrize("form", TYPES)
def test_an_export_is_imported_into_another_search(client, path, chips, form):
    put(client, path, (chips[0], "good", "two cranes"), (chips[1], "bad"))
    content = client.get(f"{path}/export", params={"format": form}).content
    body = {"index": "archive", "name": "again", "asked": ASKED}
    other = f"/v1/searches/{client.post('/v1/searches', json=body).json()['id']}/marks"
    answer = send(client, other, content, TYPES[form])
    assert answer.json() == {"set": 2, "unknown": [], "num_unknown": 0, "bad": [], "num_bad": 0}
    assert {chip: mark["mark"] for chip, mark in marks_of(client, other).items()} == {
        chips[0]: "good",
        chips[1]: "bad",
    }


def test_labels_of_another_program(client, path, chips):
    place = client.get(f"/v1/indexes/archive/chips/{chips[0]}").json()["geometry"]
    features = [
        {"type": "Feature", "properties": {"label": 1}, "geometry": place},
        {"type": "Feature", "properties": {"label": 7}, "geometry": place},
        {
            "type": "Feature",
            "properties": {"label": 0},
            "geometry": {"type": "Point", "coordinates": [100, 1]},
        },
    ]
    content = json.dumps({"type": "FeatureCollection", "features": features})
    answer = send(client, path, content, "application/geo+json").json()
    assert (answer["set"], answer["num_bad"], answer["unknown"]) == (1, 1, ["100.00000,1.00000"])
    assert answer["bad"][0]["row"] == 2
    [mark] = marks_of(client, path).values()
    assert mark["mark"] == "good"


def test_of_many_rows_some_are_named_and_all_counted(client, path):
    rows = "\n".join(f"none{i},good" for i in range(50)) + "\n" + "x,great\n" * 30
    answer = send(client, path, f"id,mark\n{rows}", "text/csv").json()
    assert (answer["set"], answer["num_unknown"], answer["num_bad"]) == (0, 50, 30)
    assert len(answer["unknown"]) == len(answer["bad"]) == 20


@pytest.mark.parametrize(
    ("kind", "status"),
    [("application/geo+json", 422), ("text/plain", 415), ("", 415), ("image/png", 415)],
)
def test_what_is_no_file_of_marks(client, path, kind, status):
    answer = send(client, path, b"\x00\x01", kind)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["detail"]


def test_a_file_that_is_too_large(client, path, service):
    content = b"x" * (service.settings.limits.upload_bytes + 1)
    assert send(client, path, content, "text/csv").status_code == 413
