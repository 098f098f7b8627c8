"""The application: it warms up while it answers, zips what is large, and ends its threads."""

import time

import pytest
from fastapi.testclient import TestClient

from harma.serve.app import make_app
from harma.serve.served import ServedIndex
from harma.serve.service import Service
from harma.serve.settings import ServeSettings

PATIENCE_S = 60


def test_it_answers_while_it_warms_up_and_ends(archive, model):
    service = Service.of(ServeSettings(indexes={"archive": archive}))
    service.indexes = {"archive": ServedIndex("archive", archive, model[0])}
    with TestClient(make_app(service), base_url="http://localhost") as client:
        assert client.get("/healthz").status_code == 200
        until = time.monotonic() + PATIENCE_S
        while client.get("/readyz").status_code != 200:
            assert time.monotonic() < until
        assert client.get("/v1/indexes/archive/search?q=a").status_code == 200
        assert client.get("/v1/searches").status_code == 200
        connections = service.index("archive").searches.database._engine.pool
        assert connections.checkedin() == 1
    # Its threads have ended.
    for queue in service.queues:
        with pytest.raises(RuntimeError, match="shutdown"):
            queue._pool.submit(print)
    # So have the connections to its saved searches; those of a next start are opened anew.
    assert service.index("archive")._book is None


def test_large_answers_are_zipped(client):
    asked = {"text": "a road"}
    zipped = client.post("/v1/indexes/archive/search", json=asked)
    assert zipped.headers["content-encoding"] == "gzip"
    assert "Accept-Encoding" in zipped.headers["vary"]
    plain = client.post(
        "/v1/indexes/archive/search", json=asked, headers={"Accept-Encoding": "identity"}
    )
    assert "content-encoding" not in plain.headers
    assert plain.json() == zipped.json()
    assert "content-encoding" not in client.get("/healthz").headers


def test_an_address_with_a_slash_too_many_is_none(client):
    answer = client.get("/v1/indexes/", follow_redirects=False)
    assert answer.status_code == 404
