"""Archives: what is in them, and how GDAL opens it."""

import tarfile
import zipfile
from pathlib import Path

import pytest

from harma.errors import DataError
from harma.scenes.zipped import archive_address, archive_of, files_in, inside


@pytest.fixture
def zipped(tmp_path):
    path = tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("b/a.tif", "a.tif", ".hidden/c.tif", "__MACOSX/a.tif"):
            archive.writestr(name, b"x")
        archive.mkdir("empty")
    return path


def test_files_in_their_order_without_hidden_ones(zipped):
    assert files_in(zipped) == [f"/vsizip/{zipped}/a.tif", f"/vsizip/{zipped}/b/a.tif"]


def test_a_tar(tmp_path):
    (tmp_path / "a.tif").write_bytes(b"x")
    path = tmp_path / "all.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(tmp_path / "a.tif", "./a.tif")
    assert files_in(path) == [f"/vsitar/{path}/a.tif"]


def test_what_cannot_be_read(tmp_path, zipped):
    (tmp_path / "none.zip").write_bytes(b"no archive")
    with pytest.raises(DataError, match="the archive cannot be read"):
        files_in(tmp_path / "none.zip")
    # The bit of the first entry of the directory that says it is encrypted.
    content = bytearray(zipped.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1
    zipped.write_bytes(content)
    with pytest.raises(DataError, match="it has a password; unpack it"):
        files_in(zipped)


def test_the_archive_of_a_path(zipped):
    for name in (f"/vsizip/{zipped}/a.tif", f"/vsizip/{{{zipped}}}/a.tif"):
        assert archive_of(name) == str(zipped)
    assert archive_of("/vsizip//none.zip/a.tif") == archive_of(str(zipped)) == ""


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/vsizip//vsis3/bucket/in/all.zip/b/a.tif", "s3://bucket/in/all.zip"),
        ("/vsitar//vsigs/bucket/all.TAR/a.tif", "gs://bucket/all.TAR"),
        ("/vsizip//vsiaz/c/one.zip/two.zip/a.tif", "az://c/one.zip"),
        ("/vsizip//data/all.zip/a.tif", ""),
        ("/vsis3/bucket/all.zip", ""),
    ],
)
def test_the_address_of_an_archive(path, expected):
    assert archive_address(path) == expected


def test_the_paths_of_gdal():
    assert inside("s3://bucket/all.zip", "/a.tif") == "/vsizip//vsis3/bucket/all.zip/a.tif"
    assert inside(Path("/data/all.tar"), "a.tif") == "/vsitar//data/all.tar/a.tif"
