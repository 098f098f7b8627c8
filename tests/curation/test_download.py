import hashlib
import threading
import zipfile
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from harma.curation import download as module
from harma.curation.download import Download, fetch, known_downloads, read_downloads, unpack
from harma.errors import ConfigError, DataError, DownloadError, StorageError

CONTENT = bytes(range(256)) * 40
DIGEST = hashlib.sha256(CONTENT).hexdigest()


@contextmanager
def server(*, breaks=(), ranges=True, status=200, content=CONTENT, at=None):
    """A server on the loopback; its n-th answer breaks off after breaks[n] bytes.

    With `at` it gives what begins there, whatever it is asked for. Gives its address and requests.
    """
    asked: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            wanted = self.headers.get("Range")
            asked.append(wanted)
            if status != 200:
                self.send_error(status)
                return
            start = int(wanted.removeprefix("bytes=").removesuffix("-")) if wanted and ranges else 0
            if at is not None:
                start = at
            if start >= len(content):
                self.send_error(416)
                return
            self.send_response(206 if start else 200)
            if start:
                self.send_header(
                    "Content-Range", f"bytes {start}-{len(content) - 1}/{len(content)}"
                )
            self.send_header("Content-Length", str(len(content) - start))
            self.end_headers()
            number = len(asked) - 1
            most = breaks[number] if number < len(breaks) else len(content)
            self.wfile.write(content[start : start + most])

        def log_message(self, *args):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(
        target=running.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True
    )
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_address[1]}/data.bin", asked
    finally:
        running.shutdown()
        running.server_close()


def item(url, **more):
    values = {"bytes": len(CONTENT), "sha256": DIGEST, **more}
    return Download("x", "X", "free", "http://home", "here", "a folder", url=url, **values)


@pytest.fixture(autouse=True)
def online(monkeypatch):
    for name in ("HF_HUB_OFFLINE", "HARMA_OFFLINE", "http_proxy", "HTTP_PROXY"):
        monkeypatch.delenv(name, raising=False)


def test_a_file_comes_and_is_verified(tmp_path):
    told = []
    with server() as (url, asked):
        path, digest = fetch(
            item(url), tmp_path, progress=lambda done, total: told.append((done, total))
        )
        assert (path.read_bytes(), digest) == (CONTENT, DIGEST)
        assert told[-1] == (len(CONTENT), len(CONTENT))
        fetch(item(url), tmp_path)
        assert asked == [None]  # what is there is not asked for again
    assert [file.name for file in tmp_path.iterdir()] == ["data.bin"]


def test_a_broken_connection_is_resumed_where_it_was(tmp_path):
    with server(breaks=(1000, 500)) as (url, asked):
        path, _ = fetch(item(url), tmp_path, wait=0)
    assert path.read_bytes() == CONTENT
    assert asked == [None, "bytes=1000-", "bytes=1500-"]


def test_what_an_earlier_command_left_is_completed(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:3000])
    with server() as (url, asked):
        assert fetch(item(url), tmp_path)[0].read_bytes() == CONTENT
    assert asked == ["bytes=3000-"]


def test_a_server_without_ranges_sends_all_again(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"old" * 100)
    with server(ranges=False) as (url, _):
        assert fetch(item(url), tmp_path)[0].read_bytes() == CONTENT


def test_a_connection_that_always_breaks_ends_with_what_is_kept(tmp_path):
    kept = pytest.raises(DownloadError, match=r"broke 3 times .*700 bytes have come and are kept")
    with server(breaks=(700, 0, 0, 0)) as (url, _), kept:
        fetch(item(url), tmp_path, tries=3, wait=0)
    assert (tmp_path / "data.bin.part").read_bytes() == CONTENT[:700]


def test_a_server_without_ranges_that_breaks_at_one_place_is_given_up(tmp_path):
    broken = pytest.raises(DownloadError, match=r"broke 3 times .*900 bytes")
    with server(breaks=(700, 900, 900, 900, *[900] * 20), ranges=False) as (url, asked), broken:
        fetch(item(url), tmp_path, tries=3, wait=0)
    assert len(asked) == 4


