"""Parameters of an address that nobody knows."""

import pytest


@pytest.mark.parametrize("name", ["bbx", "K", "until_", "sql", "where"])
def test_a_misspelt_filter_is_refused(client, name):
    answer = client.get("/v1/indexes/archive/search", params={"q": "a roof", name: "1"})
    assert answer.status_code == 422
    detail = answer.json()["detail"]
    assert detail.startswith(f"{name!r} is no parameter of this address; there are after, bbox")


def test_each_address_has_its_own(client):
    found = client.get("/v1/indexes/archive/search", params={"q": "a roof", "k": 1}).json()
    page = f"/v1/indexes/archive/results/{found['query_id']}"
    assert client.get(page, params={"after": 0, "k": 1}).status_code == 200
    assert client.get(page, params={"q": "a"}).status_code == 422
    assert client.get(f"{page}/export", params={"format": "csv"}).status_code == 200
    assert client.get(f"{page}/export", params={"fromat": "csv"}).status_code == 422
    refused = client.post("/v1/indexes/archive/search?k=1", json={"text": "a"})
    assert refused.json()["detail"].endswith("there are none")
