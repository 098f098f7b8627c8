"""Data, backbone and model of a recipe."""

import json

import pytest

from harma.errors import ConfigError, DataError
from harma.methods.harma.config import AdapterConfig
from harma.methods.lora import LoraConfig
from harma.training import build
from harma.training.build import bare_model, load_splits, method_config, num_workers
from harma.training.recipe import DataConfig, LossConfig, Recipe, TrainConfig


def test_files_that_are_named_stand_in_place_of_the_descriptions(tiny_data, tmp_path):
    rows = json.loads((tiny_data / "val.json").read_text())
    (tmp_path / "few.json").write_text(json.dumps(rows[:3]))
    few = str(tmp_path / "few.json")
    name = str(tiny_data / "data.yaml")
    counts = []
    for options in ({"val": few}, {"test": few}, {"train": [few, "test.json"]}):
        splits = load_splits(DataConfig(name=name, **options), "train", "val", "test")
        counts.append([split.num_images for split in splits.values()])
    assert counts == [[24, 3, 8], [24, 8, 3], [11, 8, 8]]


def test_only_what_is_asked_for_is_read(tiny_data):
    config = DataConfig(name=str(tiny_data / "data.yaml"), test="nowhere.json")
    assert list(load_splits(config, "val")) == ["val"]


def test_as_many_processes_as_the_training_leaves_cores(monkeypatch):
    for cores, expected in ((1, 0), (4, 3), (64, 16)):
        monkeypatch.setattr(build, "usable_cores", lambda cores=cores: cores)
        assert num_workers(DataConfig()) == expected
        assert num_workers(DataConfig(num_workers=2)) == 2


def test_the_options_of_each_kind_of_method():
    assert method_config(Recipe(method="full")) is None
    assert method_config(Recipe(method="none")) is None
    adapter = AdapterConfig(bottleneck_dim=64)
    assert method_config(Recipe(adapter=adapter)) is adapter
    assert method_config(Recipe(method="lora", options={"rank": 3})) == LoraConfig(rank=3)
    with pytest.raises(ConfigError, match="method is 'Lora'; allowed are harma, .*, none, or"):
        method_config(Recipe(method="Lora"))


@pytest.mark.parametrize(
    ("method", "trains"), [("harma", True), ("full", True), ("none", False), ("linear", True)]
)
def test_the_temperature_trains_as_asked(tiny_config, method, trains):
    recipe = Recipe(method=method, backbone=tiny_config, loss=LossConfig(temperature=0.5))
    model = build.build_model(recipe, build.make_backbone(recipe))
    assert model.temperature.requires_grad == trains
    assert float(model.temperature.detach()) == 0.5
    rested = LossConfig(train_temperature=False)
    recipe = Recipe(method=method, backbone=tiny_config, loss=rested)
    assert not build.build_model(recipe, build.make_backbone(recipe)).temperature.requires_grad


def test_a_backbone_without_weights_is_drawn_by_the_seed(tiny_config):
    hashes = [
        bare_model(
            Recipe(backbone=tiny_config, train=TrainConfig(seed=seed))
        ).backbone.weights_hash()
        for seed in (1, 1, 2)
    ]
    assert hashes[0] == hashes[1] != hashes[2]


def test_images_of_the_list_are_left_out_of_train_only(tiny_data, tmp_path, caplog):
    (tmp_path / "exclude.csv").write_text(
        "data,split,image,copy_of\ntiny,train,train_3.png,x\ntiny,val,val_0.png,x\nother,train,train_4.png,x\n"
    )
    config = DataConfig(name=str(tiny_data / "data.yaml"), exclude=str(tmp_path / "exclude.csv"))
    with caplog.at_level("INFO", logger="harma"):
        splits = load_splits(config, "train", "val")
    assert (splits["train"].num_images, splits["val"].num_images) == (23, 8)
    assert "train_3.png" not in splits["train"].image_names
    assert splits["train"].num_captions == 46
    assert "1 of 24 images of train are left out, 23 are left" in caplog.text


def test_an_unknown_name_stops_the_training(tiny_data, tmp_path):
    (tmp_path / "exclude.txt").write_text("train_3.png\ntrain_99.png\n")
    config = DataConfig(name=str(tiny_data / "data.yaml"), exclude=str(tmp_path / "exclude.txt"))
    with pytest.raises(
        DataError, match=r"exclude\.txt line 2: 'train_99\.png' is no image of split train"
    ):
        load_splits(config, "train")
