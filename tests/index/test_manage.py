"""Indices by names: the model and the settings of an index that is there need not be said again."""

import shutil
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from tests.conftest import TINY
from tests.index.made import all_rows, chip_ids

from harma.backbones import load_backbone
from harma.errors import ConfigError, HarmaError, MissingFileError, ModelMismatchError
from harma.index import manage
from harma.index.index import Index
from harma.index.manage import add_to_index, build_index, reembed_index
from harma.index.options import BuildOptions, WorkOptions
from harma.index.settings import read_settings, write_settings
from harma.model.model import HarMA
from harma.scenes.windows import Tiling

HERE = {"num_workers": 0, "device": "cpu"}


@pytest.fixture
def built(write_scenes, model, tmp_path):
    """An index of two scenes, in chips of 48 pixels; its directory as text."""
    write_scenes(tmp_path / "scenes", 2)
    directory = str(tmp_path / "named")
    options = BuildOptions(size=48, max_nodata=0.25, **HERE)
    outcome = build_index(directory, [tmp_path / "scenes"], model[1], options=options)
    assert outcome.num_added == 8
    return directory


def test_model_and_settings_are_those_of_the_index(built, write_scenes, tmp_path):
    before = read_settings(Path(built))
    assert (before.tiling, before.max_nodata) == (Tiling(size=48), 0.25)
    write_scenes(tmp_path / "scenes", 1, first=2)
    outcome = build_index(built, [tmp_path / "scenes"], options=BuildOptions(**HERE))
    assert (outcome.num_added, outcome.num_kept) == (4, 2)
    write_scenes(tmp_path / "more", 1, first=3)
    assert add_to_index(built, [tmp_path / "more"], options=WorkOptions(**HERE)).num_added == 4
    assert read_settings(Path(built)) == before
    with pytest.raises(ConfigError, match="the index was made with tiling"):
        build_index(built, [tmp_path / "scenes"], options=BuildOptions(size=16, **HERE))
    with pytest.raises(ConfigError, match=r"max_nodata 0\.25, and 0\.5 was asked for"):
        build_index(built, [tmp_path / "scenes"], options=BuildOptions(max_nodata=0.5, **HERE))


def test_a_model_is_kept_by_a_name_that_holds_everywhere(
    model, write_scenes, tmp_path, monkeypatch
):
    write_scenes(tmp_path / "scenes", 1)
    monkeypatch.chdir(Path(model[1]).parent)
    options = BuildOptions(size=48, **HERE)
    build_index(tmp_path / "index", [tmp_path / "scenes"], Path(model[1]).name, options=options)
    assert read_settings(tmp_path / "index").model == str(Path(model[1]).resolve())


def test_a_model_that_has_moved_is_kept_where_it_is_now(built, model, tmp_path):
    moved = str(tmp_path / "moved")
    shutil.copytree(model[1], moved)
    outcome = build_index(built, [tmp_path / "scenes"], moved, options=BuildOptions(**HERE))
    assert outcome.num_kept == 2
    assert read_settings(Path(built)).model == moved


def test_a_loaded_model_serves_for_an_index_that_knows_its_name(built, model, tmp_path):
    kept = read_settings(Path(built))
    options = BuildOptions(**HERE)
    assert build_index(built, [tmp_path / "scenes"], model[0], options=options).num_kept == 2
    assert read_settings(Path(built)) == kept
    with pytest.raises(ConfigError, match="model is not given"):
        build_index(tmp_path / "new", [tmp_path / "scenes"], model[0], options=options)


def test_an_index_is_not_optimized_with_another_model(built, model):
    other = HarMA(load_backbone({**TINY, "embed_dim": 24})).eval()
    for with_texts in (True, False):
        with pytest.raises(ModelMismatchError, match="was made with the model"):
            Index.optimize(built, model=other, with_texts=with_texts)
    assert Index.optimize(built, model=model[0]) == "exact: every chip is compared"


def test_what_is_missing_is_told_before_anything_is_made(built, model, tmp_path):
    new = tmp_path / "new"
    with pytest.raises(ConfigError, match="--model is not given"):
        build_index(new, [tmp_path / "scenes"])
    with pytest.raises(MissingFileError, match="there is no file or folder"):
        build_index(new, [tmp_path / "nowhere"], model[1])
    with pytest.raises(MissingFileError, match="is no index"):
        add_to_index(new, [tmp_path / "scenes"])
    assert not new.exists()


