"""Walking folders: what is hidden, linked, looping, unreadable or wrongly named."""

import os

import pytest

from harma.scenes.folders import Walker, is_left_alone, is_text, printable
from harma.scenes.sources import find_scenes


@pytest.fixture
def touch(tmp_path):
    def make(*names):
        for name in names:
            path = tmp_path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"")
        return tmp_path

    return make


def walk(folder):
    found = Walker().walk(str(folder))
    return [os.path.relpath(path, folder) for path in found.files], found.problems


HIDDEN = [
    "._b.tif",
    ".Trashes/old.tif",
    ".Trash-1000/files/old.tif",
    "@eaDir/b.tif/SYNOPHOTO_THUMB_M.jpg",
    "$RECYCLE.BIN/S-1-5/x.tif",
    "System Volume Information/x.tif",
    "#recycle/x.tif",
    "__MACOSX/._b.tif",
    ".ipynb_checkpoints/a-checkpoint.png",
    "lost+found/x.tif",
    ".git/annex/x.tif",
    "Thumbs.db",
]


@pytest.mark.parametrize("name", HIDDEN)
def test_what_is_not_the_persons_is_left_alone(name, touch):
    folder = touch("b.tif", name)
    assert walk(folder) == (["b.tif"], {})


def test_a_named_folder_is_walked_whatever_it_is_called(touch):
    folder = touch(".hidden/b.tif", ".hidden/.deeper/c.tif")
    found = find_scenes([folder / ".hidden"])
    assert [source.name for source in found.sources] == [str(folder / ".hidden/b.tif")]
    named = find_scenes([folder / ".hidden/.deeper/c.tif"])
    assert len(named.sources) == 1


def test_files_come_in_the_order_of_folders_and_names(touch):
    names = ["a.tif", "a/z.tif", "a-b/c.tif", "b.tif", "b/a/c.tif", "b/b.tif", "c.tif"]
    folder = touch(*reversed(names))
    expected = [str(path.relative_to(folder)) for path in sorted(folder.rglob("*.tif"))]
    assert walk(folder)[0] == expected


def test_links_are_followed_once_and_loops_end(touch):
    folder = touch("a/b.tif", "z/c.tif", "elsewhere/d.tif", "elsewhere/e.tif")
    root = folder / "root"
    root.mkdir()
    (folder / "a").rename(root / "a")
    (folder / "z").rename(root / "z")
    (root / "0_to_z").symlink_to(root / "z")
    (root / "a" / "up").symlink_to(root)
    (root / "a" / "again.tif").symlink_to("b.tif")
    (root / "out").symlink_to(folder / "elsewhere")
    (root / "out_again").symlink_to(folder / "elsewhere")
    (root / "single.tif").symlink_to(folder / "elsewhere" / "d.tif")
    assert walk(root) == (["a/b.tif", "out/d.tif", "out/e.tif", "z/c.tif"], {})


def test_a_link_to_one_file_elsewhere(touch):
    folder = touch("root/a.tif", "store/.objects/x")
    (folder / "root" / "b.tif").symlink_to(folder / "store" / ".objects" / "x")
    assert walk(folder / "root")[0] == ["a.tif", "b.tif"], "as git-annex keeps them"


def test_dangling_links_and_rings_of_links_are_told(touch):
    folder = touch("a.tif")
    (folder / "gone.tif").symlink_to("/nowhere/x.tif")
    (folder / "ring.tif").symlink_to("ring2.tif")
    (folder / "ring2.tif").symlink_to("ring.tif")
    files, problems = walk(folder)
    assert files == ["a.tif"]
    assert problems[str(folder / "gone.tif")] == "a link to /nowhere/x.tif, which is not there"
    assert set(problems) == {str(folder / f"{name}.tif") for name in ("gone", "ring", "ring2")}


def test_a_folder_that_cannot_be_read_is_told(touch, monkeypatch):
    folder = touch("a.tif", "closed/b.tif", "z.tif")
    listed = os.scandir

    def scandir(path):
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return listed(path)

    monkeypatch.setattr(os, "scandir", scandir)
    files, problems = walk(folder)
    assert files == ["a.tif", "z.tif"]
    assert problems == {str(folder / "closed"): "the folder cannot be read (Permission denied)"}


@pytest.mark.parametrize(
    "name", [b"Z\xfcrich.tif", b"\xff.tif", b"folder\xe9/x.tif", b"\xed\xa0\x80.tif"]
)
def test_names_that_are_not_utf_8_are_told_and_the_rest_goes_on(name, touch):
    folder = touch("b.tif")
    path = folder / os.fsdecode(name)
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"")
    files, problems = walk(folder)
    assert files == ["b.tif"]
    ((told, why),) = problems.items()
    assert told.encode().decode() == told
    assert "\\x" in told
    assert "not UTF-8" in why
    named = find_scenes([folder / "b.tif", path])
    assert len(named.sources) == 1
    assert next(iter(named.problems)).startswith(told)


def test_paths_as_text():
    assert printable("/a/Zürich 東京 🛰.tif") == "/a/Zürich 東京 🛰.tif"
    assert is_text("/a/Zürich")
    assert not is_text(os.fsdecode(b"/a/Z\xfcrich"))
    assert is_left_alone("Thumbs.db")
    assert not is_left_alone("thumbs")


def test_folders_named_twice_or_by_links_are_walked_once(touch):
    folder = touch("a/b.tif", "a/c/d.tif")
    (folder / "link").symlink_to(folder / "a")
    for named in (["a", "link"], ["a", "a/c"], ["a/c", "a"], ["link", "a"]):
        found = find_scenes([folder / name for name in named])
        assert len(found.sources) == 2, named


def test_a_zarr_is_one_file(touch):
    folder = touch("x.zarr/0/0", "x.zarr/1.tif", "b.tif")
    assert walk(folder)[0] == ["b.tif", "x.zarr"]


def test_pipes_are_no_files(touch):
    folder = touch("a.tif")
    os.mkfifo(folder / "pipe.tif")
    (folder / "link.tif").symlink_to("pipe.tif")
    assert walk(folder) == (["a.tif"], {})
