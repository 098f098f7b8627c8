"""Writing whole files and directories."""

import errno
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace

import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

from harma.errors import ConfigError
from harma.ground.files import (
    recover_directory,
    replacing,
    replacing_directory,
    write_json,
    write_text,
    written_bytes,
)


def test_a_file_is_written_whole_or_not_at_all(tmp_path):
    path = tmp_path / "a.txt"
    write_text(path, "old")
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert path.read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_is_followed(tmp_path):
    (tmp_path / "link").symlink_to(tmp_path / "target")
    write_text(tmp_path / "link", "text")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "target").read_text() == "text"


def test_what_is_no_file_is_left_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    for name, what in (("pipe", "a device or pipe"), (".", "a directory")):
        with pytest.raises(ConfigError, match=f"is {what}; name a file"):
            write_text(tmp_path / name, "text")
    assert (tmp_path / "pipe").is_fifo()
    write_text(tmp_path / "file", "text")
    with (
        pytest.raises(ConfigError, match="is a file; name a directory"),
        replacing_directory(tmp_path / "file"),
    ):
        pass


def test_leftovers_of_a_killed_process_are_removed(tmp_path):
    left = tmp_path / f".best.{os.getpid()}.tmp"
    left.mkdir()
    (tmp_path / ".best.1.tmp").mkdir()
    with replacing_directory(tmp_path / "best") as temporary:
        (temporary / "x").write_text("1")
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_a_directory_replaced_half_way_is_brought_back(tmp_path):
    (tmp_path / ".best.old").mkdir()
    recover_directory(tmp_path / "best")
    assert (tmp_path / "best").is_dir()


def test_what_was_left_aside_does_not_replace_what_is_complete(tmp_path):
    for name in (".best.old", "best"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "file").write_text(name)
    recover_directory(tmp_path / "best")
    assert (tmp_path / "best" / "file").read_text() == "best"


@pytest.mark.parametrize("path", [".", "/", ""])
def test_paths_without_a_name(path, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    recover_directory(Path(path))


def test_two_threads_that_write_one_file_both_succeed(tmp_path):
    path = tmp_path / "a.txt"
    texts = ["a" * 100_000, "b" * 100_000]
    both_have_written = threading.Barrier(2, timeout=10)

    def write(text):
        with replacing(path) as temporary:
            temporary.write_text(text)
            both_have_written.wait()

    with ThreadPoolExecutor(2) as threads:
        list(threads.map(write, texts))
    assert path.read_text() in texts
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_new_file_may_be_read_by_whom_the_umask_allows(tmp_path):
    (tmp_path / "plain").write_text("")
    write_text(tmp_path / "ours", "")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_directory_is_replaced_whole_or_not_at_all(tmp_path):
    (tmp_path / "best").mkdir()
    (tmp_path / "best" / "old").write_text("1")
    with pytest.raises(UnicodeEncodeError), replacing_directory(tmp_path / "best") as temporary:
        (temporary / "new").write_text("\ud800")
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["old"]
    with replacing_directory(tmp_path / "best") as temporary:
        (temporary / "new").write_text("2")
        assert (tmp_path / "best" / "old").is_file()
    assert [path.name for path in (tmp_path / "best").iterdir()] == ["new"]
    assert [path.name for path in tmp_path.iterdir()] == ["best"]


def test_json_is_written_for_people(tmp_path):
    write_json(tmp_path / "a.json", {"ä": [1]})
    assert (tmp_path / "a.json").read_bytes() == '{\n  "ä": [\n    1\n  ]\n}\n'.encode()


def test_a_file_goes_to_a_bucket_whole_or_not_at_all(bucket, tmp_path):  # noqa: F811
    path = Path(f"{bucket.address}/a/hits.json")
    write_json(path, {"ü": 1})
    assert bucket.read("a/hits.json").decode() == '{\n  "ü": 1\n}\n'
    assert written_bytes(path) == len(bucket.read("a/hits.json"))
    with pytest.raises(UnicodeEncodeError):
        write_text(path, "new \ud800")
    assert bucket.read("a/hits.json").decode() == '{\n  "ü": 1\n}\n'
    with replacing(path) as temporary:
        # The name says of which format it is.
        assert temporary.name == "hits.json"
        temporary.write_text("new")
    assert bucket.read("a/hits.json") == b"new"
    assert not temporary.exists()
    assert bucket.keys() == ["a/hits.json"]


def test_a_large_file_is_put_in_parts(bucket):  # noqa: F811
    path = Path(f"{bucket.address}/large.bin")
    content = bytes(range(256)) * (1 << 17)
    with replacing(path) as temporary:
        temporary.write_bytes(content)
    assert bucket.read("large.bin") == content
    assert bucket.server.requests["POST"] >= 2


def test_a_link_that_leads_to_itself_is_told(tmp_path):
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    for write in (replacing, replacing_directory):
        told = pytest.raises(ConfigError, match="a is a link that leads to itself")
        with told, write(tmp_path / "a"):
            pass


def test_a_link_to_a_device_is_named_as_it_was_given(tmp_path):
    (tmp_path / "a.json").symlink_to("/dev/zero")
    told = pytest.raises(ConfigError, match=r"a\.json is a device or pipe")
    with told, replacing(tmp_path / "a.json"):
        pass


@pytest.mark.parametrize("replaced", [replacing, replacing_directory])
@pytest.mark.parametrize("free", [0, 1 << 40])
def test_a_full_disk_is_told_whatever_a_library_says(tmp_path, monkeypatch, replaced, free):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=free))
    raised = RuntimeError("unexpected pos 128 vs 0")
    expected = RuntimeError if free else OSError
    with pytest.raises(expected) as told, replaced(tmp_path / "weights"):
        raise raised
    if not free:
        assert told.value.errno == errno.ENOSPC
        assert told.value.filename == str(tmp_path / "weights")
        assert told.value.__cause__ is raised
    assert list(tmp_path.iterdir()) == []


def test_an_error_of_ours_stays_on_a_full_disk(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=0))
    with pytest.raises(ConfigError, match="ours"), replacing(tmp_path / "weights"):
        raise ConfigError("ours")
