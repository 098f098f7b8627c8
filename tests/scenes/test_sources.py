"""What is named becomes scenes."""

import pytest

from harma.errors import ConfigError, DataError, MissingFileError
from harma.scenes.sources import find_sources


@pytest.fixture
def folder(tmp_path):
    for name in ("b.tif", "a.TIF", "deep/c.jpg", "notes.md"):
        path = tmp_path / "scenes" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"")
    return tmp_path / "scenes"


def names(*named):
    return [source.name.rpartition("/")[2] for source in find_sources(named)]


def test_folders_files_and_globs(folder):
    assert names(folder) == ["a.TIF", "b.tif", "c.jpg"]
    assert names(folder / "b.tif", folder) == ["b.tif", "a.TIF", "c.jpg"], "named twice, read once"
    assert names(folder / "*.tif") == ["b.tif"]
    assert names(f"{folder}/**/*.jpg") == ["c.jpg"]
    assert names(folder / "notes.md") == ["notes.md"], "what is named is read, whatever its suffix"


def test_paths_are_absolute(folder, monkeypatch):
    monkeypatch.chdir(folder)
    assert find_sources(["b.tif"])[0].name == str(folder / "b.tif")


def test_lists(folder, tmp_path):
    (tmp_path / "list.txt").write_text("# comment\nscenes/b.tif\n\nhttps://example.org/x.tif\n")
    found = find_sources([tmp_path / "list.txt"])
    assert [source.opened_as for source in found] == [
        str(folder / "b.tif"),
        "/vsicurl/https://example.org/x.tif",
    ]
    (tmp_path / "list.csv").write_text("File,date\nscenes/b.tif,2015-09-26\nscenes/a.TIF,\n")
    first, second = find_sources([tmp_path / "list.csv"])
    assert first.taken.year == 2015
    assert second.taken is None


def test_addresses():
    found = find_sources(["s3://bucket/a.tif", "gs://bucket/a.tif", "/vsizip/x.zip/a.tif"])
    assert [s.opened_as for s in found] == [
        "/vsis3/bucket/a.tif",
        "/vsigs/bucket/a.tif",
        "/vsizip/x.zip/a.tif",
    ]


def test_what_cannot_be_used(folder, tmp_path):
    with pytest.raises(MissingFileError, match="there is no file or folder"):
        find_sources([tmp_path / "nowhere"])
    with pytest.raises(MissingFileError, match="no file matches"):
        find_sources([str(folder / "*.vrt")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match="holds no images or rasters"):
        find_sources([tmp_path / "empty"])
    for name, text, error, message in (
        ("a.txt", "# nothing\n", DataError, "names nothing"),
        ("a.csv", "x,y\n1,2\n", DataError, "has the columns x, y; one must be called path"),
        ("b.csv", "path\n", DataError, "has no rows"),
        ("c.csv", "path,date\nscenes/b.tif,soon\n", ConfigError, "line 2: date is 'soon'"),
        (
            "d.txt",
            "scenes/gone.tif\n",
            MissingFileError,
            "there is no file or folder scenes/gone.tif",
        ),
    ):
        (tmp_path / name).write_text(text)
        with pytest.raises(error, match=message):
            find_sources([tmp_path / name])
