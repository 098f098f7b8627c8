"""Homes: a folder and a bucket hold the same contract."""

import pytest

from harma.errors import ConfigError, DataError
from harma.ground.storage.home import home_of


@pytest.fixture(params=["folder", "bucket"])
def home(request, tmp_path):
    if request.param == "folder":
        return home_of(tmp_path / "a" / "index")
    return home_of(f"{request.getfixturevalue('bucket').address}/a/index")


def test_small_files(home):
    assert home.read_text("index.json") is None
    home.write_text("index.json", "ä")
    home.write_text("index.json", "ö")
    assert home.read_text("index.json") == "ö"
    assert home.num_bytes() == 2
    home.remove("index.json")
    home.remove("index.json")
    assert home.read_text("index.json") is None


def test_created_once(home):
    assert home.create_text("a", "1")
    assert not home.create_text("a", "2")
    assert home.read_text("a") == "1"


def test_trees(home):
    assert list(home.names()) == []
    assert not home.has("t")
    home.child("t").child("u").write_text("x", "1")
    home.write_text("t2", "1")
    assert home.has("t")
    assert home.has("t/u/x")
    assert list(home.names()) == ["t", "t2"]
    home.remove_tree("t")
    assert list(home.names()) == ["t2"]
    home.remove_tree("t2")
    home.remove_tree("nothing")
    assert list(home.names()) == []


def test_damaged_text_is_named(home, tmp_path, request):
    if home.is_folder:
        home.folder.mkdir(parents=True)
        (home.folder / "a").write_bytes(b"\xff\xfe")
    else:
        request.getfixturevalue("bucket").write("a/index/a", b"\xff\xfe")
    with pytest.raises(DataError, match=r"index/a is damaged: it is no text"):
        home.read_text("a")


def test_a_folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    home = home_of("index")
    assert home.is_folder
    assert str(home) == "index"
    assert home.folder.name == "index"
    assert home.key == str((tmp_path / "index").resolve())
    assert home.uri("tables") == "index/tables"
    assert home.storage_options() == {}
    assert home_of(home) is home
    assert home_of(f"file://{tmp_path}/index").key == home.key


def test_a_bucket(bucket):
    home = home_of(f"{bucket.address}/index/")
    assert not home.is_folder
    assert str(home) == home.key == f"{bucket.address}/index"
    assert home.uri("tables") == f"{bucket.address}/index/tables"
    assert home.storage_options()["aws_endpoint"] == bucket.server.url
    with pytest.raises(ConfigError, match="needs a folder of this machine"):
        _ = home.folder


def test_other_addresses_are_refused():
    for place in ("ftp://host/a", "https://host/a", "/vsis3/bucket/a", "http:/host"):
        with pytest.raises(ConfigError, match="allowed are s3://BUCKET"):
            home_of(place)
