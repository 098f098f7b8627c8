"""What is named becomes scenes."""

import pytest

from harma.errors import ConfigError, MissingFileError
from harma.scenes.source import Source, source_named
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
    assert (first.opened_as, first.taken.start.year) == (str(folder / "b.tif"), 2015)
    assert (second.opened_as, second.taken) == (str(folder / "a.TIF"), None)


def test_a_date_counts_for_all_that_its_row_names(folder, tmp_path):
    (tmp_path / "list.csv").write_text("path,date\nscenes,2015\nscenes/**/*.jpg,2019\n")
    found = find_sources([tmp_path / "list.csv"])
    assert [source.taken.start.year for source in found] == [2015] * 3, (
        "the first row that names it"
    )


def test_the_home_folder(folder, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(folder))
    assert names("~/b.tif") == ["b.tif"]
    with pytest.raises(MissingFileError, match="there is no file or folder ~nobody-of-that-name/x"):
        find_sources(["~nobody-of-that-name/x"])


def test_addresses():
    found = find_sources(["s3://bucket/a.tif", "gs://bucket/a.tif", "/vsizip/x.zip/a.tif"])
    assert [s.opened_as for s in found] == [
        "/vsis3/bucket/a.tif",
        "/vsigs/bucket/a.tif",
        "/vsizip/x.zip/a.tif",
    ]


def test_one_name_in_place_of_a_list(folder):
    for named in (str(folder), folder):
        with pytest.raises(ConfigError, match=r"sources is .*; give a list, such as \['"):
            find_sources(named)


def test_what_cannot_be_used(folder, tmp_path):
    with pytest.raises(MissingFileError, match="there is no file or folder"):
        find_sources([tmp_path / "nowhere"])
    with pytest.raises(MissingFileError, match="there is no file or folder .*gone.txt"):
        find_sources([tmp_path / "gone.txt"])
    with pytest.raises(MissingFileError, match="no file matches"):
        find_sources([str(folder / "*.vrt")])
    (tmp_path / "empty").mkdir()
    with pytest.raises(MissingFileError, match="holds no images or rasters"):
        find_sources([tmp_path / "empty"])
    with pytest.raises(MissingFileError, match="named by an empty text"):
        find_sources([" "])
    (tmp_path / "list.txt").write_text("scenes/gone.tif\n")
    with pytest.raises(MissingFileError, match=r"there is no file or folder scenes/gone\.tif"):
        find_sources([tmp_path / "list.txt"])


@pytest.mark.parametrize(
    ("name", "opened_as"),
    [
        ("/data/a.tif", "/data/a.tif"),
        ("https://x.org/a.tif", "/vsicurl/https://x.org/a.tif"),
        ("http://x.org/a.tif", "/vsicurl/http://x.org/a.tif"),
        ("s3://x/a.tif", "/vsis3/x/a.tif"),
    ],
)
def test_a_name_that_an_index_keeps(name, opened_as):
    assert source_named(name) == Source(name, opened_as)


SUFFIXES = ["tif", "tiff", "vrt", "jp2", "img", "png", "jpg", "jpeg", "webp", "bmp", "gif"]


def test_what_a_folder_is_searched_for(tmp_path):
    for suffix in [*SUFFIXES, "txt", "csv", "xml", "dbf"]:
        (tmp_path / f"a.{suffix}").write_bytes(b"")
    (tmp_path / "folder.tif").mkdir()
    assert names(tmp_path) == sorted(f"a.{suffix}" for suffix in SUFFIXES)


def test_a_glob_gives_files_in_order_and_no_folders(tmp_path):
    expected = [f"{number:02d}.tif" for number in range(30)]
    for name in [*expected[::2], *expected[:0:-2]]:
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "x.tif").mkdir()
    assert names(str(tmp_path / "*.tif")) == expected
    assert names(tmp_path) == expected
    with pytest.raises(MissingFileError, match="no file matches .*x.*"):
        names(str(tmp_path / "x*.tif"))


@pytest.mark.parametrize("name", ["list.TXT", "list.txt"])
def test_lists_by_their_suffix(folder, name):
    (folder / name).write_text("b.tif\n")
    assert names(folder / name) == ["b.tif"]
