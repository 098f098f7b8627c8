"""Alive, ready, and counted."""

import pytest


def test_alive_and_ready(client):
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    assert client.get("/metrics").status_code == 404


@pytest.mark.parametrize("state", ["loading", "failed"])
def test_not_ready(client, service, state):
    service.index("archive").state = state
    assert client.get("/healthz").status_code == 200
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["indexes"] == [{"id": "archive", "state": state}]
    assert f"archive is {state}" in answer.json()["detail"]
    summary = client.get("/v1/indexes/archive").json()
    assert summary["state"] == state
    assert client.get("/v1/indexes").json()["indexes"] == [summary]
