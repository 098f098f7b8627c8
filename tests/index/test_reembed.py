"""An index that gets the embeddings of another model."""

import pytest
import torch
from tests.conftest import TINY
from tests.index.made import all_rows, chip_ids

from harma.backbones import load_backbone
from harma.errors import ConfigError, DataError, ModelMismatchError
from harma.index import reembed as reembedding
from harma.index.index import Index
from harma.index.reembed import reembed
from harma.index.store import Store
from harma.index.upkeep import remove
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


def test_reembedding_changes_embeddings_and_nothing_else(archive, other):
    before = {row["id"]: row for row in all_rows(Store(archive))}
    added = {name: record.added for name, record in Store(archive).sources().items()}
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
    assert {name: record.added for name, record in index.store.sources().items()} == added
    assert not (archive / ".reembed").exists()
    assert len(list((archive / "tables").iterdir())) == 1, "the old tables are gone"
    assert verify(index.store) == []
    (archive / ".reembed" / "left").mkdir(parents=True)
    with pytest.raises(ConfigError, match="has the embeddings of this model already"):
        reembed(archive, *other, None, num_workers=0)
    assert not (archive / ".reembed").exists(), "what an interruption left is gone"


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


@pytest.mark.parametrize("step", ["_keep_added", "write_settings"])
def test_a_reembedding_that_dies_leaves_the_old_index_and_goes_on(
    archive, other, monkeypatch, step
):
    def dying(*args, **options):
        raise Killed

    monkeypatch.setattr(reembedding, step, dying)
    with pytest.raises(Killed):
        reembed(archive, *other, None, num_workers=0)
    monkeypatch.undo()
    assert Store(archive).settings.embed_dim == 16
    assert len(chip_ids(archive)) == 27
    outcome = reembed(archive, *other, None, num_workers=0)
    assert outcome.num_added == 0, "what was embedded is kept"
    assert Store(archive).settings.embed_dim == 24
    assert len(chip_ids(archive)) == 27


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
    assert len(chip_ids(archive)) == 27


def test_missing_sources_can_be_given_up(archive, other, tmp_path):
    next((tmp_path / "scenes").iterdir()).unlink()
    reembed(archive, *other, None, num_workers=0, allow_missing=True)
    assert len(chip_ids(archive)) == 18


@pytest.fixture
def same(model):
    """The model that the index has."""
    return model


def test_the_same_model_sees_tiles_too(archive, same):
    ids = chip_ids(archive)
    opened = Index.open(archive, model=same[0])
    versions = opened.store.versions
    assert reembed(archive, *same, None, tiles=2, num_workers=0).num_added == 27
    with pytest.raises(ModelMismatchError, match=r"was embedded again with .*-tiles2\); open"):
        opened.refresh()
    index = Index.open(archive, model=same[0])
    assert (index.store.settings.tiles, chip_ids(archive)) == (2, ids)
    assert len(index.search("a river", k=5)) == 5
    assert min(index.store.versions) > max(versions), "what was kept of one is not of another"
    assert verify(index.store) == []
    assert [path.name for path in (archive / "tables").iterdir()] == [
        index.store.settings.embedding_id
    ]
    with pytest.raises(ConfigError, match=r"embeddings of this model already .*tiles 2\)"):
        reembed(archive, *same, None, num_workers=0)
    assert reembed(archive, *same, None, tiles=1, num_workers=0).num_added == 27
    assert [path.name for path in (archive / "tables").iterdir()] == [index.store.settings.model_id]


def test_another_model_keeps_the_tiles(archive, same, other):
    reembed(archive, *same, None, tiles=2, num_workers=0)
    reembed(archive, *other, None, num_workers=0)
    settings = Store(archive).settings
    assert (settings.tiles, settings.embed_dim) == (2, 24)


@pytest.mark.parametrize("step", ["_keep_added", "write_settings"])
def test_tiles_that_die_on_their_way_leave_the_old_index_and_go_on(
    archive, same, monkeypatch, step
):
    before = all_rows(Store(archive))
    with monkeypatch.context() as patched:
        patched.setattr(reembedding, step, lambda *args, **options: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            reembed(archive, *same, None, tiles=2, num_workers=0)
    assert Store(archive).settings.tiles == 1
    assert all_rows(Store(archive)) == before
    # Begun again with other tiles, nothing of the first attempt is taken over.
    assert reembed(archive, *same, None, tiles=3, num_workers=0).num_added == 27
    assert Store(archive).settings.tiles == 3
    assert not (archive / ".reembed").exists()
    assert len(list((archive / "tables").iterdir())) == 1


def test_a_death_after_the_change_over_leaves_the_new_index(archive, same, other, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(reembedding, "_clear", lambda *told: (_ for _ in ()).throw(Killed()))
        with pytest.raises(Killed):
            reembed(archive, *other, None, num_workers=0)
    assert Store(archive).settings.embed_dim == 24
    assert len(chip_ids(archive)) == 27
    # Back again: nothing of the old tables is taken for new ones.
    assert reembed(archive, *same, None, num_workers=0).num_added == 27
    assert len(chip_ids(archive)) == 27
    assert len(list((archive / "tables").iterdir())) == 1


def test_tables_that_grew_elsewhere_are_begun_again(archive, other):
    """An earlier version let them grow below .reembed."""
    reembed(archive, *other, None, num_workers=0)
    identity = Store(archive).settings.embedding_id
    remains = archive / ".reembed" / f"{identity}-tiles2"
    (remains / "tables").mkdir(parents=True)
    (remains / "index.json").write_text("{}")
    assert reembed(archive, *other, None, tiles=2, num_workers=0).num_added == 27


def test_what_was_embedded_with_the_same_tiles_is_kept(archive, same, monkeypatch):
    monkeypatch.setattr(reembedding, "_change_over", lambda *told: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        reembed(archive, *same, None, tiles=2, num_workers=0)
    monkeypatch.undo()
    assert reembed(archive, *same, None, tiles=2, num_workers=0).num_added == 0
    assert (Store(archive).settings.tiles, len(chip_ids(archive))) == (2, 27)


def test_what_was_removed_meanwhile_does_not_come_back_by_an_interrupted_reembedding(
    archive, other, monkeypatch
):
    monkeypatch.setattr(reembedding, "_change_over", lambda *told: (_ for _ in ()).throw(Killed()))
    with pytest.raises(Killed):
        reembed(archive, *other, None, num_workers=0)
    monkeypatch.undo()
    remove(archive, ["*scene1_*"])
    reembed(archive, *other, None, num_workers=0)
    assert len(chip_ids(archive)) == 18
    assert verify(Store(archive)) == []


def test_what_is_added_until_it_begins_is_embedded_too(
    archive, other, write_scenes, build_index, tmp_path, monkeypatch
):
    fingerprint = reembedding.model_id

    def adding(model):
        """Another process ends its build while the model's weights are hashed."""
        write_scenes(tmp_path / "more", 1, first=3)
        build_index(tmp_path / "more")
        return fingerprint(model)

    monkeypatch.setattr(reembedding, "model_id", adding)
    assert reembed(archive, *other, None, num_workers=0).num_added == 36
    assert len(chip_ids(archive)) == 36


def test_sources_are_found_by_the_names_an_index_keeps():
    from harma.scenes.source import source_named

    assert source_named("s3://a/b.tif").opened_as == "/vsis3/a/b.tif"
    assert find_sources(["https://a/b.tif"])[0] == source_named("https://a/b.tif")
    assert source_named("/a/b[1].tif").opened_as == "/a/b[1].tif"
