"""Bodies that JSON admits and nobody means: endless numbers, half signs, vectors of no use."""

import pytest

HUGE = "9" * 400
TWICE = '{"text": "a", "weight": 1e308}, {"text": "b", "weight": 1e308}'
VECTOR = ", ".join(["1"] * 16)


@pytest.mark.parametrize(
    "body",
    [
        f'{{"text": "a", "bbox": [0, 0, {HUGE}, 1]}}',
        f'{{"text": "a", "near": [{HUGE}, 0], "radius_km": 1}}',
        f'{{"text": "a", "polygon": {{"type": "Polygon", "coordinates": [[[0, -{HUGE}]]]}}}}',
        f'{{"like": [{{"text": "a", "weight": {HUGE}}}]}}',
        f'{{"like": [{TWICE}]}}',
    ],
)
def test_numbers_that_no_float_holds(client, body):
    json = {"content-type": "application/json"}
    answer = client.post("/v1/indexes/archive/search", content=body, headers=json)
    assert answer.status_code == 422, answer.text
    kept = f'{{"index": "archive", "name": "a", "asked": {body}}}'
    answer = client.post("/v1/searches", content=kept, headers=json)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "example",
    [
        f'{{"vector": [{VECTOR}], "weight": {HUGE}}}',
        f'{{"vector": [{VECTOR}], "weight": 1e308}}',
        f'{{"vector": [{VECTOR.replace("1", HUGE, 1)}]}}',
        f'{{"vector": [{VECTOR.replace("1", "1e300", 1)}]}}',
        f'{{"vector": [{VECTOR.replace("1", "NaN", 1)}]}}',
        ", ".join([f'{{"vector": [{VECTOR}]}}'] * 1000),
    ],
)
def test_vectors_of_saved_searches(client, service, example):
    assert service.index("archive").index.store.settings.embed_dim == 16
    body = f'{{"index": "archive", "name": "a", "asked": {{"like": [{example}]}}}}'
    json = {"content-type": "application/json"}
    answer = client.post("/v1/searches", content=body, headers=json)
    assert answer.status_code == 422, answer.text


@pytest.mark.parametrize(
    "body",
    [
        '{"ids": ["\\ud800"]}',
        '{"ids": ["a", "\\udcff"]}',
        '{"q": "\\ud800", "collections": ["archive"]}',
        '{"datetime": "\\ud800"}',
        '{"token": "\\ud800"}',
        f'{{"bbox": [0, 0, {HUGE}, 1]}}',
        f'{{"intersects": {{"type": "Point", "coordinates": [{HUGE}, 0]}}}}',
    ],
)
def test_items_by_odd_bodies(client, body):
    answer = client.post("/search", content=body, headers={"content-type": "application/json"})
    assert answer.status_code == 400, answer.text


def test_marks_at_a_place_that_no_float_holds(client):
    asked = {"index": "archive", "name": "a", "asked": {"text": "a"}}
    search = client.post("/v1/searches", json=asked).json()["id"]
    point = f'{{"type": "Point", "coordinates": [{HUGE}, 0]}}'
    feature = f'{{"type": "Feature", "geometry": {point}, "properties": {{"mark": "good"}}}}'
    answer = client.post(
        f"/v1/searches/{search}/marks/import",
        content=f'{{"type": "FeatureCollection", "features": [{feature}]}}',
        headers={"content-type": "application/geo+json"},
    )
    assert answer.status_code == 200, answer.text
    assert answer.json()["num_bad"] == 1


def test_a_body_that_is_no_json_says_where(client):
    answer = client.post(
        "/v1/indexes/archive/search",
        content='{"text": "a",}',
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["field"] == "body"
    assert "it is no JSON" in answer.json()["detail"]
