"""Searches over HTTP: the same hits as in Python, pages of a kept list, exports, detections."""

import csv
import io
import json

import geopandas
import pytest
from pydantic import TypeAdapter

from harma.serve.answers import Answer, Detections

SEARCH = "/v1/indexes/archive/search"


def ids(answer):
    return [feature["id"] for feature in answer["features"]]


def search(client, **asked):
    response = client.post(SEARCH, json=asked)
    assert response.status_code == 200, response.text
    return response.json()


def test_hits_are_those_of_python(client, service):
    answer = search(client, text="a red roof", k=5)
    TypeAdapter(Answer).validate_python(answer)
    hits = service.index("archive").index.search("a red roof", k=5)
    assert ids(answer) == [hit.id for hit in hits]
    for rank, (feature, hit) in enumerate(zip(answer["features"], hits, strict=True), 1):
        said = feature["properties"]
        assert said["rank"] == rank
        assert said["score"] == pytest.approx(hit.score, abs=1e-6)
        assert said["standing"] == hit.standing
        assert said["source_name"] == hit.source.rpartition("/")[2]
        assert said["date"] == hit.date_text
    assert answer["num_kept"] == 27
    assert sum(answer["counts"].values()) == 27
    assert answer["asked"] == {"text": "a red roof", "k": 5}


def test_no_answer_names_a_path(client, tmp_path):
    answer = client.post(SEARCH, json={"text": "a road"})
    query = answer.json()["query_id"]
    texts = [answer.text]
    for form in ("geojson", "csv", "geoparquet"):
        file = client.get(f"/v1/indexes/archive/results/{query}/export?format={form}")
        texts.append(file.content.decode("utf-8", "replace"))
    for path in ("/v1/indexes", f"/v1/indexes/archive/results/{query}/detections", "/v1/page"):
        texts.append(client.get(path).text)
    for text in texts:
        assert str(tmp_path) not in text
        assert "/scenes" not in text


def test_pages_are_slices_of_one_list(client):
    whole = search(client, text="a road", k=27)
    assert whole["next"] is None
    answer = search(client, text="a road", k=10)
    pages = [answer]
    while pages[-1]["next"]:
        pages.append(client.get(pages[-1]["next"]).json())
    assert [len(page["features"]) for page in pages] == [10, 10, 7]
    assert [hit for page in pages for hit in ids(page)] == ids(whole)
    ranks = [feature["properties"]["rank"] for page in pages for feature in page["features"]]
    assert ranks == list(range(1, 28))
    assert {page["query_id"] for page in pages} == {whole["query_id"]}


def test_a_list_that_is_gone(client):
    for path in ("", "/export", "/detections"):
        answer = client.get(f"/v1/indexes/archive/results/nothing{path}")
        assert answer.status_code == 410
        assert "search again" in answer.json()["detail"]


def test_a_list_is_of_one_index(client, service):
    query = search(client, text="a road")["query_id"]
    service.indexes["other"] = service.indexes["archive"]
    assert client.get(f"/v1/indexes/other/results/{query}").status_code == 410
    assert client.get(f"/v1/indexes/none/results/{query}").status_code == 404


def test_by_address_as_by_json(client):
    place = {"near": [3.0, 45.15], "radius_km": 20, "date": ["2011", None]}
    by_json = search(client, text="a road", k=7, **place)
    address = {"q": "a road", "k": 7, "near": "3.0,45.15", "radius_km": 20, "since": "2011"}
    by_address = client.get(SEARCH, params=address)
    assert ids(by_address.json()) == ids(by_json)
    assert len(by_json["features"]) == 7
    for expand in ("auto", "off"):
        named = client.get(SEARCH, params={**address, "expand": expand}).json()
        assert named["expanded"] == search(client, text="a road", expand=expand)["expanded"]
    assert client.get(SEARCH, params={**address, "expand": "on"}).status_code == 422
    again = client.get(
        SEARCH, params=address, headers={"If-None-Match": by_address.headers["etag"]}
    )
    assert again.status_code == 304
    assert again.content == b""


def test_a_source_by_its_id(client):
    first = search(client, text="a road")["features"][0]["properties"]["source"]
    answer = search(client, text="a road", source=first)
    assert {feature["properties"]["source"] for feature in answer["features"]} == {first}
    missing = client.post(SEARCH, json={"text": "a road", "source": "*"})
    assert missing.status_code == 404
    by_address = client.get(SEARCH, params={"q": "a road", "source": [first]})
    assert ids(by_address.json()) == ids(answer)


def test_examples(client):
    chip = ids(search(client, text="a road"))[3]
    answer = search(client, like=[{"chip": chip}])
    assert ids(answer)[0] == chip
    text = {
        "text": "a road",
        "like": [{"chip": chip, "weight": 2}],
        "unlike": [{"text": "a field"}],
    }
    assert search(client, **text)["num_kept"] == 27
    missing = client.post(SEARCH, json={"like": [{"chip": "nothing"}]})
    assert missing.status_code == 404
    upload = client.post(SEARCH, json={"image": {"upload": "nothing"}})
    assert upload.status_code in (404, 422)


@pytest.mark.parametrize(
    "text", ["/etc/passwd", "file:///etc/passwd", "chip:1", "https://x.y/z.tif"]
)
def test_a_text_is_never_a_file(client, text):
    for asked in (
        {"text": text},
        {"like": [{"text": text}]},
        {"unlike": [{"text": text}], "text": "a"},
    ):
        answer = client.post(SEARCH, json=asked)
        assert answer.status_code == 200
        assert "root:" not in answer.text
    for asked in ({"like": [text]}, {"image": text}, {"polygon": text}):
        assert client.post(SEARCH, json=asked).status_code == 422


