"""Threats to the whole server, a test for each that no module's own tests hold.

Elsewhere are held: ids altered, parameters that nobody offers, overload (`test_hostile.py`); bombs
and mutated pictures (`routes/test_uploads.py`); hostile rasters (`test_rasters.py`); other hosts,
keys, foreign pages (`test_gate.py`); addresses that are not this machine's
(`test_settings_checks.py`); addresses of webhooks (`tests/searches`).
"""

import itertools
import re

import pytest
from tests.serve.pictures import encoded, noise
from tests.serve.routes.test_uploads import resident_mb
from tests.serve.there import ids_there

SEARCH = "/v1/indexes/archive/search"
# Text that would be a file, an address, a program or a chip where strings are guessed at.
TEXTS = (
    "/etc/passwd",
    "file:///etc/passwd",
    "/vsicurl/http://127.0.0.1:9/a.tif",
    "http://169.254.169.254/latest/meta-data",
    "chip:0",
    "$(id)",
    "'; DROP TABLE chips; --",
    "<script>alert(1)</script>",
    "../../../../etc/passwd\0.png",
)
SEARCHES = 150
MOST_GROWTH = 200


def readable(client):
    """Addresses of all operations that read, with ids that are there."""
    there = ids_there(client)
    for pattern, operations in client.get("/openapi.json").json()["paths"].items():
        if "get" in operations:
            query = {"q": "a road", "text": "a road"}
            yield pattern.format_map(there), query if pattern.endswith("relevance") else {}
            if pattern.endswith("/search"):
                yield pattern.format_map(there), {"q": "a road"}


def test_no_answer_names_a_place_of_this_machine(client, tmp_path):
    places = [str(tmp_path), str(tmp_path.resolve()), "/root", "site-packages"]
    num_answers = 0
    for address, query in readable(client):
        answer = client.get(address, params=query)
        told = answer.content.decode("latin-1") + str(dict(answer.headers))
        assert not [place for place in places if place in told], address
        num_answers += answer.status_code == 200
    assert num_answers > 25


def test_every_answer_is_guarded_against_the_page_of_another(client):
    for address, query in itertools.chain(readable(client), [("/nothing", {})]):
        headers = client.get(address, params=query).headers
        assert headers["x-content-type-options"] == "nosniff", address
        assert "default-src 'none'" in headers["content-security-policy"], address
        assert "set-cookie" not in headers


@pytest.mark.parametrize("text", TEXTS)
def test_a_text_is_a_text(client, text):
    """Nothing of it is opened, fetched or run: it is embedded, or refused as no text."""
    for body in (
        {"text": text},
        {"like": [{"text": text}]},
        {"text": "a", "unlike": [{"text": text}]},
    ):
        answer = client.post(SEARCH, json=body)
        assert answer.status_code == (422 if "\0" in text else 200), body
        assert "root:" not in answer.text


@pytest.mark.parametrize("text", TEXTS)
@pytest.mark.parametrize(
    "field", ["image", "upload", "chip", "source", "polygon", "vector", "where"]
)
def test_no_string_is_a_path_or_a_condition(client, text, field):
    body = {"text": "a", field: text}
    if field == "upload":
        body = {"image": {"upload": text}}
    if field == "chip":
        body = {"like": [{"chip": text}]}
    answer = client.post(SEARCH, json=body)
    assert answer.status_code in (404, 422)
    assert "root:" not in answer.text
    assert "Traceback" not in answer.text


def test_ids_of_pictures_altered_are_unknown(client):
    body = encoded(noise(), "PNG")
    name = client.post("/v1/uploads", content=body, headers={"content-type": "image/png"}).json()[
        "id"
    ]
    assert client.post(SEARCH, json={"image": {"upload": name}}).status_code == 200
    other = {"0": "1"}
    for place, sign in enumerate(name):
        altered = name[:place] + other.get(sign, "0") + name[place + 1 :]
        answer = client.post(SEARCH, json={"image": {"upload": altered}})
        assert answer.status_code == 422
        assert "upload it again" in answer.json()["detail"]


def test_ids_of_lists_altered_are_gone(client):
    name = client.get(SEARCH, params={"q": "a road"}).json()["query_id"]
    for place in range(0, len(name), 3):
        altered = name[:place] + "x" + name[place + 1 :]
        answer = client.get(f"/v1/indexes/archive/results/{altered}")
        assert answer.status_code == 410
        assert re.search("search again", answer.json()["detail"])


def test_memory_is_bounded_whatever_is_asked(service, client):
    service.results.shelf.most_things = 20
    for number in range(10):
        client.post(SEARCH, json={"text": f"a road {number}"})
    before = resident_mb()
    for number in range(SEARCHES):
        assert client.post(SEARCH, json={"text": f"a field {number}", "k": 27}).status_code == 200
    assert len(service.results.shelf) == 20
    assert resident_mb() - before < MOST_GROWTH
