"""The page's files: by their names alone, kept as long as they stay right."""

import pytest

from harma.serve import page_files

HTML = {"Accept": "text/html,application/xhtml+xml"}


@pytest.fixture(autouse=True)
def files(monkeypatch):
    """Files of a page."""
    made = {
        "index.html": page_files._file("index.html", b"<!doctype html><title>HarMA</title>"),
        "page-4F3A9C21.js": page_files._file("page-4F3A9C21.js", b"let x = 1;" * 200),
        "land.json": page_files._file("land.json", b"{}"),
    }
    monkeypatch.setattr(page_files, "page_files", lambda: made)
    return made


def test_a_browser_gets_the_page(client):
    answer = client.get("/", headers=HTML)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["cache-control"] == "private, no-cache"
    again = client.get("/", headers={**HTML, "If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304
    assert client.get("/?f=html").text == answer.text
    assert client.get("/?f=json", headers=HTML).text != answer.text
    assert client.get("/").text != answer.text


def test_files_with_a_hash_in_their_name_stay(client):
    answer = client.get("/assets/page-4F3A9C21.js")
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert "no-cache" in client.get("/assets/land.json").headers["cache-control"]


@pytest.mark.parametrize(
    "name", ["..%2fapp.py", "%2e%2e/app.py", "app.py", "index", "..%2f..", "%00", "/etc/passwd"]
)
def test_no_name_is_a_path(client, name):
    answer = client.get(f"/assets/{name}")
    assert answer.status_code == 404
    assert "import" not in answer.text


def test_without_a_page(client, files):
    page = client.get("/", headers=HTML).text
    files.clear()
    assert client.get("/", headers=HTML).text != page
    assert page_files._file("land.unknown", b"").media_type == "application/octet-stream"
