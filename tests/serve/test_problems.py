"""All errors are problem documents; none of them names a file of the server."""

import logging

import pytest

from harma.errors import (
    BusyError,
    ConflictError,
    DataError,
    GoneError,
    NotFoundError,
    QueryError,
    StorageError,
)
from harma.index.index import Index
from harma.serve.problems import SERVER_FAULT


@pytest.fixture
def failing(client, service, monkeypatch):
    """A client whose searches raise an error."""

    def make(error):
        def fail(*_):
            raise error

        monkeypatch.setattr(Index, "find", fail)
        return client.post("/v1/indexes/archive/search", json={"text": "a road"})

    return make


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (QueryError("the words"), 422),
        (NotFoundError("the words"), 404),
        (ConflictError("the words"), 409),
        (GoneError("the words"), 410),
        (BusyError("the words"), 503),
    ],
)
def test_what_a_client_can_mend_is_told(failing, error, status):
    answer = failing(error)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert said["status"] == status
    assert said["detail"] == "the words"
    assert said["title"] == type(error).__name__
    assert ("retry-after" in answer.headers) == (status == 503)


@pytest.mark.parametrize(
    "error",
    [
        DataError("the index /srv/secret is damaged"),
        StorageError("/srv/secret cannot be written"),
        OSError("/srv/secret"),
        RuntimeError("/srv/secret"),
        KeyError("/srv/secret"),
    ],
)
def test_faults_of_the_server_are_told_without_their_words(failing, error, caplog):
    with caplog.at_level(logging.ERROR):
        answer = failing(error)
    assert answer.status_code == 500
    assert answer.json() == {
        "type": "about:blank",
        "title": "Internal Server Error",
        "status": 500,
        "detail": SERVER_FAULT,
    }
    assert "secret" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    # Who runs the server can read what happened.
    assert "/srv/secret" in caplog.text


def test_addresses_and_methods(client):
    answer = client.get("/v1/nothing")
    assert answer.status_code == 404
    assert "openapi.json" in answer.json()["detail"]
    answer = client.put("/v1/indexes/archive/search")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert client.post("/healthz").headers["allow"] == "GET, HEAD"


def test_all_that_is_wrong_is_told_by_field(client):
    asked = {"text": 5, "bbox": [1], "like": [{"chip": "a"}, {"chip": 5}]}
    answer = client.post("/v1/indexes/archive/search", json=asked)
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"text", "bbox", "like.1.chip"}
    answer = client.get("/v1/indexes/archive/search", params={"k": "many", "q": ""})
    fields = {error["field"] for error in answer.json()["errors"]}
    assert fields == {"k", "q"}


@pytest.mark.parametrize(
    "body",
    [
        '{"text": "a", "%s": 1}' % ("x" * 100_000),
        '{"text": "a", "like": [{"%s": 1}]}' % ("x" * 100_000),
        '{"text": "a", "bbox": ["%s"]}' % ("x" * 100_000),
        '{"text": "a", "like": [' + '{"x": 1}, ' * 4999 + '{"x": 1}]}',
        '{"text": "a", "\u202e\x7f": 1}',
    ],
)
def test_what_a_client_sent_is_not_sent_back_whole(client, body):
    answer = client.post(
        "/v1/indexes/archive/search",
        content=body.encode(),
        headers={"content-type": "application/json"},
    )
    assert answer.status_code == 422
    assert len(answer.content) < 40_000
    assert len(answer.json()["detail"]) < 3000
    assert len(answer.json()["errors"]) <= 100
