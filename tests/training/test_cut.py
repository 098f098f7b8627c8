"""Building a run from a recipe: what does not fit is named before anything is trained."""

import json

import pytest
from safetensors.torch import load_file
from tests.training.runs import trained

from harma.errors import ConfigError, DataError, MissingFileError


def test_losses_that_take_labels_are_named_where_there_are_none(make_recipe, tiny_data, tmp_path):
    rows = json.loads((tiny_data / "train.json").read_text())
    kept = ("caption", "image", "image_id")
    (tmp_path / "train.json").write_text(
        json.dumps([{key: row[key] for key in kept} for row in rows])
    )
    data = {"train": [str(tmp_path / "train.json")]}
    recipe = make_recipe(data=data, loss={"terms": {"contrastive": 1.0, "affiliation": 0.5}})
    with pytest.raises(
        ConfigError, match=r"have no labels, which .* without: --loss.terms.affiliation 0$"
    ):
        trained(recipe)
    without = make_recipe("b", data=data, loss={"terms": {"contrastive": 1.0, "affiliation": 0}})
    assert (trained(without) / "metrics.json").is_file()


def test_second_views_and_gradient_checkpointing_exclude_each_other(make_recipe):
    with pytest.raises(
        ConfigError, match="second views, which train.gradient_checkpointing cannot serve"
    ):
        trained(make_recipe(**plus(gradient_checkpointing=True)))


def test_unusable_recipes_are_named(make_recipe):
    with pytest.raises(
        ConfigError, match=r"24 items, fewer than one batch|48 items, fewer than one batch of 64"
    ):
        trained(make_recipe(data={"batch_size": 64}))
    with pytest.raises(ConfigError, match=r"loss.terms is 'contrastif'; allowed are contrastive"):
        trained(make_recipe("b", loss={"terms": {"contrastif": 1.0}}))
    with pytest.raises(
        ConfigError, match=r"loss.terms.triplet has no option margn; allowed are weight"
    ):
        trained(make_recipe("c", loss={"terms": {"triplet": {"margn": 1}}}))
    with pytest.raises(
        ConfigError, match=r"train.select_by is 'R1'; allowed are mR, dup_mR, i2t_R@1"
    ):
        trained(make_recipe("d", train={"select_by": "R1"}))
    with pytest.raises(ConfigError, match="fp16, which needs a GPU"):
        trained(make_recipe("e", train={"precision": "fp16"}))
    with pytest.raises(ConfigError, match=r"data.root is not set"):
        trained(make_recipe("f", data={"name": "rsitmd"}))


def test_a_missing_image_is_named_before_training(make_recipe, tiny_data, tmp_path):
    rows = json.loads((tiny_data / "train.json").read_text())
    rows[3]["image"] = "gone.png"
    rows[3]["image_id"] = 99
    (tmp_path / "broken.json").write_text(json.dumps(rows))
    with pytest.raises((MissingFileError, DataError), match=r"gone.png"):
        trained(make_recipe(data={"root": str(tiny_data), "train": [str(tmp_path / "broken.json")]}))


def test_a_temperature_that_no_loss_takes_does_not_train(make_recipe):
    run = trained(make_recipe(loss={"terms": {"triplet": 1.0}}, train={"epochs": 1}))
    assert load_file(run / "best" / "adapter_model.safetensors")["temperature"] == pytest.approx(
        0.07
    )
