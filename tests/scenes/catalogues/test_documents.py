"""Documents of catalogues: retries, refusals, and what is no JSON."""

import pytest
from tests.servers import FolderServer

from harma.errors import DataError, MissingFileError
from harma.scenes.catalogues import documents
from harma.scenes.catalogues.documents import read_document


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch):
    monkeypatch.setattr(documents, "PAUSES", (0, 0, 0))


@pytest.fixture
def answering(tmp_path):
    """A server that gives these answers one after the other, the last of them for ever."""
    servers = []

    def start(*answers):
        waiting = list(answers)

        def answer(_):
            return waiting.pop(0) if len(waiting) > 1 else waiting[0]

        server = FolderServer(tmp_path, answers={"/item.json": answer})
        servers.append(server)
        return server

    yield start
    for server in servers:
        server.close()


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_asked_again(answering, status):
    server = answering((status, ""), (status, ""), (200, '{"id": "a"}'))
    assert read_document(f"{server.base}/item.json") == {"id": "a"}
    assert len(server.requests) == 3


@pytest.mark.parametrize(
    ("status", "count", "kind", "problem"),
    [
        (403, 1, DataError, r"is refused \(HTTP 403\): it needs a token, or that of its address"),
        (401, 1, DataError, r"is refused \(HTTP 401\)"),
        (404, 1, MissingFileError, r"is not there \(HTTP 404\)"),
        (400, 1, DataError, r"cannot be read \(HTTP 400\)"),
        (503, 4, DataError, r"cannot be read \(HTTP 503\)"),
    ],
)
def test_a_server_that_refuses_is_told_without_the_secret(answering, status, count, kind, problem):
    server = answering((status, ""))
    with pytest.raises(kind, match=problem) as caught:
        read_document(f"{server.base}/item.json?sig=secret")
    assert "secret" not in str(caught.value)
    assert len(server.requests) == count


def test_nobody_answers():
    with pytest.raises(DataError, match=r"http://127\.0\.0\.1:9/item\.json cannot be read"):
        read_document("http://user:secret@127.0.0.1:9/item.json")


def test_files(tmp_path):
    (tmp_path / "a.json").write_bytes(b'\xef\xbb\xbf{"id": 1}')
    assert read_document(str(tmp_path / "a.json")) == {"id": 1}
    with pytest.raises(MissingFileError, match=r"none\.json is not there"):
        read_document(str(tmp_path / "none.json"))
    with pytest.raises(DataError, match="cannot be read"):
        read_document(str(tmp_path))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    with pytest.raises(DataError, match="is not JSON"):
        read_document(str(tmp_path / "deep.json"))
