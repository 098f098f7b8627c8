"""Relocating a tree: names change, chips stay."""

import shutil

import numpy as np
import pytest
from tests.index.made import all_rows, chip, made_settings

from harma.errors import ConfigError, MissingFileError, NotFoundError
from harma.index import relocate as module
from harma.index.records import SourceRecord
from harma.index.relocate import relocate
from harma.index.store import Store
from harma.index.verify import verify


def embeddings_of(directory):
    rows = all_rows(Store(directory))
    return sorted((row["source"].rpartition("/")[2], str(row["embedding"])) for row in rows)


def sources_of(directory):
    return sorted(Store(directory).sources())


def test_a_tree_is_renamed_and_a_build_finds_all_of_it(archive, tmp_path, build_index):
    before = embeddings_of(archive)
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    done = relocate(archive, str(tmp_path / "scenes/"), str(tmp_path / "elsewhere"))
    assert (done.num_sources, done.num_chips) == (3, 27)
    assert embeddings_of(archive) == before
    assert sources_of(archive) == sorted(map(str, (tmp_path / "elsewhere").iterdir()))
    assert verify(Store(archive)) == []
    outcome = build_index(tmp_path / "elsewhere")
    assert (outcome.num_kept, outcome.num_added, outcome.num_renamed) == (3, 0, 0)


def test_the_chips_are_named_as_a_build_names_them(archive, tmp_path, build_index):
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    relocate(archive, str(tmp_path / "scenes"), str(tmp_path / "elsewhere"))
    build_index(tmp_path / "elsewhere", directory=tmp_path / "fresh")
    ids = [{row["id"] for row in all_rows(Store(index))} for index in (archive, tmp_path / "fresh")]
    assert ids[0] == ids[1]


def test_one_file(archive, tmp_path):
    old = tmp_path / "scenes/scene1_20110601.tif"
    old.rename(tmp_path / "b.tif")
    assert relocate(archive, str(old), str(tmp_path / "b.tif")).num_sources == 1
    assert str(tmp_path / "b.tif") in sources_of(archive)


def test_a_dry_run_changes_nothing(archive, tmp_path):
    before = sources_of(archive)
    shutil.copytree(tmp_path / "scenes", tmp_path / "elsewhere")
    counted = relocate(archive, str(tmp_path / "scenes"), str(tmp_path / "elsewhere"), dry_run=True)
    assert (counted.num_sources, counted.num_chips) == (3, 27)
    assert sources_of(archive) == before


def test_what_is_refused(archive, tmp_path, build_index):
    scenes, elsewhere = str(tmp_path / "scenes"), str(tmp_path / "elsewhere")
    before = sources_of(archive)
    with pytest.raises(NotFoundError, match="no source of the index lies below .*/scen$"):
        relocate(archive, str(tmp_path / "scen"), elsewhere)
    with pytest.raises(ConfigError, match="is where the sources lie already"):
        relocate(archive, scenes, scenes + "/")
    with pytest.raises(ConfigError, match="named by an empty text"):
        relocate(archive, " ", scenes)
    with pytest.raises(MissingFileError, match="3 files are not there, such as .*nothing was"):
        relocate(archive, scenes, elsewhere)
    with pytest.raises(MissingFileError, match="is no index"):
        relocate(tmp_path / "none", scenes, elsewhere)
    assert not (tmp_path / "none").exists()
    assert sources_of(archive) == before
    assert relocate(archive, scenes, elsewhere, force=True).num_sources == 3
    assert all(name.startswith(elsewhere) for name in sources_of(archive))


def test_a_place_that_has_other_scenes(archive, tmp_path, build_index, write_scenes):
    (path,) = write_scenes(tmp_path / "elsewhere", 1, size=64)
    build_index(tmp_path / "elsewhere")
    with pytest.raises(ConfigError, match=f"the index has {path} already, with other content"):
        relocate(archive, str(tmp_path / "scenes"), str(tmp_path / "elsewhere"), force=True)


