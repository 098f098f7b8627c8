"""HEAD answers as GET, without the content: through the application, and through a real server."""

import http.client

import pytest
from tests.serve.page_server import page_server

ADDRESSES = [
    "/",
    "/healthz",
    "/readyz",
    "/v1/indexes",
    "/v1/indexes/archive/search?q=a+road",
    "/v1/indexes/archive/coverage",
    "/collections/archive/items",
    "/openapi.json",
    "/v1/chips/none",
    "/v1/indexes/none",
]


@pytest.mark.parametrize("address", ADDRESSES)
def test_it_has_the_headers_of_get(client, address):
    got = client.get(address)
    head = client.head(address)
    assert (head.status_code, head.content) == (got.status_code, b"")
    told = {"content-type", "content-length", "content-encoding", "etag", "cache-control"}
    for name in told & got.headers.keys():
        assert name in head.headers
    assert head.headers["content-type"] == got.headers["content-type"]
    assert head.headers["x-content-type-options"] == "nosniff"


def test_the_page(client):
    head = client.head("/", headers={"Accept": "text/html"})
    assert head.headers["content-type"].startswith("text/html")
    assert head.content == b""


def test_where_get_is_not(client):
    answer = client.head("/v1/uploads")
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    answer = client.delete("/v1/indexes")
    assert answer.headers["allow"] == "GET, HEAD"


def test_keys_are_asked_for_as_of_get(make_service, make_client, tmp_path):
    from harma.serve.keys import make_key

    key = make_key(tmp_path / "keys.txt", "anna")
    client = make_client(make_service(key_file=tmp_path / "keys.txt"))
    assert client.head("/v1/indexes").status_code == 401
    assert client.head("/healthz").status_code == 200
    assert client.head("/v1/indexes", headers={"Authorization": f"Bearer {key}"}).status_code == 200


def test_it_is_counted_by_its_operation(make_service, make_client):
    client = make_client(make_service(has_metrics=True))
    client.head("/v1/indexes")
    assert 'operation="indexes",status="200"' in client.get("/metrics").text


def test_a_connection_goes_on_after_it(client):
    with page_server(client.app) as address:
        host, port = address.split("/")[2].split(":")
        connection = http.client.HTTPConnection(host, int(port), timeout=60)
        for method in ("HEAD", "GET", "HEAD", "GET"):
            connection.request(method, "/v1/indexes/archive/search?q=a+road")
            answer = connection.getresponse()
            content = answer.read()
            assert answer.status == 200
            assert int(answer.headers["content-length"]) > 1000
            assert (len(content) > 1000) is (method == "GET")
        connection.close()
