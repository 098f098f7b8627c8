"""harma data download."""

import zipfile

import pytest

from harma.cli import main
from harma.curation import download
from harma.curation.download import Download


def test_download_tells_first_and_gets_nothing_unasked(tmp_path, monkeypatch, capsys):
    monkeypatch.delenv("HF_HUB_OFFLINE", raising=False)
    monkeypatch.setattr(download, "fetch", lambda *args, **options: pytest.fail("downloaded"))
    assert main(["data", "download"]) == 0
    assert "ucm-images" in capsys.readouterr().out
    assert main(["data", "download", "rsitmd"]) == 1
    assert "harma data check rsitmd" in capsys.readouterr().out
    assert main(["data", "download", "ucm-images", "--output", str(tmp_path)]) == 1
    shown = capsys.readouterr().out
    assert "licence:" in shown
    assert "332 MB" in shown
    assert "not downloaded" in shown
    assert main(["data", "download", "ucm-images"]) == 2
    assert main(["data", "download", "x"]) == 2


def test_download_and_unpack(tmp_path, monkeypatch, capsys):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        archive.writestr("a/b.txt", "x")
    item = Download(
        "x",
        "X",
        "free",
        "http://home",
        "here",
        "a folder",
        url="http://127.0.0.1/x.zip",
        sha256="00",
    )
    monkeypatch.setattr(download, "known_downloads", lambda: {"x": item})
    monkeypatch.setattr(download, "fetch", lambda *args, **options: (tmp_path / "x.zip", "00"))
    assert (
        main(["data", "download", "x", "--output", str(tmp_path / "o"), "--yes", "--unpack"]) == 0
    )
    assert "as it should be" in capsys.readouterr().out
    assert (tmp_path / "o" / "a" / "b.txt").is_file()
