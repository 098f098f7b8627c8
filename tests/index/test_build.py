"""Building an index and keeping it up to date."""

import json
import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from tests.conftest import TINY
from tests.index.made import all_rows, chip_ids

from harma.backbones import load_backbone
from harma.errors import ConfigError, DataError, HarmaError, MissingFileError
from harma.ground.lock import locked
from harma.index import writer as writing
from harma.index.build import build, default_settings
from harma.index.index import Index
from harma.index.settings import read_settings
from harma.index.store import Store
from harma.index.store.tables import tables_name
from harma.index.verify import verify
from harma.model.model import HarMA
from harma.scenes.edge import library_call
from harma.scenes.raster import Reading
from harma.scenes.sources import find_sources
from harma.scenes.stretch_rule import parse_stretch
from harma.scenes.windows import Tiling


def rows(tmp_path, *columns):
    table = all_rows(Store(tmp_path / "index"))
    return sorted(tuple(row[c] for c in columns) for row in table)


def test_every_chip_once_with_place_date_and_thumbnail(write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 3)
    outcome = build_index(tmp_path / "scenes")
    assert (outcome.num_added, outcome.num_new, outcome.problems) == (27, 3, {})
    table = all_rows(Store(tmp_path / "index"))
    assert len({row["id"] for row in table}) == 27
    first = next(
        row
        for row in table
        if (row["column"], row["row"]) == (32, 0) and "scene1_" in row["source"]
    )
    assert first["datetime"].isoformat() == "2011-06-01T00:00:00+00:00"
    assert first["gsd"] == pytest.approx(2, rel=0.01)
    assert first["xmin"] < first["xmax"]
    assert first["thumbnail"][:2] == b"\xff\xd8"
    assert np.linalg.norm(first["embedding"]) == pytest.approx(1, abs=1e-2)


def test_embeddings_are_those_of_the_model(write_scenes, build_index, model, tmp_path):
    path = write_scenes(tmp_path / "scenes", 1, size=32)[0]
    build_index(path)
    stored = Store(tmp_path / "index").rows(["embedding"])["embedding"][0].as_py()
    import rasterio

    with rasterio.open(path) as dataset:
        picture = np.moveaxis(dataset.read(), 0, -1)
    np.testing.assert_allclose(stored, model[0].embed_images([picture])[0], atol=2e-3)


def test_a_second_build_does_only_what_is_new(write_scenes, build_index, tmp_path):
    paths = write_scenes(tmp_path / "scenes", 2)
    build_index(tmp_path / "scenes")
    before = rows(tmp_path, "id")
    again = build_index(tmp_path / "scenes")
    assert (again.num_added, again.num_kept) == (0, 2)
    os.utime(paths[0], ns=(1, 1))
    touched = build_index(tmp_path / "scenes")
    assert (touched.num_added, touched.num_kept) == (0, 2), "touched, but with the same bytes"
    assert rows(tmp_path, "id") == before
    write_scenes(tmp_path / "scenes", 1, first=2)
    more = build_index(tmp_path / "scenes")
    assert (more.num_added, more.num_kept, more.num_new) == (9, 2, 1)


