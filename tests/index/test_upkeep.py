"""Changing an index as a whole, and sources that cannot be read any more."""

import json
import shutil

import pytest
import torch
from tests.conftest import TINY
from tests.index.made import all_rows

from harma.backbones import load_backbone
from harma.errors import ConfigError, DataError, NotFoundError
from harma.index import reembed as reembedding
from harma.index.index import Index
from harma.index.reembed import reembed
from harma.index.store import Store, tables_directory
from harma.index.upkeep import optimize, remove
from harma.index.verify import verify
from harma.model.model import HarMA
from harma.scenes.sources import find_sources


@pytest.fixture(scope="module")
def other(tmp_path_factory):
    """Another model, of another embedding length."""
    torch.manual_seed(5)
    directory = tmp_path_factory.mktemp("other") / "m"
    load_backbone({**TINY, "embed_dim": 24}).save(directory)
    return HarMA(load_backbone(f"local-dir:{directory}")).eval(), str(directory)


@pytest.fixture
def archive(write_scenes, build_index, tmp_path):
    """An index of three scenes with 27 chips."""
    write_scenes(tmp_path / "scenes", 3)
    build_index(tmp_path / "scenes")
    return tmp_path / "index"


def ids(directory):
    return sorted(row["id"] for row in all_rows(Store(directory)))


def test_reembedding_changes_embeddings_and_nothing_else(archive, other):
    before = {row["id"]: row for row in all_rows(Store(archive))}
    outcome = reembed(archive, *other, None, num_workers=0)
    assert outcome.num_added == 27
    index = Index.open(archive, model=other[0])
    assert len(index.search("a river", k=5)) == 5
    after = {row["id"]: row for row in all_rows(index.store)}
    assert after.keys() == before.keys()
    for chip, row in after.items():
        assert len(row["embedding"]) == 24
        assert {k: v for k, v in row.items() if k not in ("embedding", "model")} == {
            k: v for k, v in before[chip].items() if k not in ("embedding", "model")
        }
    assert not (archive / ".reembed").exists()
    assert len(list((archive / "tables").iterdir())) == 1, "the old tables are gone"
    assert verify(index.store) == []
    with pytest.raises(ConfigError, match="has the embeddings of this model already"):
        reembed(archive, *other, None, num_workers=0)


def test_dates_of_a_list_survive_reembedding(write_scenes, build_index, other, tmp_path):
    path = write_scenes(tmp_path / "scenes", 1)[0]
    path.rename(tmp_path / "scenes" / "undated.tif")
    (tmp_path / "list.csv").write_text("path,date\nscenes/undated.tif,1999-02-03\n")
    build_index(tmp_path / "list.csv")
    reembed(tmp_path / "index", *other, None, num_workers=0)
    dates = {row["datetime"].date().isoformat() for row in all_rows(Store(tmp_path / "index"))}
    assert dates == {"1999-02-03"}


class Killed(BaseException):
    """Stands for the end of the process."""


@pytest.mark.parametrize("step", ["rmtree", "copytree", "write_settings"])
def test_a_reembedding_that_dies_leaves_the_old_index_and_goes_on(
    archive, other, monkeypatch, step
):
    home = reembedding if step == "write_settings" else reembedding.shutil
    original = getattr(home, step)

    def dying(*args, **options):
        if step == "copytree":
            original(*args, **options)
        raise Killed

    monkeypatch.setattr(home, step, dying)
    with pytest.raises(Killed):
        reembed(archive, *other, None, num_workers=0)
    monkeypatch.undo()
    assert Store(archive).settings.embed_dim == 16
    assert len(ids(archive)) == 27
    outcome = reembed(archive, *other, None, num_workers=0)
    assert outcome.num_added == 0, "what was embedded is kept"
    assert Store(archive).settings.embed_dim == 24
    assert len(ids(archive)) == 27


def test_reembedding_does_not_lose_what_cannot_be_read(archive, other, tmp_path):
    gone = next((tmp_path / "scenes").iterdir())
    moved = gone.rename(tmp_path / gone.name)
    with pytest.raises(
        DataError,
        match=r"1 sources cannot be read any more, such as .*: it is not there\. The index",
    ):
        reembed(archive, *other, None, num_workers=0)
    assert Store(archive).settings.embed_dim == 16
    moved.rename(gone)
    assert reembed(archive, *other, None, num_workers=0).problems == {}
    assert len(ids(archive)) == 27


def test_missing_sources_can_be_given_up(archive, other, tmp_path):
    next((tmp_path / "scenes").iterdir()).unlink()
    reembed(archive, *other, None, num_workers=0, allow_missing=True)
    assert len(ids(archive)) == 18