def test_change(client):
    answer = search(client, text="a road", before="2010", after="2012")
    assert answer["features"] == answer["features"][:50]
    for feature in answer["features"]:
        said = feature["properties"]
        assert said["change"] == pytest.approx(said["score"] - said["then_score"], abs=2e-6)
        assert said["then_source_name"].endswith(".tif")
    alone = client.post(SEARCH, json={"text": "a road", "before": "2010"})
    assert alone.status_code == 422
    assert "give both" in alone.json()["detail"]


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"text": "a", "k": 0}, "k"),
        ({"text": "a", "k": 1001}, "k"),
        ({"text": "a", "k": 10**30}, "k"),
        ({"text": "a" * 501}, "text"),
        ({"text": "a", "offset": 10**16}, "body"),
        ({"text": "a", "where": "1=1"}, "body"),
        ({"text": "a", "exact": True}, "body"),
        ({"text": "a", "bbox": [1, 2, 3]}, "bbox"),
        ({"text": "a", "bbox": "1,2,3,4"}, "bbox"),
        ({"like": [{"vector": [1.0] * 16}]}, "like.0"),
        ({"like": [{"text": "a"}] * 201}, "like"),
        ({"like": [{"text": "a"}] * 150, "unlike": [{"text": "a"}] * 150}, "like"),
        ({"text": "a", "overlap": 0}, "overlap"),
        ({"text": "a", "date": ["2011"]}, "date"),
    ],
)
def test_what_does_not_fit(client, asked, field):
    answer = client.post(SEARCH, json=asked)
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert field in {error["field"] for error in answer.json()["errors"]}


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({}, "there is nothing to look for"),
        ({"text": "  "}, "the text to look for is empty"),
        ({"text": "a", "bbox": [0, 50, 1, 40]}, "south"),
        ({"text": "a", "date": ["2012", "2011"]}, "the first comes after the last"),
        ({"text": "a", "near": [1, 2]}, "radius"),
        ({"text": "a", "polygon": {"type": "Polygon"}}, "polygon"),
    ],
)
def test_what_is_not_usable_is_told_in_harmas_words(client, asked, words):
    answer = client.post(SEARCH, json=asked)
    assert answer.status_code == 422
    assert words in answer.json()["detail"]


@pytest.mark.parametrize(
    "body",
    [
        b'{"text": "a", "near": [NaN, 1], "radius_km": 5}',
        b'{"text": "a", "bbox": [1e400, 0, 1, 1]}',
        b'{"text": "\\ud800"}',
        b'{"text": "a\\u0000b"}',
        b'{"text": "a", "\\ud800": 1}',
        b"{",
        b"[]",
        b'"text"',
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"text": "a", "polygon": ' + b'{"geometry":' * 5000 + b"{}" + b"}" * 5000 + b"}",
    ],
)
def test_odd_bodies(client, body):
    answer = client.post(SEARCH, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert answer.json()["status"] == answer.status_code


def test_only_json_is_taken(client):
    answer = client.post(SEARCH, content=b'{"text": "a"}', headers={"Content-Type": "text/plain"})
    assert answer.status_code == 422


def test_a_polygon_of_too_many_corners(client):
    ring = [[3 + i / 1e6, 45 + (i % 2) / 1e3] for i in range(10_001)]
    polygon = {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}
    answer = client.post(SEARCH, json={"text": "a", "polygon": polygon})
    assert answer.status_code == 422
    assert "10,002 corners" in answer.json()["detail"]


def test_empty_answers_say_why(client):
    answer = search(client, text="a road", bbox=[100, 10, 101, 11])
    assert answer["features"] == []
    assert "Nothing is indexed in this area" in answer["empty"]["reason"]
    assert search(client, text="a road")["empty"] is None


# -- files ----------------------------------------------------------------------------------------


def test_exports(client):
    answer = search(client, text="a road", k=27)
    address = f"/v1/indexes/archive/results/{answer['query_id']}/export"
    geojson = client.get(address)
    assert geojson.headers["content-type"] == "application/geo+json"
    assert "archive-hits.geojson" in geojson.headers["content-disposition"]
    assert geojson.json()["features"] == answer["features"]
    rows = list(csv.DictReader(io.StringIO(client.get(f"{address}?format=csv").text)))
    assert [row["id"] for row in rows] == ids(answer)
    table = geopandas.read_parquet(io.BytesIO(client.get(f"{address}?format=geoparquet").content))
    assert table["id"].tolist() == ids(answer)
    least = answer["features"][9]["properties"]["score"]
    part = client.get(address, params={"least_score": least}).json()
    assert ids(part) == ids(answer)[:10]


def test_detections(client):
    answer = search(client, text="a road", k=27)
    address = f"/v1/indexes/archive/results/{answer['query_id']}/detections"
    found = client.get(address).json()
    TypeAdapter(Detections).validate_python(found)
    assert found["num_chips"] == 27
    assert sum(feature["properties"]["chips"] for feature in found["features"]) == 27
    best = found["features"][0]["properties"]
    assert best["best_chip"] == answer["features"][0]["id"]
    least = answer["features"][0]["properties"]["score"]
    alone = client.get(address, params={"least_score": least}).json()
    assert [feature["properties"]["chips"] for feature in alone["features"]] == [1]
    # 32 pixels of 2 metres.
    assert alone["features"][0]["properties"]["area_km2"] == pytest.approx(0.004096, rel=1e-3)
    file = client.get(address, params={"format": "geojson"})
    assert json.loads(file.content)["features"] == found["features"]


def test_the_loading_state_is_told(client, service):
    service.index("archive")._index = None
    service.index("archive").state = "loading"
    answer = client.post(SEARCH, json={"text": "a"})
    assert answer.status_code == 503
    assert answer.headers["retry-after"] == "2"
    assert "still loading" in answer.json()["detail"]
