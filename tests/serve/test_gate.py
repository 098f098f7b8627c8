"""What is refused: other hosts, foreign pages, callers without a key, writing if read-only."""

import pytest

from harma.errors import ConfigError
from harma.serve.keys import make_key

SEARCH = "/v1/indexes/archive/search"
ASKED = {"text": "a road"}


@pytest.fixture
def locked(make_service, make_client, tmp_path):
    """A client of a server that asks for keys, and one of them."""
    file = tmp_path / "keys.txt"
    key = make_key(file, "anna")
    make_key(file, "ben")
    return make_client(make_service(key_file=file)), key


# -- hosts: a page elsewhere may give its own name the address of this machine --------------------


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:8000", "[::1]:8000", "harma.localhost"])
def test_names_of_this_machine(client, host):
    assert client.get("/v1/indexes", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "localhost.evil", "[", ""]
)
def test_other_names(client, host):
    answer = client.get("/v1/indexes", headers={"Host": host})
    assert answer.status_code == 421
    assert "--name NAME" in answer.json()["detail"]
    assert client.get("/healthz", headers={"Host": host}).status_code == 200


def test_a_name_that_is_given(make_service, make_client):
    client = make_client(make_service(hosts=("maps.example",)))
    assert client.get("/v1/indexes", headers={"Host": "maps.example"}).status_code == 200
    assert client.get("/v1/indexes", headers={"Host": "else.example"}).status_code == 421


def test_no_header_hides_the_name_that_was_called(client, make_service, make_client):
    """A page of evil.example whose name was given this machine's address sends what it likes."""
    near = make_client(make_service(), client=("127.0.0.1", 5000))
    hidden = {"Host": "evil.example", "X-Forwarded-Host": "localhost"}
    for caller in (client, near):
        assert caller.get("/v1/indexes", headers=hidden).status_code == 421


def test_names_that_are_given_are_held_to_with_keys_too(make_service, make_client, tmp_path):
    key = make_key(tmp_path / "keys.txt", "anna")
    service = make_service(key_file=tmp_path / "keys.txt", hosts=("maps.example",))
    client = make_client(service, headers={"Authorization": f"Bearer {key}"})
    assert client.get("/v1/indexes", headers={"Host": "maps.example"}).status_code == 200
    assert client.get("/v1/indexes", headers={"Host": "evil.example"}).status_code == 421


# -- foreign pages --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 200),
        ({"Origin": "http://localhost"}, 200),
        ({"Origin": "http://evil.example"}, 403),
        ({"Origin": "null"}, 403),
        ({"Origin": "http://localhost:3000"}, 403),
        ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200),
        ({"Sec-Fetch-Site": "none"}, 200),
        ({"Sec-Fetch-Site": "cross-site"}, 403),
        ({"Sec-Fetch-Site": "same-site", "Origin": "http://localhost:3000"}, 403),
    ],
)
def test_foreign_pages_change_nothing(client, headers, status):
    assert client.post(SEARCH, json=ASKED, headers=headers).status_code == status


def test_no_page_reads_answers_unless_it_is_named(client, make_service, make_client):
    origin = {"Origin": "https://maps.example"}
    answer = client.get("/v1/indexes", headers=origin)
    assert "access-control-allow-origin" not in answer.headers
    named = make_client(make_service(origins=("https://maps.example",)))
    answer = named.get("/v1/indexes", headers=origin)
    assert answer.headers["access-control-allow-origin"] == "https://maps.example"
    assert named.post(SEARCH, json=ASKED, headers=origin).status_code == 200
    other = named.get("/v1/indexes", headers={"Origin": "https://evil.example"})
    assert "access-control-allow-origin" not in other.headers


def test_asked_before_the_key_is_sent(make_service, make_client, tmp_path):
    make_key(tmp_path / "keys.txt", "anna")
    client = make_client(
        make_service(key_file=tmp_path / "keys.txt", origins=("https://maps.example",))
    )
    asked = {
        "Origin": "https://maps.example",
        "Access-Control-Request-Method": "POST",
        "Access-Control-Request-Headers": "authorization,content-type",
    }
    assert client.options(SEARCH, headers=asked).status_code == 200


# -- keys -----------------------------------------------------------------------------------------


def test_a_key_opens(locked):
    client, key = locked
    assert client.get("/v1/indexes").status_code == 401
    answer = client.get("/v1/indexes", headers={"Authorization": f"Bearer {key}"})
    assert answer.status_code == 200
    # Any name: who has a key is no page that was led astray.
    named = {"Authorization": f"bearer {key}", "Host": "maps.example"}
    assert client.post(SEARCH, json=ASKED, headers=named).status_code == 200


@pytest.mark.parametrize(
    "header", ["", "Bearer", "Bearer ", "Bearer harma_x", "Basic YTpi", "Bearer \xff", "anna"]
)
def test_other_keys_do_not(locked, header):
    client, _ = locked
    answer = client.get("/v1/indexes", headers={"Authorization": header.encode("latin-1")})
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert "Bearer KEY" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/v1/page", "/"])
def test_open_to_all(locked, path):
    client, _ = locked
    assert client.get(path).status_code != 401


@pytest.mark.parametrize(
    "path",
    [
        "/openapi.json",
        SEARCH,
        "/v1/indexes/archive/chips/x",
        "/v1/nothing",
        "/metrics",
        "/v1/page/x",
    ],
)
def test_all_else_is_locked(locked, path):
    client, _ = locked
    assert client.get(path).status_code == 401
    assert client.post("/healthz").status_code == 401


# -- the name of a person, from a proxy -----------------------------------------------------------


def test_a_trusted_proxy_names_the_person(make_service, make_client):
    service = make_service(trust_header="X-Forwarded-User", trusted_proxies=("10.0.0.0/8",))
    proxy = make_client(service, client=("10.1.2.3", 5000))
    assert proxy.get("/v1/indexes").status_code == 401
    anna = {"X-Forwarded-User": "anna"}
    assert proxy.get("/v1/indexes", headers=anna).status_code == 200
    stranger = make_client(service, client=("192.168.0.9", 5000))
    assert stranger.get("/v1/indexes", headers=anna).status_code == 401
    unnamed = make_client(make_service(), client=("10.1.2.3", 5000))
    assert unnamed.get("/v1/indexes", headers=anna).status_code == 200


# -- a server that reads --------------------------------------------------------------------------


def test_a_server_that_reads_takes_no_writing(make_service, make_client):
    client = make_client(make_service(is_read_only=True))
    assert client.post(SEARCH, json=ASKED).status_code == 200
    assert client.get("/v1/indexes").status_code == 200
    for method, path in [
        ("POST", "/v1/searches"),
        ("PUT", "/v1/searches/x/marks"),
        ("DELETE", "/v1/searches/x"),
        ("PATCH", "/v1/searches/x"),
        ("PUT", "/v1/searches/x/watch"),
        ("POST", "/v1/searches/x/watch/run"),
        ("POST", "/v1/searches/x/marks/import"),
        ("DELETE", SEARCH),
    ]:
        answer = client.request(method, path)
        assert (method, path, answer.status_code) == (method, path, 403)
        assert "only reads" in answer.json()["detail"]


def test_a_key_file_that_is_none(make_service, make_client, tmp_path):
    (tmp_path / "keys.txt").write_text("secret\n")
    with pytest.raises(ConfigError, match="line 1 of .* is no name and hash"):
        make_client(make_service(key_file=tmp_path / "keys.txt"))