def test_a_wrong_checksum_is_an_error_and_the_file_is_deleted(tmp_path):
    with (
        server() as (url, _),
        pytest.raises(DataError, match=f"has the SHA-256 {DIGEST}; it should have 00"),
    ):
        fetch(item(url, sha256="00"), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_part_of_another_file_is_found_out(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(b"z" * 3000)
    with server() as (url, _), pytest.raises(DataError, match="it is deleted"):
        fetch(item(url), tmp_path)
    assert not (tmp_path / "data.bin.part").exists()


def test_a_part_that_is_too_long_is_begun_again(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT + b"more")
    with server() as (url, _):
        assert fetch(item(url), tmp_path, wait=0)[0].read_bytes() == CONTENT


def test_another_size_is_refused_before_anything_comes(tmp_path):
    with (
        server() as (url, _),
        pytest.raises(DownloadError, match=r"has 10,240 bytes; it should have 5"),
    ):
        fetch(item(url, bytes=5), tmp_path)


def test_without_known_size_and_checksum_the_length_still_counts(tmp_path):
    with server(breaks=(100,)) as (url, _):
        path, digest = fetch(item(url, bytes=0, sha256=""), tmp_path, wait=0)
    assert (path.read_bytes(), digest) == (CONTENT, DIGEST)


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "answers 404 Not Found; get it by hand from http://home"),
        (503, "broke 2 times .the server answers 503"),
        (429, "broke 2 times .the server answers 429"),
    ],
)
def test_a_server_that_refuses(tmp_path, status, message):
    with server(status=status) as (url, _), pytest.raises(DownloadError, match=message):
        fetch(item(url), tmp_path, tries=2, wait=0)


def test_a_server_that_is_not_there(tmp_path):
    with server() as (url, _):
        pass
    with pytest.raises(DownloadError, match="broke 2 times"):
        fetch(item(url), tmp_path, tries=2, wait=0)


def test_a_file_that_a_person_put_there_is_never_deleted(tmp_path):
    (tmp_path / "data.bin").write_bytes(b"mine")
    with pytest.raises(DataError, match="is there already, but has 4 bytes"):
        fetch(item("http://127.0.0.1:9/data.bin"), tmp_path)
    assert (tmp_path / "data.bin").read_bytes() == b"mine"


@pytest.mark.parametrize("name", ["HF_HUB_OFFLINE", "HARMA_OFFLINE"])
def test_nothing_is_downloaded_offline(tmp_path, monkeypatch, name):
    monkeypatch.setenv(name, "1")
    with pytest.raises(ConfigError, match=f"{name} is set"):
        fetch(item("http://127.0.0.1:9/data.bin"), tmp_path)


def test_without_an_address_nothing_can_be_fetched(tmp_path):
    with pytest.raises(ConfigError, match="has no open address"):
        fetch(replace(item(""), url=""), tmp_path)


def test_an_archive_is_unpacked_and_never_beside_its_folder(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr("d/x.txt", "x")
    assert unpack(tmp_path / "a.zip", tmp_path / "to") == 1
    assert (tmp_path / "to" / "d" / "x.txt").read_text() == "x"
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("../evil.txt", "x")
    with pytest.raises(DataError, match="would lie outside"):
        unpack(tmp_path / "b.zip", tmp_path / "to")
    (tmp_path / "c.zip").write_bytes(b"no archive")
    encrypted = bytearray((tmp_path / "a.zip").read_bytes())
    for flags in (6, encrypted.find(b"PK\x01\x02") + 8):
        encrypted[flags] |= 1
    (tmp_path / "d.zip").write_bytes(encrypted)
    for name in ("c.zip", "d.zip"):
        with pytest.raises(DataError, match="cannot be unpacked"):
            unpack(tmp_path / name, tmp_path / "to")


def test_what_the_package_knows_is_complete():
    known = known_downloads()
    assert set(known) == {"ucm-images", "ucm", "rsicd", "rsitmd"}
    for entry in known.values():
        assert bool(entry.url) == bool(entry.sha256) == bool(entry.bytes)


def test_an_entry_with_a_wrong_key_is_refused(tmp_path):
    (tmp_path / "d.yaml").write_text("x: {title: X, address: y}\n")
    with pytest.raises(
        ConfigError, match=r"x has the unknown keys \['address'\] and lacks|x has unknown"
    ):
        read_downloads(tmp_path / "d.yaml")


def test_a_full_disk_ends_at_once_and_keeps_what_has_come(tmp_path, monkeypatch):
    """Waiting and asking again would not mend it."""
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:3000])

    class Full:
        def __init__(self, file):
            self.file = file

        def write(self, block):
            raise OSError(28, "No space left on device")

        def __getattr__(self, name):
            return getattr(self.file, name)

    write = module._write
    monkeypatch.setattr(module, "_write", lambda file, *more: write(Full(file), *more))
    full = pytest.raises(StorageError, match=r"part cannot be written .No space left on device.;")
    with server() as (url, asked), full:
        fetch(item(url), tmp_path, wait=0)
    assert len(asked) == 1
    assert (tmp_path / "data.bin.part").read_bytes() == CONTENT[:3000]