def test_a_changed_source_is_replaced(write_scenes, build_index, tmp_path):
    paths = write_scenes(tmp_path / "scenes", 2)
    build_index(tmp_path / "scenes")
    write_scenes(tmp_path / "other", 1, first=7, size=64)[0].replace(paths[0])
    outcome = build_index(tmp_path / "scenes")
    assert (outcome.num_replaced, outcome.num_kept, outcome.num_added) == (1, 1, 4)
    assert len([1 for (source,) in rows(tmp_path, "source") if source == str(paths[0])]) == 4


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("commit", [1, 5, 1000])
def test_a_build_that_dies_anywhere_is_completed_by_the_next(
    write_scenes, build_index, tmp_path, monkeypatch, commit
):
    write_scenes(tmp_path / "scenes", 4)
    build_index(tmp_path / "scenes", directory=tmp_path / "whole")
    expected = sorted(row["id"] for row in all_rows(Store(tmp_path / "whole")))
    monkeypatch.setattr(writing, "COMMIT_CHIPS", commit)
    for step in range(1, 14):
        calls = iter(range(1, 10_000))
        for name in ("add_chips", "put_sources"):
            original = getattr(Store, name)

            def dying(self, *args, original=original, calls=calls, step=step, **options):
                if next(calls) == step:
                    raise Killed
                return original(self, *args, **options)

            monkeypatch.setattr(Store, name, dying)
        try:
            build_index(tmp_path / "scenes")
            done = True
        except Killed:
            done = False
        monkeypatch.undo()
        monkeypatch.setattr(writing, "COMMIT_CHIPS", commit)
        ids = [row["id"] for row in all_rows(Store(tmp_path / "index"))]
        assert len(set(ids)) == len(ids), "no chip twice"
        if done:
            break
    build_index(tmp_path / "scenes")
    assert sorted(row["id"] for row in all_rows(Store(tmp_path / "index"))) == expected
    assert all(not row.problem for row in Store(tmp_path / "index").sources().values())


def test_what_cannot_be_read_is_listed_and_the_rest_goes_on(write_scenes, build_index, tmp_path):
    write_scenes(tmp_path / "scenes", 1)
    (tmp_path / "scenes" / "empty.tif").write_bytes(b"")
    Image.new("RGB", (40, 40)).save(tmp_path / "scenes" / "picture.png")
    damaged = write_scenes(tmp_path / "scenes", 1, first=5, size=640)[0]
    damaged.write_bytes(damaged.read_bytes()[:300_000])
    outcome = build_index(tmp_path / "scenes")
    assert {name.rpartition("/")[2] for name in outcome.problems} == {"empty.tif", damaged.name}
    listed = json.loads((tmp_path / "index" / "problems.json").read_text())
    assert {row["source"] for row in listed} == set(outcome.problems)
    sources = {source for (source,) in rows(tmp_path, "source")}
    assert str(damaged) not in sources
    assert str(tmp_path / "scenes" / "picture.png") in sources, "indexed without a place"
    damaged.unlink()
    write_scenes(tmp_path / "scenes", 1, first=5, size=64)
    (tmp_path / "scenes" / "empty.tif").unlink()
    assert not build_index(tmp_path / "scenes").problems


def test_chips_that_are_mostly_nodata_are_left_out(build_index, tmp_path):
    import rasterio
    from affine import Affine

    values = np.zeros((3, 64, 64), dtype=np.uint8)
    values[:, :32] = 100
    with rasterio.open(
        tmp_path / "a.tif",
        "w",
        driver="GTiff",
        width=64,
        height=64,
        count=3,
        dtype="uint8",
        nodata=0,
        crs="EPSG:32631",
        transform=Affine(2, 0, 0, 0, -2, 0),
    ) as dataset:
        dataset.write(values)
    outcome = build_index(tmp_path / "a.tif")
    assert (outcome.num_added, outcome.num_skipped) == (2, 2)


def test_other_settings_another_model_and_a_second_writer_are_refused(
    write_scenes, build_index, model, tmp_path
):
    write_scenes(tmp_path / "scenes", 1)
    build_index(tmp_path / "scenes")
    with pytest.raises(ConfigError, match="the index was made with tiling .* leave the option out"):
        build_index(tmp_path / "scenes", tiling=Tiling(size=16))
    with pytest.raises(ConfigError, match="the index was made with reading"):
        build_index(tmp_path / "scenes", reading=Reading(stretch=parse_stretch("scene:1,99")))
    with (
        locked(tmp_path / "index", "writing the index"),
        pytest.raises(HarmaError, match="another process is writing the index"),
    ):
        build_index(tmp_path / "scenes")
    other = HarMA(load_backbone(model[0].backbone.config)).eval()
    with pytest.raises(
        HarmaError,
        match=r"made with the model .* this one is .*\. Their embeddings do not compare",
    ):
        Index.open(tmp_path / "index", model=other)


