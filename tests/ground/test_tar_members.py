"""Members of tar archives read in place, against tarfile."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from harma.errors import DataError
from harma.ground.tar_members import is_there, members_of, open_binary, stat_of

FILES = {"a.txt": b"one", "./sub/b.bin": bytes(range(256)) * 100, "empty": b"", "c.d.e": b"x"}


def write(path, files=FILES, form=tarfile.PAX_FORMAT):
    path.parent.mkdir(exist_ok=True)
    with tarfile.open(path, "w", format=form) as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return path


@pytest.mark.parametrize("form", [tarfile.PAX_FORMAT, tarfile.GNU_FORMAT, tarfile.USTAR_FORMAT])
@pytest.mark.parametrize("name", ["shards/00000.tar", "A.TAR"])
def test_members(tmp_path, form, name):
    (tmp_path / "shards").mkdir()
    long = "é" * 60 + "/" + "x" * 90 + ".txt"
    files = FILES if form == tarfile.USTAR_FORMAT else {**FILES, long: b"long"}
    archive = write(tmp_path / name, files, form)
    for member, content in files.items():
        path = archive / member
        assert is_there(path)
        with open_binary(path) as file:
            assert file.read() == content
        assert stat_of(path).st_size == archive.stat().st_size
    assert list(members_of(archive)) == [name.removeprefix("./") for name in files]


def test_ordinary_files(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"x")
    assert is_there(tmp_path / "a.txt")
    assert not is_there(tmp_path)
    with open_binary(tmp_path / "a.txt") as file:
        assert file.read() == b"x"
    assert stat_of(tmp_path / "a.txt").st_size == 1


def test_folders_called_so(tmp_path):
    folder = tmp_path / "a.tar"
    folder.mkdir()
    (folder / "b.txt").write_bytes(b"x")
    assert is_there(folder / "b.txt")
    assert not is_there(folder / "c.txt")
    with pytest.raises(FileNotFoundError):
        open_binary(folder / "c.txt")


def test_what_is_not_there(tmp_path):
    archive = write(tmp_path / "a.tar")
    (tmp_path / "plain.txt").write_text("x")
    for path in (archive / "x.txt", archive / "sub", tmp_path / "no.tar" / "a.txt"):
        assert not is_there(path)
        with pytest.raises(FileNotFoundError):
            open_binary(path)
    assert not is_there(tmp_path / "plain.txt" / "a")
    with pytest.raises(NotADirectoryError):
        open_binary(tmp_path / "plain.txt" / "a")
    with pytest.raises(FileNotFoundError):
        stat_of(tmp_path / "no.tar" / "a.txt")
    with pytest.raises(NotADirectoryError):
        stat_of(tmp_path / "plain.txt" / "a")


def test_links_are_no_members(tmp_path):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        for kind, name in ((tarfile.SYMTYPE, "soft"), (tarfile.LNKTYPE, "hard")):
            member = tarfile.TarInfo(name)
            member.type = kind
            member.linkname = "/etc/passwd"
            archive.addfile(member)
    assert members_of(tmp_path / "a.tar") == {}
    assert not is_there(tmp_path / "a.tar" / "soft")


def test_a_changed_archive_is_read_again(tmp_path):
    archive = write(tmp_path / "a.tar", {"a": b"one"})
    assert open_binary(archive / "a").read() == b"one"
    write(archive, {"b": b"two", "a": b"three"})
    os.utime(archive, ns=(1, 1))
    assert open_binary(archive / "a").read() == b"three"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"x" * 2000, "is not a tar archive, or damaged"),
        (b"", "is not a tar archive, or damaged"),
        (b"\x1f\x8b\x08" + b"x" * 600, r"of a compressed one \(\.tar\.gz\) take the compression"),
    ],
)
def test_archives_that_cannot_be_read(tmp_path, content, message):
    path = Path(tmp_path / "a.tar")
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        is_there(path / "a")


def test_archives_that_are_cut_off(tmp_path):
    whole = write(tmp_path / "whole.tar").read_bytes()
    for size in (600, 1500, 20_000):
        (tmp_path / f"{size}.tar").write_bytes(whole[:size])
        with pytest.raises(DataError, match="is cut off; copy it again|damaged"):
            members_of(tmp_path / f"{size}.tar")
