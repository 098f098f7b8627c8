"""Behind a proxy: links have its host, protocol and sub-path, if it is trusted."""

import pytest
from pydantic import TypeAdapter

from harma.serve.answers import IndexList

SEARCH = "/v1/indexes/archive/search"
SAID = {
    "X-Forwarded-Proto": "https",
    "X-Forwarded-Host": "maps.example",
    "X-Forwarded-Prefix": "/harma/",
}


def next_of(client, headers=None, path=SEARCH):
    answer = client.post(path, json={"text": "a road", "k": 5}, headers=headers)
    assert answer.status_code == 200, answer.text
    return answer.json()["next"].partition("/v1/")[0]


@pytest.fixture
def behind(make_service, make_client):
    """Make a client that comes from an address."""

    def make(address="10.0.0.1", **options):
        service = make_service(trusted_proxies=("10.0.0.0/8",), hosts=("maps.example",), **options)
        return make_client(service, client=(address, 5000))

    return make


def test_a_trusted_proxy_is_believed(behind):
    client = behind()
    assert next_of(client, SAID) == "https://maps.example/harma"
    # Also where it does not cut the sub-path off.
    assert next_of(client, SAID, f"/harma{SEARCH}") == "https://maps.example/harma"
    assert next_of(client, {**SAID, "X-Forwarded-Host": "maps.example, inner"}).startswith(
        "https://maps.example/"
    )


def test_a_stranger_is_not(behind):
    client = behind("192.168.0.1")
    assert next_of(client, SAID) == "http://localhost"


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("X-Forwarded-Proto", "javascript"),
        ("X-Forwarded-Host", "evil.example/path"),
        ("X-Forwarded-Host", "a b"),
        ("X-Forwarded-Prefix", "//evil.example"),
        ("X-Forwarded-Prefix", "/a?b"),
        ("X-Forwarded-Prefix", "relative"),
    ],
)
def test_what_is_no_host_protocol_or_path_is_ignored(behind, header, value):
    assert next_of(behind(), {header: value}) == "http://localhost"


def test_a_root_path_that_is_given(behind):
    client = behind("192.168.0.1", root_path="/harma")
    for path in (SEARCH, f"/harma{SEARCH}"):
        assert next_of(client, path=path) == "http://localhost/harma"
    TypeAdapter(IndexList).validate_json(client.get("/harma/v1/indexes").content)
    assert client.get("/harmaless/v1/indexes").status_code == 404
    assert client.get("/openapi.json").json()["servers"] == [{"url": "/harma"}]
