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


def test_metrics(make_service, make_client):
    client = make_client(make_service(has_metrics=True))
    client.get("/v1/indexes/archive")
    client.get("/v1/indexes/nothing")
    client.get("/nothing/at/all")
    page = client.get("/metrics")
    assert page.headers["content-type"].startswith("text/plain")
    lines = page.text.splitlines()
    assert 'harma_requests_total{operation="index",status="200"} 1.0' in lines
    assert 'harma_requests_total{operation="index",status="404"} 1.0' in lines
    assert 'harma_requests_total{operation="none",status="404"} 1.0' in lines
    assert 'harma_request_seconds_count{operation="index"} 2.0' in lines
    assert 'harma_chips{index="archive"} 27.0' in lines
    assert 'harma_ready{index="archive"} 1.0' in lines
    assert 'harma_queue{queue="searches"} 0.0' in lines