def test_directories_that_are_no_index(build_index, write_scenes, tmp_path):
    with pytest.raises(MissingFileError, match="is no index"):
        Index.open(tmp_path)
    write_scenes(tmp_path / "scenes", 1)
    (tmp_path / "index").write_text("important")
    with pytest.raises(ConfigError, match="is a file; name a directory"):
        build_index(tmp_path / "scenes")
    (tmp_path / "index").unlink()
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / "thesis.tex").write_text("important")
    with pytest.raises(ConfigError, match=r"holds files that are no index \(thesis.tex\)"):
        build_index(tmp_path / "scenes")
    (tmp_path / "index" / "thesis.tex").unlink()
    build_index(tmp_path / "scenes")
    settings = tmp_path / "index" / "index.json"
    for content in (
        "{",
        "[]",
        '{"format": "harma-index", "version": 9}',
        '{"format": "harma-index", "version": 1}',
    ):
        kept = settings.read_text()
        settings.write_text(content)
        with pytest.raises((DataError, ConfigError)):
            Index.open(tmp_path / "index")
        settings.write_text(kept)
    shutil.rmtree(next((tmp_path / "index" / "tables").glob("*/chips.lance")))
    with pytest.raises(DataError, match="is damaged .*build it again"):
        Index.open(tmp_path / "index")


def test_a_long_build_joins_files_in_between(write_scenes, build_index, tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "COMMIT_CHIPS", 1)
    monkeypatch.setattr(writing, "FILES_BETWEEN", 2)
    write_scenes(tmp_path / "scenes", 5)
    build_index(tmp_path / "scenes")
    assert Store(tmp_path / "index").num_files() <= 3
    assert len(Index.open(tmp_path / "index")) == 45


def test_a_build_killed_while_its_settings_were_written_is_completed(
    write_scenes, build_index, tmp_path
):
    write_scenes(tmp_path / "scenes", 1)
    (tmp_path / "index").mkdir()
    (tmp_path / "index" / ".index.json.123.tmp").write_text("{")
    assert build_index(tmp_path / "scenes").num_added == 9


@pytest.mark.parametrize("nodata", [1e20, float("nan"), 1e-5])
def test_any_nodata_value_is_kept(write_scenes, build_index, tmp_path, nodata):
    write_scenes(tmp_path / "scenes", 1)
    path = tmp_path / "scenes" / "float.tif"
    import rasterio

    with rasterio.open(
        path, "w", driver="GTiff", width=32, height=32, count=1, dtype="float32"
    ) as dataset:
        dataset.write(np.random.default_rng(0).random((1, 32, 32), dtype=np.float32))
    reading = Reading(nodata=nodata)
    assert build_index(path, reading=reading).num_added == 1
    assert build_index(path, reading=reading).num_kept == 1


def test_one_odd_file_does_not_end_the_build(write_scenes, build_index, tmp_path, monkeypatch):
    from harma.scenes import raster

    write_scenes(tmp_path / "scenes", 3)
    original = raster.Scene.read

    def odd(self, window):
        if "scene1_" in self.facts.source:
            with library_call("its pixels cannot be read"):
                raise IndexError("axis 0")
        return original(self, window)

    monkeypatch.setattr(raster.Scene, "read", odd)
    outcome = build_index(tmp_path / "scenes")
    assert "its pixels cannot be read (axis 0)" in next(iter(outcome.problems.values()))
    assert outcome.num_added == 18


def test_a_source_that_cannot_be_read_now_keeps_its_chips(archive, build_index, tmp_path):
    before = chip_ids(archive)
    scene = sorted((tmp_path / "scenes").iterdir())[0]
    whole = scene.read_bytes()
    scene.write_bytes(whole[:100])
    outcome = build_index(tmp_path / "scenes")
    assert list(outcome.problems) == [str(scene)]
    assert chip_ids(archive) == before
    listed = json.loads((archive / "problems.json").read_text())
    assert listed[0]["problem"].endswith("its 9 chips are kept")
    assert str(scene) in verify(Store(archive))[0]
    scene.write_bytes(whole)
    assert build_index(tmp_path / "scenes").problems == {}
    assert chip_ids(archive) == before
    assert not (archive / "problems.json").exists()
    assert verify(Store(archive)) == []