def test_a_source_that_cannot_be_read_now_keeps_its_chips(archive, build_index, tmp_path):
    before = ids(archive)
    scene = sorted((tmp_path / "scenes").iterdir())[0]
    whole = scene.read_bytes()
    scene.write_bytes(whole[:100])
    outcome = build_index(tmp_path / "scenes")
    assert list(outcome.problems) == [str(scene)]
    assert ids(archive) == before
    listed = json.loads((archive / "problems.json").read_text())
    assert listed[0]["problem"].endswith("its 9 chips are kept")
    assert str(scene) in verify(Store(archive))[0]
    scene.write_bytes(whole)
    assert build_index(tmp_path / "scenes").problems == {}
    assert ids(archive) == before
    assert not (archive / "problems.json").exists()
    assert verify(Store(archive)) == []


def test_a_changed_source_that_breaks_half_way_keeps_its_old_chips(
    archive, build_index, write_scenes, tmp_path, monkeypatch
):
    before = ids(archive)
    scene = sorted((tmp_path / "scenes").iterdir())[0]
    larger = write_scenes(tmp_path / "larger", 1, first=9, size=640)[0]
    scene.write_bytes(larger.read_bytes()[:300_000])
    monkeypatch.setattr("harma.index.writer.COMMIT_CHIPS", 10)
    outcome = build_index(tmp_path / "scenes")
    assert "damaged" in outcome.problems[str(scene)]
    assert ids(archive) == before
    scene.write_bytes(larger.read_bytes())
    outcome = build_index(tmp_path / "scenes")
    assert (outcome.problems, outcome.num_added) == ({}, 400)
    assert len(ids(archive)) == 18 + 400
    assert verify(Store(archive)) == []


def test_optimizing_and_removing_keep_the_rest(archive, tmp_path):
    assert optimize(archive, None, lambda *told: None) == "exact: every chip is compared"
    assert len(ids(archive)) == 27
    assert remove(archive, ["*scene1_*"]) == (1, 9)
    assert len(ids(archive)) == 18
    with pytest.raises(NotFoundError, match="nothing was removed"):
        remove(archive, ["*scene2_*", "nowhere"])
    assert len(ids(archive)) == 18


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


def test_a_disk_that_is_full_is_named_and_nothing_is_lost(
    archive, build_index, write_scenes, tmp_path
):
    import resource

    from harma.errors import StorageError

    before = ids(archive)
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
    assert ids(archive) == before
    assert build_index(tmp_path / "more").num_added == 100
    assert verify(Store(archive)) == []


def test_a_reader_of_tables_that_are_gone_is_told(archive):
    store = Store(archive)
    shutil.rmtree(tables_directory(archive, store.settings))
    with pytest.raises(DataError, match="is damaged"):
        Store(archive)


def test_sources_are_found_by_the_names_an_index_keeps():
    from harma.scenes.sources import source_named

    assert source_named("s3://a/b.tif").opened_as == "/vsis3/a/b.tif"
    assert find_sources(["https://a/b.tif"])[0] == source_named("https://a/b.tif")
    assert source_named("/a/b[1].tif").opened_as == "/a/b[1].tif"


def test_what_was_removed_meanwhile_does_not_come_back_by_an_interrupted_reembedding(
    archive, other, monkeypatch
):
    monkeypatch.setattr(reembedding, "_change_over", lambda *told: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        reembed(archive, *other, None, num_workers=0)
    monkeypatch.undo()
    remove(archive, ["*scene1_*"])
    reembed(archive, *other, None, num_workers=0)
    assert len(ids(archive)) == 18
    assert verify(Store(archive)) == []


def test_brackets_in_names_mean_themselves(write_scenes, build_index, tmp_path):
    first, second = write_scenes(tmp_path / "scenes", 2)
    named = first.rename(first.with_name("b[1].tif"))
    second.rename(second.with_name("b1.tif"))
    build_index(tmp_path / "scenes")
    remove(tmp_path / "index", [str(named)])
    left = {row["source"] for row in all_rows(Store(tmp_path / "index"))}
    assert {name.rpartition("/")[2] for name in left} == {"b1.tif"}


def test_damaged_tables_are_named_by_search_and_verify(archive, model):
    index = Index.open(archive, model=model[0])
    for file in (archive / "tables").rglob("chips.lance/data/*.lance"):
        file.write_bytes(file.read_bytes()[:50])
    index = Index.open(archive, model=model[0])
    with pytest.raises(DataError, match="cannot be read .* `harma index verify`"):
        index.search("a road")
    assert "cannot be read" in verify(Store(archive))[0]