def test_a_place_that_has_the_same_scenes(archive, tmp_path, build_index):
    """A copy was indexed, then the original went: one of each stays."""
    (tmp_path / "scenes").rename(tmp_path / "original")
    shutil.copytree(tmp_path / "original", tmp_path / "scenes")
    build_index(tmp_path / "original")
    assert len(all_rows(Store(archive))) == 54
    relocate(archive, str(tmp_path / "scenes"), str(tmp_path / "original"))
    assert len(all_rows(Store(archive))) == 27
    assert verify(Store(archive)) == []


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", range(8))
def test_a_killed_call_is_finished_by_the_next(archive, tmp_path, monkeypatch, step):
    calls = iter(range(100))

    def dying(original):
        def write(self, *args):
            if next(calls) == step:
                raise Killed
            return original(self, *args)

        return write

    before = embeddings_of(archive)
    places = (str(tmp_path / "scenes"), str(tmp_path / "elsewhere"))
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    monkeypatch.setattr(module, "COMMIT_CHIPS", 18)
    with monkeypatch.context() as patch:
        for name in ("add_chips", "drop_chips", "drop_sources", "put_sources"):
            patch.setattr(Store, name, dying(getattr(Store, name)))
        with pytest.raises(Killed):
            relocate(archive, *places)
    relocate(archive, *places)
    assert embeddings_of(archive) == before
    assert sources_of(archive) == sorted(map(str, (tmp_path / "elsewhere").iterdir()))
    assert verify(Store(archive)) == []


VRT = (
    "<VRTDataset><VRTRasterBand><SimpleSource><SourceFilename>{}</SourceFilename>"
    "</SimpleSource></VRTRasterBand></VRTDataset>"
)


@pytest.mark.parametrize(
    ("record", "old", "new", "expected"),
    [
        (
            SourceRecord(
                "/a/p/r.tif",
                1,
                1,
                "c",
                opened_as=VRT.format("/a/p/r.tif"),
                files="/a/p/r.tif\n/a/p/g.tif",
            ),
            "/a",
            "/z/y",
            ("/z/y/p/r.tif", VRT.format("/z/y/p/r.tif"), "/z/y/p/r.tif\n/z/y/p/g.tif"),
        ),
        (
            SourceRecord(
                "/a & b/r.tif", 1, 1, "c", opened_as=VRT.format("/a &amp; b/r.tif"), files=""
            ),
            "/a & b",
            "/c < d",
            ("/c < d/r.tif", VRT.format("/c &lt; d/r.tif"), ""),
        ),
        (
            SourceRecord("NETCDF:/a/c.nc:Band1", 1, 1, "c", files="/a/c.nc"),
            "/a",
            "/z",
            ("NETCDF:/z/c.nc:Band1", "", "/z/c.nc"),
        ),
        (
            SourceRecord("/vsizip//a/c.zip/b.tif", 1, 1, "c"),
            "/a/c.zip",
            "/z.zip",
            ("/vsizip//z.zip/b.tif", "", ""),
        ),
        (
            SourceRecord(
                "https://x.org/a/b.tif",
                -1,
                0,
                "c",
                opened_as=VRT.format("/vsicurl/https://x.org/a/b.tif"),
            ),
            "https://x.org/a",
            "https://y.org",
            ("https://y.org/b.tif", VRT.format("/vsicurl/https://y.org/b.tif"), ""),
        ),
        (
            SourceRecord("s3://old/a/b.tif", -1, 0, "c"),
            "s3://old/a/",
            "s3://new",
            ("s3://new/b.tif", "", ""),
        ),
    ],
)
def test_names_of_all_kinds(tmp_path, record, old, new, expected):
    store = Store.create(tmp_path / "i", made_settings(3))
    store.add_chips(
        [chip(source=record.source, content="c")], np.array([[1, 0, 0]], dtype=np.float32)
    )
    others = [SourceRecord(name, 1, 1, "c") for name in ("/ab/x.tif", "/b/a/x.tif", "https://a/b")]
    store.put_sources([record, *others])
    assert relocate(tmp_path / "i", old, new, force=True).num_sources == 1
    found = Store(tmp_path / "i").sources()
    assert found.keys() == {expected[0], *(other.source for other in others)}
    now = found[expected[0]]
    assert (now.opened_as, now.files) == expected[1:]
    assert [row["source"] for row in all_rows(Store(tmp_path / "i"))] == [expected[0]]


def test_a_source_that_could_not_be_used_keeps_its_problem(archive, tmp_path, build_index):
    (tmp_path / "scenes/broken.tif").write_bytes(b"no picture")
    build_index(tmp_path / "scenes")
    (tmp_path / "scenes").rename(tmp_path / "elsewhere")
    relocate(archive, str(tmp_path / "scenes"), str(tmp_path / "elsewhere"))
    record = Store(archive).sources()[str(tmp_path / "elsewhere/broken.tif")]
    assert "cannot be read" in record.problem
    assert "elsewhere/broken.tif" in (archive / "problems.json").read_text()
