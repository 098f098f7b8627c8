"""Where output may go: addresses, files in the place of folders and closed folders are refused."""

import os
from pathlib import Path

import pytest
from tests.buckets import bucket, bucket_server  # noqa: F401

from harma.errors import ConfigError, MissingFileError, StorageError
from harma.ground.files import replacing, replacing_directory, write_text
from harma.ground.lock import locked
from harma.ground.outputs import (
    as_written,
    check_output_directory,
    check_output_file,
    is_address,
)

# Where single files may go, and folders not.
BUCKETS = [
    "s3://bucket/hits.geojson",
    "gs://bucket/a/b.npy",
    "az://container/x.png",
    "S3://bucket/x",
    "s3:/bucket/x",
]
ADDRESSES = [
    "abfs://container@account/x",
    "https://example.com/x.parquet",
    "http://example.com/x",
    "ftp://host/x",
    "file:///tmp/x",
    "/vsis3/bucket/x.tif",
    "/vsigs/bucket/x",
    "/vsizip/a.zip/x",
    "/vsimem/x",
]


@pytest.mark.parametrize("place", ADDRESSES)
def test_addresses_are_refused(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for check in (check_output_file, check_output_directory):
        with pytest.raises(ConfigError, match="is an address; HarMA writes to local files"):
            check(place)
    with pytest.raises(ConfigError, match="output is .*, which is an address"):
        check_output_file(place, "output")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", BUCKETS)
def test_folders_do_not_go_to_buckets(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="is an address; .* and copy it from there"):
        check_output_directory(place)
    with pytest.raises(ConfigError, match="address"), replacing_directory(Path(place)):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_file_may_go_to_a_bucket(bucket, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.chdir(tmp_path)
    for place in (f"{bucket.address}/hits.csv", Path(f"{bucket.address}/a/b.csv")):
        check_output_file(place)
        assert as_written(place).startswith("s3://")
    assert bucket.keys() == []
    for place in (bucket.address, f"{bucket.address}/a/"):
        with pytest.raises(ConfigError, match="names no object"):
            check_output_file(place)
    with pytest.raises(MissingFileError, match="output is s3://nobody.*there is no bucket nobody"):
        check_output_file(Path("s3://nobody/x"), "output")
    assert list(tmp_path.iterdir()) == []


def test_who_may_not_list_may_write(bucket):  # noqa: F811
    bucket.server.refuses = lambda method, *_: "403 Forbidden" if method == "GET" else ""
    check_output_file(f"{bucket.address}/x.csv")
    write_text(Path(f"{bucket.address}/x.csv"), "x")
    bucket.server.refuses = lambda *_: "403 Forbidden"
    with pytest.raises(StorageError, match="does not allow it to these credentials"):
        write_text(Path(f"{bucket.address}/y.csv"), "x")


@pytest.mark.parametrize("place", ADDRESSES)
def test_nothing_writes_to_an_address(place, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ConfigError, match="address"), replacing(Path(place)):
        pass
    with pytest.raises(ConfigError, match="address"):
        write_text(Path(place), "x")
    with pytest.raises(ConfigError, match="address"), replacing_directory(Path(place)):
        pass
    with pytest.raises(ConfigError, match="address"), locked(Path(place), "writing"):
        pass
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "place",
    ["hits.geojson", "a/b/c.json", "./x", "../x", "/tmp/x:y", "a:b", "C:/x", "s3", "vsis3/x"],
)
def test_names_of_files_are_none(place):
    assert not is_address(place)


def test_a_file_or_folder_in_the_wrong_place(tmp_path):
    (tmp_path / "file.txt").write_text("x")
    check_output_file(tmp_path / "file.txt")
    check_output_file(tmp_path / "new" / "deep" / "file.txt")
    check_output_directory(tmp_path)
    check_output_directory(tmp_path / "new" / "deep")
    with pytest.raises(ConfigError, match="is a directory; name a file to write to"):
        check_output_file(tmp_path)
    with pytest.raises(ConfigError, match="is a file; name a directory to write to"):
        check_output_directory(tmp_path / "file.txt")
    for check in (check_output_file, check_output_directory):
        with pytest.raises(ConfigError, match=r"file\.txt is a file, not a folder"):
            check(tmp_path / "file.txt" / "below" / "x")
    assert [path.name for path in tmp_path.iterdir()] == ["file.txt"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_closed_folder(tmp_path):
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o500)
    for check in (check_output_file, check_output_directory):
        with pytest.raises(StorageError, match="is not yours to write to"):
            check(closed / "a" / "x")


def test_a_folder_that_is_not_writable(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(StorageError, match="is not yours to write to"):
        check_output_file(tmp_path / "x")