def test_another_model_by_its_name(built, tmp_path):
    torch.manual_seed(3)
    load_backbone({**TINY, "embed_dim": 24}).save(tmp_path / "other")
    before = chip_ids(built)
    with pytest.raises(HarmaError, match="made with the model"):
        build_index(built, [tmp_path / "scenes"], tmp_path / "other", options=BuildOptions(**HERE))
    outcome = reembed_index(built, tmp_path / "other", options=WorkOptions(**HERE))
    assert outcome.num_added == 8
    settings = read_settings(Path(built))
    assert (settings.model, settings.embed_dim) == (str(tmp_path / "other"), 24)
    assert settings.tiling == Tiling(size=48)
    assert chip_ids(built) == before


def test_a_backbone_is_that_of_the_call_or_else_of_the_index(built, model, tmp_path, monkeypatch):
    asked = []

    def opened(name, *, backbone, device, precision):
        asked.append((name, backbone))
        return model[0]

    monkeypatch.setattr(manage, "open_at_work", opened)
    scenes = [tmp_path / "scenes"]
    options = BuildOptions(**HERE)
    write_settings(Path(built), replace(read_settings(Path(built)), backbone="noted"))
    add_to_index(built, scenes, options=options)
    build_index(built, scenes, options=options)
    assert asked == [(model[1], "noted")] * 2
    add_to_index(built, scenes, backbone="given", options=options)
    assert read_settings(Path(built)).backbone == "noted", "only a build notes where things are"
    build_index(built, scenes, backbone="given", options=options)
    assert asked[2:] == [(model[1], "given")] * 2
    assert read_settings(Path(built)).backbone == "given"
    build_index(built, scenes, model[1], options=options)
    assert asked[4:] == [(model[1], None)], "another model would have another backbone"


def test_tiles_are_those_of_the_index_and_others_are_refused(model, write_scenes, tmp_path):
    write_scenes(tmp_path / "scenes", 2)
    scenes, directory = [tmp_path / "scenes"], tmp_path / "tiled"
    outcome = build_index(directory, scenes, model[1], options=BuildOptions(tiles=2, **HERE))
    assert outcome.num_added == 2
    kept = read_settings(directory)
    assert kept.tiles == 2
    write_scenes(tmp_path / "scenes", 1, first=2)
    assert build_index(directory, scenes, options=BuildOptions(**HERE)).num_added == 1
    write_scenes(tmp_path / "more", 1, first=3)
    more = [tmp_path / "more"]
    assert add_to_index(directory, more, options=WorkOptions(**HERE)).num_added == 1
    assert add_to_index(directory, more, options=WorkOptions(tiles=2, **HERE)).num_kept == 1
    refusal = r"made with tiles 2, and 3 was asked for; leave the option out, .*reembed"
    with pytest.raises(ConfigError, match=refusal):
        add_to_index(directory, more, options=WorkOptions(tiles=3, **HERE))
    with pytest.raises(ConfigError, match=refusal):
        build_index(directory, scenes, options=BuildOptions(tiles=3, **HERE))
    assert read_settings(directory) == kept


def test_tiles_from_python(built, model, tmp_path):
    before = chip_ids(built)
    options = {"size": 48, "max_nodata": 0.25, "tiles": 2, **HERE}
    outcome = Index.build(tmp_path / "tiled", [tmp_path / "scenes"], model[1], **options)
    assert outcome.num_added == 8
    Index.reembed(built, model[1], tiles=2, **HERE)
    assert Index.open(built).info()["tiles"] == 2
    assert chip_ids(built) == before
    of_both = []
    for directory in (built, tmp_path / "tiled"):
        rows = all_rows(Index.open(directory).store)
        of_both.append({row["id"]: row["embedding"] for row in rows})
    assert of_both[0] == of_both[1], "embedded again, it is as if it had been built so"
    Index.reembed(built, model[1], tiles=1, **HERE)
    assert Index.open(built).info()["tiles"] == 1


@pytest.mark.parametrize("other", ["os.system", "/nonexistent/model"])
def test_an_index_names_itself_where_its_model_cannot_be_opened(built, tmp_path, other):
    write_settings(Path(built), replace(read_settings(Path(built)), model=other))
    with pytest.raises(HarmaError, match="named: "):
        add_to_index(built, [tmp_path / "scenes"], options=WorkOptions(**HERE))
    with pytest.raises(HarmaError, match="named: "):
        Index.open(built).search("a roof")
