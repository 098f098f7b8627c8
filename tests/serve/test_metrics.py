"""Counters for Prometheus: by operation, never by an address that a stranger chose."""


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