def test_a_changed_source_that_breaks_half_way_keeps_its_old_chips(
    archive, build_index, write_scenes, tmp_path, monkeypatch
):
    before = chip_ids(archive)
    scene = sorted((tmp_path / "scenes").iterdir())[0]
    larger = write_scenes(tmp_path / "larger", 1, first=9, size=640)[0]
    scene.write_bytes(larger.read_bytes()[:300_000])
    monkeypatch.setattr("harma.index.writer.COMMIT_CHIPS", 10)
    outcome = build_index(tmp_path / "scenes")
    assert "damaged" in outcome.problems[str(scene)]
    assert chip_ids(archive) == before
    scene.write_bytes(larger.read_bytes())
    outcome = build_index(tmp_path / "scenes")
    assert (outcome.problems, outcome.num_added) == ({}, 400)
    assert len(chip_ids(archive)) == 18 + 400
    assert verify(Store(archive)) == []


def test_a_disk_that_is_full_is_named_and_nothing_is_lost(
    archive, build_index, write_scenes, tmp_path
):
    import resource

    from harma.errors import StorageError

    before = chip_ids(archive)
    write_scenes(tmp_path / "more", 1, first=5, size=320)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, limits[1]))
    try:
        with pytest.raises(
            StorageError, match="cannot be written .* What was written before is kept"
        ):
            build_index(tmp_path / "more")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert chip_ids(archive) == before
    assert build_index(tmp_path / "more").num_added == 100
    assert verify(Store(archive)) == []


def test_a_search_goes_on_while_the_index_is_written(
    archive, build_index, write_scenes, model, tmp_path
):
    index = Index.open(archive, model=model[0])
    assert len(index.search("a road", k=100)) == 27
    write_scenes(tmp_path / "more", 2, first=5)
    build_index(tmp_path / "more")
    assert len(index.search("a road", k=100)) == 27, "what was there when it was opened"
    index.refresh()
    assert len(index.search("a road", k=100)) == 45


def test_a_reader_of_tables_that_are_gone_is_told(archive):
    store = Store(archive)
    shutil.rmtree(archive / tables_name(store.settings))
    with pytest.raises(DataError, match="is damaged"):
        Store(archive)


def test_progress_counts_sources_and_chips_and_ends_where_both_are_done(
    write_scenes, model, tmp_path
):
    """Until all sources are looked at, the number of chips is an estimate by those that were."""
    sources = find_sources(write_scenes(tmp_path / "scenes", 30))
    told = []
    settings = default_settings(
        *model, None, tiling=Tiling(size=32), reading=Reading(), max_nodata=0.5
    )
    build(
        tmp_path / "index",
        sources,
        model[0],
        settings,
        num_workers=0,
        progress=lambda *progress: told.append(progress),
    )
    looked = [progress for progress in told if progress[0] == "looking"]
    assert looked == [("looking", count, 30) for count in range(1, 31)]
    embedded = [progress for progress in told if progress[0] == "embedding"]
    assert [done for _, done, _ in embedded] == [9 * count for count in range(1, 31)]
    assert {total for _, _, total in embedded} == {270}, "all scenes are alike"
    assert told.index(embedded[0]) < told.index(looked[-1]), "both go on at once"


def test_a_source_that_is_named_twice_is_read_once(write_scenes, model, tmp_path):
    sources = find_sources(write_scenes(tmp_path / "scenes", 2))
    settings = default_settings(
        *model, None, tiling=Tiling(size=32), reading=Reading(), max_nodata=0.5
    )
    outcome = build(tmp_path / "index", sources * 2, model[0], settings, num_workers=0)
    assert (outcome.num_added, outcome.num_new) == (18, 2)
    assert verify(Store(tmp_path / "index")) == []


def test_another_model_is_refused_and_the_index_stays(archive, model, tmp_path):
    before = read_settings(archive)
    settings = replace(before, model="other")
    other = HarMA(load_backbone(TINY)).eval()
    with pytest.raises(HarmaError, match="made with the model"):
        build(archive, find_sources([tmp_path / "scenes"]), other, settings, num_workers=0)
    assert read_settings(archive) == before
