"""Bodies that are too large are refused, by their header or when too much has come."""

import anyio
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


def test_a_body_that_is_refused_is_let_come_up_to_a_size(make_service, make_client):
    taken = []

    def body(count):
        for _ in range(count):
            taken.append(1)
            yield {"type": "http.request", "body": b"x" * 1000, "more_body": True}
        yield {"type": "http.request", "body": b"", "more_body": False}

    app = make_client(make_service(limits=Limits(body_bytes=1000, upload_bytes=5000))).app
    for count, least, most in ((3, 3, 3), (100, 5, 7)):
        messages = body(count)
        sent = []

        async def receive(messages=messages):
            return next(messages)

        async def send(message, sent=sent):
            sent.append(message)

        taken.clear()
        scope = {
            "type": "http",
            "method": "POST",
            "path": SEARCH,
            "query_string": b"",
            "headers": [(b"content-length", b"100000"), (b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 80),
            "scheme": "http",
        }
        anyio.run(app, scope, receive, send)
        assert sent[0]["status"] == 413
        assert least <= len(taken) <= most


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
