"""Bodies that are too large are refused, by their header or when too much has come."""

import pytest

from harma.serve.settings import Limits

SEARCH = "/v1/indexes/archive/search"
JSON = {"Content-Type": "application/json"}


@pytest.fixture
def client(make_service, make_client):
    return make_client(make_service(limits=Limits(body_bytes=1000, upload_bytes=5000)))


def pieces(size):
    for _ in range(size // 100):
        yield b"x" * 100


def test_by_the_header(client):
    answer = client.post(SEARCH, content=b" " * 1001, headers=JSON)
    assert answer.status_code == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert "1,000 bytes" in answer.json()["detail"]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_in_pieces(client):
    answer = client.post(SEARCH, content=pieces(2000), headers=JSON)
    assert answer.status_code == 413
    assert "1,000 bytes" in answer.json()["detail"]


def test_just_small_enough(client):
    body = b'{"text": "a road"}'.ljust(1000)
    assert client.post(SEARCH, content=body, headers=JSON).status_code == 200


def test_files_may_be_larger(client):
    assert client.post("/v1/uploads", content=b"x" * 5001).status_code == 413
    assert client.post("/v1/uploads", content=b"x" * 4000).status_code != 413
    assert client.post("/v1/searches/x/marks/import", content=b"x" * 4000).status_code != 413