def test_a_disk_that_does_not_take_the_files_of_an_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/b.txt", "x")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a").write_text("a file where a folder should be")
    with pytest.raises(StorageError, match=r"x\.zip cannot be unpacked to .*out .*; make room"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


def test_a_file_of_an_archive_has_its_name_when_it_is_complete(tmp_path):
    """What stops in the middle (a damaged archive, a full disk, a kill) leaves no torn file."""
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("whole.bin", CONTENT)
        archive.writestr("torn.bin", CONTENT)
    damaged = bytearray((tmp_path / "x.zip").read_bytes())
    # In the content of the second one, which is stored as it is.
    damaged[damaged.rfind(CONTENT) + len(CONTENT) // 2] ^= 1
    (tmp_path / "x.zip").write_bytes(damaged)
    out = tmp_path / "out"
    (out / ".unpacking.killed.tmp").mkdir(parents=True)
    (out / "torn.bin").write_text("what was there before")
    with pytest.raises(DataError, match="cannot be unpacked"):
        unpack(tmp_path / "x.zip", out)
    assert (out / "whole.bin").read_bytes() == CONTENT
    assert (out / "torn.bin").read_text() == "what was there before"
    assert sorted(path.name for path in out.iterdir()) == ["torn.bin", "whole.bin"]


@pytest.mark.parametrize("at", [1, 2999, 30, 3001])
def test_another_range_than_was_asked_for_is_not_added(tmp_path, at):
    (tmp_path / "data.bin.part").write_bytes(CONTENT[:3000])
    with server(at=at) as (url, _), pytest.raises((DownloadError, DataError)):
        fetch(item(url, bytes=0), tmp_path, tries=2, wait=0)
    assert not (tmp_path / "data.bin").exists()


def test_what_is_there_as_a_whole_is_not_asked_for(tmp_path):
    (tmp_path / "data.bin.part").write_bytes(CONTENT)
    with server() as (url, asked):
        assert fetch(item(url), tmp_path)[1] == DIGEST
        assert asked == []
        (tmp_path / "data.bin").rename(tmp_path / "data.bin.part")
        # Where the size is not known the server says that there is no more.
        assert fetch(item(url, bytes=0), tmp_path, tries=1)[1] == DIGEST
    assert asked == ["bytes=10240-"]


def test_progress_goes_on_where_a_connection_broke(tmp_path):
    told = []
    with server(breaks=(1000,)) as (url, _):
        fetch(item(url), tmp_path, wait=0, progress=lambda *counts: told.append(counts))
    assert told == [(1000, 10240), (10240, 10240)]


def test_each_wait_is_twice_the_last(tmp_path, monkeypatch):
    waits = []
    monkeypatch.setattr(module.time, "sleep", waits.append)
    with server(status=500) as (url, asked), pytest.raises(DownloadError, match="broke 4 times"):
        fetch(item(url), tmp_path, tries=4, wait=0.5)
    assert waits == [0.5, 1, 2]
    waits.clear()
    # A connection that brought something counts as the first again.
    with server(breaks=(0, 0, 10, 0)) as (url, asked):
        fetch(item(url), tmp_path, tries=4, wait=1)
    assert waits == [1, 2, 1, 2]
    assert len(asked) == 5


@pytest.mark.parametrize(
    ("value", "is_offline"),
    [("TRUE", True), ("yes", True), ("On", True), ("1", True), ("0", False), ("", False)],
)
def test_values_that_forbid_requests(monkeypatch, value, is_offline):
    monkeypatch.setenv("HARMA_OFFLINE", value)
    if is_offline:
        with pytest.raises(ConfigError, match="HARMA_OFFLINE is set"):
            module.refuse_offline()
    else:
        module.refuse_offline()


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("title: X, licence: x, homepage: x, where: x", r"unknown \[\] and lacks \['layout'\]"),
        (
            "title: X, licence: x, homepage: x, where: x, layout: x, name: y",
            r"unknown \['name'\] and lacks \[\]",
        ),
    ],
)
def test_what_an_entry_lacks_or_has_too_much(tmp_path, line, problem):
    (tmp_path / "d.yaml").write_text(f"x: {{{line}}}\n")
    with pytest.raises(ConfigError, match=problem):
        read_downloads(tmp_path / "d.yaml")


def test_folders_of_an_archive_are_no_files(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.mkdir("d")
        archive.writestr("d/x.txt", "x")
        archive.writestr("y.txt", "x")
    assert unpack(tmp_path / "a.zip", tmp_path / "to") == 2


def test_a_file_of_a_person_with_another_checksum_is_named(tmp_path):
    (tmp_path / "data.bin").write_bytes(CONTENT)
    with pytest.raises(DataError, match="is there already, but has the SHA-256 .*; move it away"):
        fetch(item("http://127.0.0.1:9/data.bin", sha256="00"), tmp_path)
    assert fetch(item("http://127.0.0.1:9/data.bin", sha256=""), tmp_path)[1] == DIGEST
